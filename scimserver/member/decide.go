package member

import (
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// facts are what a decision about one user hangs on.
type facts struct {
	exists    bool // the user is there
	active    bool // and active
	member    bool // there is a member, linked to the user
	on        bool // it is active
	lost      bool // there is none, but an unlinked one of the same person
	pending   bool // its off-boarding was put off
	unasked   bool // no identity provider asks: nobody is off-boarded by it
	lifecycle *config.Lifecycle
}

// step is what to do with the member, before mapping, holds, the brake and the application have had their say.
type step struct {
	kind   Kind
	unlink bool // the user is gone
	maps   bool // fields and role follow the user
	policy *config.Offboarding
	back   *config.Reactivation // with an action of the application's own
	why    string
}

// decide is the life cycle of a member: a pure function of how the directory is now and how the member is.
func decide(f facts) step {
	switch {
	case !f.exists:
		return decideDeleted(f)
	case !f.active:
		return decideInactive(f)
	}
	return decideActive(f)
}

func decideDeleted(f facts) step {
	if !f.member {
		return step{kind: Keep, why: "the user had no member"}
	}
	p := &f.lifecycle.OnDelete
	switch kind := kindOf(p); {
	case kind == Keep:
		return step{kind: Unlink, unlink: true, why: "onDelete is None: the application keeps the member"}
	case kind == Deactivate && !f.on:
		return step{kind: Unlink, unlink: true, why: "the member is inactive already"}
	default:
		return step{kind: kind, unlink: true, policy: p, why: "the user was deleted: onDelete is " + p.Action}
	}
}

func decideInactive(f facts) step {
	switch p := &f.lifecycle.OnDeactivate; {
	case !f.member:
		return step{kind: Keep, why: "the user is inactive: there is no member until it is active"}
	case !f.on:
		return step{kind: Update, maps: true}
	case kindOf(p) == Keep:
		return step{kind: Update, maps: true, why: "the user is inactive and onDeactivate is None: the member stays active"}
	case f.unasked || f.pending:
		return step{kind: Update, maps: true}
	default:
		return step{kind: kindOf(p), maps: true, policy: p, why: "the user is inactive: onDeactivate is " + p.Action}
	}
}

func decideActive(f facts) step {
	switch {
	case f.member && f.on:
		return step{kind: Update, maps: true}
	case f.member:
		return decideReactivated(f)
	case f.lifecycle.OnCreate.Action == config.None:
		return step{kind: Keep, why: "onCreate is None: there is no member"}
	case f.lost:
		return step{kind: Adopt, maps: true, why: "the person had a member: it is linked again"}
	}
	return step{kind: Create, maps: true}
}

func decideReactivated(f facts) step {
	switch p := &f.lifecycle.OnReactivate; p.Action {
	case config.Reactivate, "":
		return step{kind: Reactivate, maps: true, why: "the user is active again"}
	case config.None:
		return step{kind: Update, maps: true, why: "the user is active and onReactivate is None: the member stays inactive"}
	default:
		return step{kind: Reactivate, maps: true, back: p, why: "the user is active again: onReactivate is " + p.Action}
	}
}

// kindOf is what an off-boarding does; Keep: nothing.
func kindOf(p *config.Offboarding) Kind {
	switch p.Action {
	case config.None, "":
		return Keep
	case config.Deactivate:
		return Deactivate
	case config.Remove:
		return Remove
	}
	return Action
}
