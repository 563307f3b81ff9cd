package member

import "github.com/scim-operator/scim-operator/scimserver/store"

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
	PutOff     Kind = "hold"       // an off-boarding waits until it is no longer held
	Unlink     Kind = "unlink"     // the user goes, the member stays
	Reject     Kind = "reject"     // the request was refused, nothing has changed
	Stored     Kind = "stored"     // a user was written or deleted; the tenant has no application
	Group      Kind = "group"      // a group was changed; members that this concerns have entries of their own
)

// offboards tells whether access ends.
func (k Kind) offboards() bool { return k == Deactivate || k == Remove || k == Action }

// eventOf is the type of the event of a kind; Adopt has that of what it does to the member.
var eventOf = map[Kind]string{
	Create:     store.MemberCreated,
	Update:     store.MemberUpdated,
	Deactivate: store.MemberDeactivated,
	Reactivate: store.MemberReactivated,
	Remove:     store.MemberRemoved,
	Action:     store.MemberAction,
}
