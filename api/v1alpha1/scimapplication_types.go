package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SCIMApplication describes what an application understands: the fields of its member record, its roles, its
// off-boarding actions, and how changes are delivered to it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=scimapp,categories=scim
// +kubebuilder:printcolumn:name="Display name",type=string,JSONPath=`.spec.displayName`
// +kubebuilder:printcolumn:name="Tenants",type=integer,JSONPath=`.status.tenants`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Accepted")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 200",message="the name of a SCIMApplication is part of the names of its objects: at most 200 characters"
type SCIMApplication struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the wanted state.
	// +required
	Spec SCIMApplicationSpec `json:"spec"`

	// status is the observed state.
	// +optional
	// +kubebuilder:default={conditions: {{type: "Accepted", status: "Unknown", reason: "Pending", message: "Waiting for the operator", lastTransitionTime: "1970-01-01T00:00:00Z"}}}
	Status SCIMApplicationStatus `json:"status,omitzero"`
}

// SCIMApplicationList is a list of SCIMApplications.
//
// +kubebuilder:object:root=true
type SCIMApplicationList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []SCIMApplication `json:"items"`
}

// SCIMApplicationSpec is the wanted state of a SCIMApplication.
type SCIMApplicationSpec struct {
	// displayName is the application's name for people.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	DisplayName string `json:"displayName,omitempty"`

	// memberFields are the fields of the application's member record.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=128
	MemberFields []MemberField `json:"memberFields,omitempty"`

	// roles a member can have; a member has one.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Roles []Role `json:"roles,omitempty"`

	// actions that the application implements for members who leave or come back, beside the built-in ones.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Actions []Action `json:"actions,omitempty"`

	// delivery says how changes reach the application. Omitted: the application reads the member feed.
	// +optional
	Delivery *Delivery `json:"delivery,omitempty"`

	// feed of members, which every application can read.
	// +optional
	Feed *Feed `json:"feed,omitempty"`

	// allowedTenants says which tenants may provision this application. Default: those of its own namespace.
	// +optional
	// +kubebuilder:default={namespaces: {from: Same}}
	AllowedTenants AllowedTenants `json:"allowedTenants,omitzero"`
}

// MemberField is one field of a member record.
//
// +kubebuilder:validation:XValidation:rule="!has(self.unique) || !self.unique || !(self.type in ['Boolean', 'StringList'])",message="a field of type Boolean or StringList cannot be unique; choose another type, or remove unique",fieldPath=".unique"
type MemberField struct {
	// name of the field.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9_]*$')",message="the name of a member field has letters, digits and '_', and begins with a letter"
	Name string `json:"name"`

	// type of the field's value.
	// +optional
	// +kubebuilder:default=String
	Type MemberFieldType `json:"type,omitempty"`

	// required: a member without a value for this field is refused.
	// +optional
	Required bool `json:"required,omitempty"`

	// unique: no two members of a tenant have the same value.
	// +optional
	Unique bool `json:"unique,omitempty"`
}

// MemberFieldType is the type of a member field.
// +kubebuilder:validation:Enum=String;Boolean;Integer;Decimal;DateTime;StringList
type MemberFieldType string

// Values of MemberFieldType.
const (
	MemberFieldString     MemberFieldType = "String"
	MemberFieldBoolean    MemberFieldType = "Boolean"
	MemberFieldInteger    MemberFieldType = "Integer"
	MemberFieldDecimal    MemberFieldType = "Decimal"
	MemberFieldDateTime   MemberFieldType = "DateTime"
	MemberFieldStringList MemberFieldType = "StringList"
)

// Role is a role of an application.
type Role struct {
	// name of the role, as the application knows it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^ ](.*[^ ])?$')",message="the name of a role neither begins nor ends with a blank"
	Name string `json:"name"`
}

// Action is an action that an application implements for who leaves, or comes back.
type Action struct {
	// name of the action.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9]*$')",message="the name of an action has letters and digits, and begins with a letter"
	// +kubebuilder:validation:XValidation:rule="!(self.lowerAscii() in ['create', 'deactivate', 'reactivate', 'remove', 'none'])",message="Create, Deactivate, Reactivate, Remove and None are built in; choose another name for the action"
	Name string `json:"name"`

	// parameters of the action.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Parameters []ActionParameter `json:"parameters,omitempty"`
}

// ActionParameter is a parameter of an action; its value is a string.
type ActionParameter struct {
	// name of the parameter.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9_]*$')",message="the name of a parameter has letters, digits and '_', and begins with a letter"
	Name string `json:"name"`

	// required: a tenant that uses the action must give the parameter.
	// +optional
	Required bool `json:"required,omitempty"`
}

// Delivery is how changes reach an application.
//
// +kubebuilder:validation:XValidation:rule="has(self.webhook)",message="give a webhook, or remove delivery; the application then reads the member feed"
type Delivery struct {
	// webhook delivers each change as a signed HTTP request.
	// +optional
	Webhook *Webhook `json:"webhook,omitempty"`
}

// Feed describes how the application reads members and events, with the token of the feed credentials Secret.
type Feed struct {
	// rotation replaces the token of the feed in time. Omitted: it is replaced only on request.
	// +optional
	Rotation *TokenRotation `json:"rotation,omitempty"`
}

// Webhook is an endpoint of the application that accepts events.
//
// +kubebuilder:validation:XValidation:rule="!has(self.format) || self.format != 'SecurityEventTokens' || !has(self.mode) || self.mode != 'Synchronous'",message="security event tokens tell what has happened, so the application cannot refuse; set mode: Asynchronous, or format: StandardWebhooks",fieldPath=".format"
type Webhook struct {
	// url of the endpoint.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/?#@ ]+([/?][^# ]*)?$') && isURL(self)",message="url is http:// or https://, a host and perhaps a path and query, without user name and fragment, as in https://app.example.com/hooks/scim"
	URL string `json:"url"`

	// mode Synchronous asks the application before the identity provider is answered, so that it can refuse;
	// Asynchronous delivers afterwards, with retries.
	// +optional
	// +kubebuilder:default=Asynchronous
	Mode WebhookMode `json:"mode,omitempty"`

	// format StandardWebhooks sends the member's state as JSON, signed after the Standard Webhooks specification;
	// SecurityEventTokens sends signed SCIM events (RFC 9967) pushed after RFC 8935.
	// +optional
	// +kubebuilder:default=StandardWebhooks
	Format WebhookFormat `json:"format,omitempty"`

	// secretRef names the Secret with the key signingKey (whsec_…) and, while keys are rotated, signingKeyNext.
	// +required
	SecretRef LocalReference `json:"secretRef"`

	// timeoutSeconds is the time the application has to answer.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=30
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty"`

	// caBundle is a PEM bundle (base64 in YAML) that verifies the endpoint's certificate. Default: the system's roots.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	// +kubebuilder:validation:XValidation:rule="string(self).contains('-----BEGIN CERTIFICATE-----')",message="caBundle is the base64 of a PEM bundle of certificates"
	CABundle []byte `json:"caBundle,omitempty"`
}

// WebhookMode says when a webhook is called.
// +kubebuilder:validation:Enum=Synchronous;Asynchronous
type WebhookMode string

// Values of WebhookMode.
const (
	WebhookSynchronous  WebhookMode = "Synchronous"
	WebhookAsynchronous WebhookMode = "Asynchronous"
)

// WebhookFormat is how an event is written.
// +kubebuilder:validation:Enum=StandardWebhooks;SecurityEventTokens
type WebhookFormat string

// Values of WebhookFormat.
const (
	WebhookStandard            WebhookFormat = "StandardWebhooks"
	WebhookSecurityEventTokens WebhookFormat = "SecurityEventTokens"
)

// SCIMApplicationStatus is the observed state of a SCIMApplication.
type SCIMApplicationStatus struct {
	// conditions: Accepted.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// tenants is the number of tenants that refer to the application.
	// +optional
	Tenants int32 `json:"tenants,omitempty"`

	// feedCredentialsSecret names the Secret, beside the application, with the token and the addresses of the member feeds.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	FeedCredentialsSecret string `json:"feedCredentialsSecret,omitempty"`
}
