package config

// Mapping is in effect for a tenant: its layers merged.
type Mapping struct {
	// Attributes name each field of the application at most once.
	Attributes []AttributeRule `json:"attributes,omitempty"`
	// Role is nil where members get no role by mapping.
	Role *RoleRule `json:"role,omitempty"`
}

// AttributeRule fills a member field: From or Expression, and Default where that gives nothing or a blank.
type AttributeRule struct {
	Field      string  `json:"field"`
	From       string  `json:"from,omitempty"`       // a SCIM path
	Expression string  `json:"expression,omitempty"` // CEL
	Default    *string `json:"default,omitempty"`
	// Values translate what From or Expression gives; a value that is not listed stands for itself.
	Values map[string]string `json:"values,omitempty"`
}

// Values of RoleRule.Order, Unknown and Assign.
const (
	GroupsFirst = "GroupsFirst"
	FromFirst   = "FromFirst"

	UseDefault = "UseDefault"
	Reject     = "Reject" // also of Offboarding.WhenRefused and Lifecycle.ExistingMember

	Always   = "Always"
	OnCreate = "OnCreate"
)

// RoleRule chooses a member's role. Roles are those of the application.
type RoleRule struct {
	From   string            `json:"from,omitempty"` // a SCIM path
	Values map[string]string `json:"values,omitempty"`
	Groups []GroupRole       `json:"groups,omitempty"` // the first that matches
	Order  string            `json:"order"`            // GroupsFirst, FromFirst
	// Default is the role where the source is blank; empty: none.
	Default string `json:"default,omitempty"`
	Unknown string `json:"unknown"` // UseDefault, Reject
	Assign  string `json:"assign"`  // Always, OnCreate
}

// GroupRole gives a role to the members of a SCIM group.
type GroupRole struct {
	DisplayName string `json:"displayName"`
	Role        string `json:"role"`
}
