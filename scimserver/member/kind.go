package member

// Kind is what was decided.
type Kind string

// The kinds of decision.
const (
	Keep       Kind = "none"       // the member stays as it is, or there is none
	Create     Kind = "create"     // a new member
	Adopt      Kind = "adopt"      // a member without a user is linked
	Update     Kind = "update"     // other fields, another role
	Deactivate Kind = "deactivate" // access ends, the member stays
	Reactivate Kind = "reactivate" // access is back
	Remove     Kind = "remove"     // the member goes
	Action     Kind = "action"     // an off-boarding action of the application's own
	PutOff     Kind = "hold"       // an off-boarding waits until the last hold goes
	Unlink     Kind = "unlink"     // the user goes, the member stays
	Reject     Kind = "reject"     // the request was refused, nothing has changed
)
