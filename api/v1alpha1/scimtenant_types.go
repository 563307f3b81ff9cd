package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SCIMTenant is one identity provider's connection to one application: an endpoint of its own, with its own token.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=scimt,categories=scim
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.url`
// +kubebuilder:printcolumn:name="IdP",type=string,JSONPath=`.spec.identityProvider`
// +kubebuilder:printcolumn:name="Users",type=integer,JSONPath=`.status.users`
// +kubebuilder:printcolumn:name="Members",type=integer,priority=1,JSONPath=`.status.members`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Delivering",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Delivering")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 52",message="the name of a SCIMTenant is part of its URL and of the names of its objects: at most 52 lower case letters, digits and '-', beginning and ending with a letter or digit"
// +kubebuilder:validation:XValidation:rule="(has(self.spec) && has(self.spec.serverRef)) || self.metadata.name.matches('^[a-z]')",message="without spec.serverRef the name of a SCIMTenant also names a Service, and begins with a letter; rename the tenant, or give a serverRef"
// +kubebuilder:validation:XValidation:rule="!has(self.spec) || !has(self.spec.auth) || !has(self.spec.auth.bearer) || !has(self.spec.auth.bearer.secretRef) || self.spec.auth.bearer.secretRef.name != self.metadata.name + '-credentials'",message="spec.auth.bearer.secretRef names the Secret that the operator itself writes; keep the token in a Secret of another name"
type SCIMTenant struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the wanted state.
	// +optional
	// +kubebuilder:default={}
	Spec SCIMTenantSpec `json:"spec,omitzero"`

	// status is the observed state.
	// +optional
	// +kubebuilder:default={conditions: {{type: "Accepted", status: "Unknown", reason: "Pending", message: "Waiting for the operator", lastTransitionTime: "1970-01-01T00:00:00Z"}, {type: "Programmed", status: "Unknown", reason: "Pending", message: "Waiting for the operator", lastTransitionTime: "1970-01-01T00:00:00Z"}}}
	Status SCIMTenantStatus `json:"status,omitzero"`
}

// SCIMTenantList is a list of SCIMTenants.
//
// +kubebuilder:object:root=true
type SCIMTenantList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []SCIMTenant `json:"items"`
}

// SCIMTenantSpec is the wanted state of a SCIMTenant.
//
// +kubebuilder:validation:XValidation:rule="!has(self.mappingRefs) || size(self.mappingRefs) == 0 || has(self.applicationRef)",message="mappingRefs need an applicationRef; a tenant without application is a plain SCIM directory and has no member fields to fill",fieldPath=".mappingRefs"
// +kubebuilder:validation:XValidation:rule="has(self.applicationRef) || !has(self.lifecycle)",message="lifecycle needs an applicationRef; a tenant without application is a plain SCIM directory and has no members",fieldPath=".lifecycle"
type SCIMTenantSpec struct {
	// applicationRef names the SCIMApplication that gets the members. Omitted: the tenant is a plain SCIM directory.
	// +optional
	ApplicationRef *ObjectReference `json:"applicationRef,omitempty"`

	// mappingRefs name the SCIMMappings of the tenant's namespace, in order; a later one overrides an earlier one.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, b.name == a.name))",message="a mapping is listed more than once; remove one of the entries"
	MappingRefs []LocalReference `json:"mappingRefs,omitempty"`

	// serverRef names the SCIMServer on which the tenant runs. Omitted: the operator creates a SCIMServer for this
	// tenant alone, with the tenant's name. A change moves the tenant's data: the earlier server goes on serving until the other
	// one has them, and passes requests on afterwards.
	// +optional
	ServerRef *ObjectReference `json:"serverRef,omitempty"`

	// identityProvider is the client that provisions.
	// +optional
	// +kubebuilder:default=Generic
	IdentityProvider IdentityProvider `json:"identityProvider,omitempty"`

	// protocol Compatible tolerates what the known identity providers send; Strict follows RFC 7643 and RFC 7644 to the
	// letter.
	// +optional
	// +kubebuilder:default=Compatible
	Protocol Protocol `json:"protocol,omitempty"`

	// uniqueIdentifier is the attribute that the identity provider calls the unique identifier field for users.
	// +optional
	// +kubebuilder:default=userName
	UniqueIdentifier UniqueIdentifier `json:"uniqueIdentifier,omitempty"`

	// passwords says what becomes of the passwords that the identity provider sends. Drop: they are accepted and forgotten,
	// as nobody signs in with them. Hash: their argon2id hashes are kept. They are never returned in either case.
	// +optional
	// +kubebuilder:default=Drop
	Passwords PasswordPolicy `json:"passwords,omitempty"`

	// resources switches resource types on and off.
	// +optional
	// +kubebuilder:default={}
	Resources TenantResources `json:"resources,omitzero"`

	// schemaExtensions are custom schemas of users and groups (RFC 7643 section 3.3).
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, b.id.lowerAscii() == a.id.lowerAscii()))",message="two schemaExtensions have the same id; upper and lower case are the same"
	SchemaExtensions []SchemaExtension `json:"schemaExtensions,omitempty"`

	// auth says how the identity provider authenticates. Omitted: with a bearer token that the operator generates.
	// +optional
	Auth *TenantAuth `json:"auth,omitempty"`

	// lifecycle says what a create, a deactivation and a delete of a user mean for the member.
	// +optional
	Lifecycle *Lifecycle `json:"lifecycle,omitempty"`

	// limits of the tenant's use.
	// +optional
	// +kubebuilder:default={}
	Limits TenantLimits `json:"limits,omitzero"`

	// suspended: every request is answered with 503 and Retry-After; nothing is lost.
	// +optional
	Suspended bool `json:"suspended,omitempty"`

	// readinessGates are conditions of this object that others set; until all are True the tenant is not served.
	// +optional
	// +listType=map
	// +listMapKey=conditionType
	// +kubebuilder:validation:MaxItems=8
	ReadinessGates []ReadinessGate `json:"readinessGates,omitempty"`

	// deletionPolicy says what becomes of the tenant's data when this object is deleted.
	// +optional
	// +kubebuilder:default=Retain
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// IdentityProvider is a kind of SCIM client.
// +kubebuilder:validation:Enum=Okta;EntraID;OneLogin;JumpCloud;Generic
type IdentityProvider string

// Values of IdentityProvider.
const (
	IdentityProviderOkta      IdentityProvider = "Okta"
	IdentityProviderEntraID   IdentityProvider = "EntraID"
	IdentityProviderOneLogin  IdentityProvider = "OneLogin"
	IdentityProviderJumpCloud IdentityProvider = "JumpCloud"
	IdentityProviderGeneric   IdentityProvider = "Generic"
)

// Protocol says how strictly the SCIM standards are applied.
// +kubebuilder:validation:Enum=Compatible;Strict
type Protocol string

// Values of Protocol.
const (
	ProtocolCompatible Protocol = "Compatible"
	ProtocolStrict     Protocol = "Strict"
)

// UniqueIdentifier is the attribute by which a client recognises users.
// +kubebuilder:validation:Enum=userName;email;externalId
type UniqueIdentifier string

// Values of UniqueIdentifier.
const (
	UniqueIdentifierUserName   UniqueIdentifier = "userName"
	UniqueIdentifierEmail      UniqueIdentifier = "email"
	UniqueIdentifierExternalID UniqueIdentifier = "externalId"
)

// PasswordPolicy says what becomes of passwords.
// +kubebuilder:validation:Enum=Drop;Hash
type PasswordPolicy string

// Values of PasswordPolicy.
const (
	PasswordPolicyDrop PasswordPolicy = "Drop"
	PasswordPolicyHash PasswordPolicy = "Hash"
)

// DeletionPolicy says what becomes of data when an object is deleted.
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

// Values of DeletionPolicy.
const (
	DeletionPolicyRetain DeletionPolicy = "Retain"
	DeletionPolicyDelete DeletionPolicy = "Delete"
)

// TenantResources switches resource types on and off.
type TenantResources struct {
	// groups Disabled: /Groups is not found and is absent from /ResourceTypes.
	// +optional
	// +kubebuilder:default=Enabled
	Groups Toggle `json:"groups,omitempty"`

	// unknownMembers says what becomes of a request that puts members into a group whose ids no user or group has. Reject: it is
	// refused as a whole. Ignore: the others become members, and the provisioning log says which were left out.
	// +optional
	// +kubebuilder:default=Reject
	UnknownMembers UnknownMembers `json:"unknownMembers,omitempty"`
}

// UnknownMembers says what becomes of members that nobody knows.
// +kubebuilder:validation:Enum=Reject;Ignore
type UnknownMembers string

// Values of UnknownMembers.
const (
	UnknownMembersReject UnknownMembers = "Reject"
	UnknownMembersIgnore UnknownMembers = "Ignore"
)

// ReadinessGate is a condition that somebody else sets.
type ReadinessGate struct {
	// conditionType is the type of a condition in this object's status.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=316
	// +kubebuilder:validation:XValidation:rule="!(self in ['Accepted', 'Programmed', 'Ready', 'Delivering', 'TokenExpiring'])",message="the operator itself sets this condition; a readiness gate is a condition that somebody else sets, as example.com/SAMLEnabled"
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$')",message="a condition type is a word, or a domain and a word, as in example.com/SAMLEnabled"
	ConditionType string `json:"conditionType"`
}

// TenantLimits bound the use of a tenant.
//
// +kubebuilder:validation:XValidation:rule="!has(self.bodyBytes) || (quantity(string(self.bodyBytes)).isInteger() && quantity(string(self.bodyBytes)).compareTo(quantity('1Ki')) >= 0 && quantity(string(self.bodyBytes)).compareTo(quantity('64Mi')) <= 0)",message="bodyBytes is a whole number of bytes from 1Ki to 64Mi",fieldPath=".bodyBytes"
type TenantLimits struct {
	// requestsPerSecond is the sustained rate; more is answered with 429.
	// +optional
	// +kubebuilder:default=50
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	RequestsPerSecond *int32 `json:"requestsPerSecond,omitempty"`

	// burst is how many requests may come at once.
	// +optional
	// +kubebuilder:default=100
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Burst *int32 `json:"burst,omitempty"`

	// concurrentRequests is how many requests are answered at the same time. Four times as many wait for their turn, for ten
	// seconds at most; what comes beyond is answered with 429. It keeps one tenant from holding up the others of its server.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	ConcurrentRequests *int32 `json:"concurrentRequests,omitempty"`

	// users is the greatest number of users.
	// +optional
	// +kubebuilder:default=100000
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	Users *int32 `json:"users,omitempty"`

	// groups is the greatest number of groups.
	// +optional
	// +kubebuilder:default=10000
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	Groups *int32 `json:"groups,omitempty"`

	// bodyBytes is the greatest size of a request body; more is answered with 413.
	// +optional
	// +kubebuilder:default="2Mi"
	BodyBytes *resource.Quantity `json:"bodyBytes,omitempty"`
}
