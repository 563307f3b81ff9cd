package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SCIMMapping is a set of rules that turn a SCIM user into the member record of an application. Tenants list the
// mappings they use; a later one overrides an earlier one field by field.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=scimmap,categories=scim
// +kubebuilder:printcolumn:name="Tenants",type=integer,JSONPath=`.status.tenants`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Accepted")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type SCIMMapping struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the wanted state.
	// +required
	Spec SCIMMappingSpec `json:"spec"`

	// status is the observed state.
	// +optional
	// +kubebuilder:default={conditions: {{type: "Accepted", status: "Unknown", reason: "Pending", message: "Waiting for the operator", lastTransitionTime: "1970-01-01T00:00:00Z"}}}
	Status SCIMMappingStatus `json:"status,omitzero"`
}

// SCIMMappingList is a list of SCIMMappings.
//
// +kubebuilder:object:root=true
type SCIMMappingList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []SCIMMapping `json:"items"`
}

// SCIMMappingSpec is the wanted state of a SCIMMapping. It has no schema defaults: a default would override what an
// earlier mapping says.
//
// +kubebuilder:validation:XValidation:rule="has(self.attributes) || has(self.role)",message="a mapping has attributes, a role, or both"
type SCIMMappingSpec struct {
	// attributes fill the fields of the member record.
	// +optional
	// +listType=map
	// +listMapKey=field
	// +kubebuilder:validation:MaxItems=128
	Attributes []AttributeRule `json:"attributes,omitempty"`

	// role chooses the member's role.
	// +optional
	Role *RoleRule `json:"role,omitempty"`
}

// AttributeRule fills one member field, from a SCIM path or by an expression.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.from) && has(self.expression))",message="use from or expression, not both"
// +kubebuilder:validation:XValidation:rule="has(self.from) || has(self.expression) || has(self.default)",message="give from, expression or default"
// +kubebuilder:validation:XValidation:rule="!has(self.values) || has(self.from) || has(self.expression)",message="values translate what from or expression gives: give one of them, or remove values",fieldPath=".values"
type AttributeRule struct {
	// field is the name of a memberField of the application.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9_]*$')",message="field is the name of a member field: letters, digits and '_', beginning with a letter"
	Field string `json:"field"`

	// from is a SCIM attribute path (RFC 7644 section 3.5.2), such as emails[type eq "work"].value.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^ ](.*[^ ])?$')",message="a path neither begins nor ends with a blank"
	From string `json:"from,omitempty"`

	// expression is a CEL expression over the variables user, the SCIM user, and groups, the names of its groups.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Expression string `json:"expression,omitempty"`

	// values translate what from or expression gives; a value that is not listed stands for itself. Upper and lower case,
	// and white space around a value, make no difference.
	// +optional
	// +kubebuilder:validation:MaxProperties=512
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) >= 1 && size(k) <= 256)",message="a value has 1 to 256 characters; what blank values become is default"
	Values map[string]FieldValue `json:"values,omitempty"`

	// default is the value where the source has none, or one that is empty or only white space.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Default *string `json:"default,omitempty"`
}

// FieldValue is a value of a member field, as text.
// +kubebuilder:validation:MaxLength=1024
type FieldValue string

// RoleRule chooses a role from an attribute and from groups.
//
// +kubebuilder:validation:MinProperties=1
type RoleRule struct {
	// from is the SCIM attribute path whose value names the role.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^ ](.*[^ ])?$')",message="a path neither begins nor ends with a blank"
	From string `json:"from,omitempty"`

	// values translates values of from into roles; a value that is not listed stands for itself.
	// +optional
	// +kubebuilder:validation:MaxProperties=512
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) >= 1 && size(k) <= 256)",message="a value has 1 to 256 characters; the role of blank values is default"
	Values map[string]RoleName `json:"values,omitempty"`

	// groups give roles to the members of SCIM groups; the first one that matches wins.
	// +optional
	// +listType=map
	// +listMapKey=displayName
	// +kubebuilder:validation:MaxItems=256
	Groups []GroupRole `json:"groups,omitempty"`

	// order says what is looked at first: GroupsFirst (in effect where no mapping says otherwise) or FromFirst.
	// +optional
	Order RoleOrder `json:"order,omitempty"`

	// default is the role where the source is blank.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Default string `json:"default,omitempty"`

	// unknown says what happens if the value is no role of the application: UseDefault (in effect where no mapping says
	// otherwise), or Reject, which does not provision the member.
	// +optional
	Unknown UnknownRolePolicy `json:"unknown,omitempty"`

	// assign Always (in effect where no mapping says otherwise) keeps the role in step with the source; OnCreate sets it
	// once and leaves it to the application afterwards.
	// +optional
	Assign RoleAssignment `json:"assign,omitempty"`
}

// RoleName is the name of a role of an application.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=128
type RoleName string

// GroupRole gives a role to the members of a group.
type GroupRole struct {
	// displayName of the SCIM group.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	DisplayName string `json:"displayName"`

	// role the members get.
	// +required
	Role RoleName `json:"role"`
}

// RoleOrder says whether groups or the attribute are looked at first.
// +kubebuilder:validation:Enum=GroupsFirst;FromFirst
type RoleOrder string

// Values of RoleOrder.
const (
	RoleGroupsFirst RoleOrder = "GroupsFirst"
	RoleFromFirst   RoleOrder = "FromFirst"
)

// UnknownRolePolicy says what happens with a value that is no role.
// +kubebuilder:validation:Enum=UseDefault;Reject
type UnknownRolePolicy string

// Values of UnknownRolePolicy.
const (
	UnknownRoleUseDefault UnknownRolePolicy = "UseDefault"
	UnknownRoleReject     UnknownRolePolicy = "Reject"
)

// RoleAssignment says when a role is set.
// +kubebuilder:validation:Enum=Always;OnCreate
type RoleAssignment string

// Values of RoleAssignment.
const (
	AssignRoleAlways   RoleAssignment = "Always"
	AssignRoleOnCreate RoleAssignment = "OnCreate"
)

// SCIMMappingStatus is the observed state of a SCIMMapping.
type SCIMMappingStatus struct {
	// conditions: Accepted.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// tenants is the number of tenants that refer to the mapping.
	// +optional
	Tenants int32 `json:"tenants,omitempty"`
}
