package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Lifecycle says what a create, a deactivation, a reactivation and a delete of a user mean for the member.
type Lifecycle struct {
	// onCreate: the identity provider creates a user. Default: the member is created.
	// +optional
	OnCreate *CreatePolicy `json:"onCreate,omitempty"`

	// onDeactivate: a user becomes inactive. Default: so does the member.
	// +optional
	OnDeactivate *OffboardingPolicy `json:"onDeactivate,omitempty"`

	// onReactivate: a user becomes active again whose member is inactive. Default: the member becomes active, too.
	// +optional
	OnReactivate *ReactivationPolicy `json:"onReactivate,omitempty"`

	// onDelete: the identity provider deletes a user. Default: the member is removed.
	// +optional
	OnDelete *OffboardingPolicy `json:"onDelete,omitempty"`

	// existingMember says what happens if a new user's unique field is held by a member already: Reject answers 409,
	// Adopt links the two.
	// +optional
	// +kubebuilder:default=Reject
	ExistingMember ExistingMemberPolicy `json:"existingMember,omitempty"`

	// brake stops a mass off-boarding until somebody releases it. Omitted: there is none.
	// +optional
	Brake *Brake `json:"brake,omitempty"`
}

// CreatePolicy says what the creation of a user means.
//
// +kubebuilder:validation:XValidation:rule="!has(self.role) || !has(self.action) || self.action != 'None'",message="with action: None no member is created; remove role, or set action: Create",fieldPath=".role"
type CreatePolicy struct {
	// action Create makes a member; None makes none.
	// +optional
	// +kubebuilder:default=Create
	Action CreateAction `json:"action,omitempty"`

	// role of a new member, in place of what the mapping says.
	// +optional
	Role RoleName `json:"role,omitempty"`
}

// CreateAction is what happens on a create.
// +kubebuilder:validation:Enum=Create;None
type CreateAction string

// Values of CreateAction.
const (
	CreateActionCreate CreateAction = "Create"
	CreateActionNone   CreateAction = "None"
)

// ReactivationPolicy says what happens to the member of a user who becomes active again.
//
// +kubebuilder:validation:XValidation:rule="!has(self.parameters) || !(self.action in ['Reactivate', 'None'])",message="Reactivate and None take no parameters; remove parameters, or name an action of the application",fieldPath=".parameters"
type ReactivationPolicy struct {
	// action is Reactivate, None (the member stays inactive), or the name of an action of the application, which is told of it
	// with the reactivation.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9]*$')",message="action is Reactivate, None, or the name of an action of the application (letters and digits, beginning with a letter)"
	// +kubebuilder:validation:XValidation:rule="self in ['Reactivate', 'None'] || !(self.lowerAscii() in ['reactivate', 'none'])",message="write Reactivate and None with a capital letter"
	// +kubebuilder:validation:XValidation:rule="!(self.lowerAscii() in ['create', 'deactivate', 'remove'])",message="onReactivate is for who comes back; use Reactivate, None, or the name of an action of the application"
	Action string `json:"action"`

	// parameters of an action of the application.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	Parameters map[string]ParameterValue `json:"parameters,omitempty"`
}

// Built-in values of ReactivationPolicy's action.
const (
	ReactivationReactivate = "Reactivate"
	ReactivationNone       = "None"
)

// OffboardingPolicy says what happens to the member of a user who leaves.
//
// +kubebuilder:validation:XValidation:rule="!has(self.parameters) || !(self.action in ['Deactivate', 'Remove', 'None'])",message="Deactivate, Remove and None take no parameters; remove parameters, or name an action of the application",fieldPath=".parameters"
type OffboardingPolicy struct {
	// action is Deactivate, Remove, None, or the name of an action of the application.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9]*$')",message="action is Deactivate, Remove, None, or the name of an action of the application (letters and digits, beginning with a letter)"
	// +kubebuilder:validation:XValidation:rule="self in ['Deactivate', 'Remove', 'None'] || !(self.lowerAscii() in ['deactivate', 'remove', 'none'])",message="write Deactivate, Remove and None with a capital letter"
	// +kubebuilder:validation:XValidation:rule="self.lowerAscii() != 'create'",message="Create is for onCreate; use Deactivate, Remove, None, or the name of an action of the application"
	Action string `json:"action"`

	// parameters of an action of the application.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	Parameters map[string]ParameterValue `json:"parameters,omitempty"`

	// whenRefused says what happens if the application refuses: Reject refuses the identity provider, Hold accepts its
	// request and keeps the member with a visible hold.
	// +optional
	// +kubebuilder:default=Reject
	WhenRefused RefusalPolicy `json:"whenRefused,omitempty"`
}

// ParameterValue is the value of an action's parameter.
// +kubebuilder:validation:MaxLength=1024
type ParameterValue string

// Built-in values of OffboardingPolicy's action.
const (
	OffboardingDeactivate = "Deactivate"
	OffboardingRemove     = "Remove"
	OffboardingNone       = "None"
)

// RefusalPolicy says what happens if the application refuses an off-boarding.
// +kubebuilder:validation:Enum=Reject;Hold
type RefusalPolicy string

// Values of RefusalPolicy.
const (
	RefusalReject RefusalPolicy = "Reject"
	RefusalHold   RefusalPolicy = "Hold"
)

// ExistingMemberPolicy says what happens on a conflict with a member.
// +kubebuilder:validation:Enum=Reject;Adopt
type ExistingMemberPolicy string

// Values of ExistingMemberPolicy.
const (
	ExistingMemberReject ExistingMemberPolicy = "Reject"
	ExistingMemberAdopt  ExistingMemberPolicy = "Adopt"
)

// Brake stops off-boardings when there are too many in a period.
//
// +kubebuilder:validation:XValidation:rule="duration(self.per) >= duration('1m') && duration(self.per) <= duration('720h')",message="per is at least 1m and at most 720h",fieldPath=".per"
type Brake struct {
	// maxOffboardings is how many deactivations and removals a period may have.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MaxOffboardings int32 `json:"maxOffboardings"`

	// per is the length of the (sliding) period.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}(h|m|s))+$`
	Per metav1.Duration `json:"per"`
}
