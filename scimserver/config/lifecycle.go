package config

import "time"

// Built-in values of OnCreate.Action and Offboarding.Action. Other values of the latter are actions of the application.
const (
	Create     = "Create"
	Deactivate = "Deactivate"
	Remove     = "Remove"
	None       = "None"
)

// Reactivate is the built-in value of Reactivation.Action, beside None.
const Reactivate = "Reactivate"

// Values of Offboarding.WhenRefused and Lifecycle.ExistingMember, beside Reject.
const (
	Hold  = "Hold"
	Adopt = "Adopt"
)

// Lifecycle says what changes of a user mean for the member. It is zero in a tenant without application, and has every
// value but OnReactivate, Brake and BrakeRelease in one with.
type Lifecycle struct {
	OnCreate       CreatePolicy `json:"onCreate,omitzero"`
	OnDeactivate   Offboarding  `json:"onDeactivate,omitzero"`
	OnReactivate   Reactivation `json:"onReactivate,omitzero"` // zero: the member becomes active again
	OnDelete       Offboarding  `json:"onDelete,omitzero"`
	ExistingMember string       `json:"existingMember,omitempty"` // Reject, Adopt
	Brake          *Brake       `json:"brake,omitempty"`
	// BrakeRelease releases the brake once for each new value.
	BrakeRelease string `json:"brakeRelease,omitempty"`
}

// CreatePolicy says what the creation of a user means.
type CreatePolicy struct {
	Action string `json:"action"` // Create, None
	// Role of a new member in place of what the mapping says; empty: what the mapping says.
	Role string `json:"role,omitempty"`
}

// Offboarding says what becomes of the member of a user who leaves.
type Offboarding struct {
	Action      string            `json:"action"` // Deactivate, Remove, None, or an action of the application
	Parameters  map[string]string `json:"parameters,omitempty"`
	WhenRefused string            `json:"whenRefused"` // Reject, Hold
}

// Reactivation says what becomes of the inactive member of a user who becomes active again.
type Reactivation struct {
	Action     string            `json:"action"` // Reactivate, None, or an action of the application
	Parameters map[string]string `json:"parameters,omitempty"`
}

// IsZero lets it be left out.
func (r Reactivation) IsZero() bool { return r.Action == "" && len(r.Parameters) == 0 }

// Brake stops off-boardings beyond Max in any period of the length Per.
type Brake struct {
	Max int           `json:"max"`
	Per time.Duration `json:"per"` // nanoseconds; one minute to 30 days
}

// DefaultLifecycle is in effect where a tenant with application says nothing.
func DefaultLifecycle() Lifecycle {
	return Lifecycle{
		OnCreate:       CreatePolicy{Action: Create},
		OnDeactivate:   Offboarding{Action: Deactivate, WhenRefused: Reject},
		OnDelete:       Offboarding{Action: Remove, WhenRefused: Reject},
		ExistingMember: Reject,
	}
}
