package member

import (
	"errors"
	"net/http"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// refusal is an error for the identity provider, with what the provisioning log is to say of it.
type refusal struct {
	scim     *scimerr.Error
	reason   string // one word
	nextStep string
	user     who
	answer   *Answer
}

// Error is the text for logs.
func (r *refusal) Error() string { return r.reason + ": " + r.scim.Error() }

// Kind is the reason, and what may be said of it where nobody may see values of users or words of the application.
func (r *refusal) Kind() (kind, summary string) {
	if r.scim.Summary != "" {
		return r.reason, r.scim.Summary
	}
	switch r.reason {
	case reasonUniqueness, reasonNoAnswer, reasonConflict:
		return r.reason, r.scim.Detail // a text of this package, without values
	}
	return r.reason, ""
}

// Unwrap gives the error for the identity provider.
func (r *refusal) Unwrap() error { return r.scim }

// who is a user as the log shows it.
type who struct {
	userID   string
	userName string
	memberID string
}

// The reasons of refusals, beside those of package mapping and what an error of the protocol is called.
const (
	reasonUniqueness = "Uniqueness"
	reasonHeld       = "Held"
	reasonVeto       = "ApplicationRefused"
	reasonNoAnswer   = "ApplicationUnavailable"
	reasonBrake      = "BrakeEngaged"
	reasonConflict   = "Conflict"
)

func refuseUniqueness(field string, lost bool) *refusal {
	r := &refusal{
		scim:     scimerr.Uniqueness("%s: another member of the application has this value", field),
		reason:   reasonUniqueness,
		nextStep: "give one of the two users another value, or remove the other member in the application",
	}
	if lost {
		r.scim = scimerr.Uniqueness("%s: a member of the application, whom this identity provider does not manage, has this value", field)
		r.nextStep = "remove that member in the application, or set existingMember to Adopt so that it is linked to the user"
	}
	return r
}

func refuseHeld(holds []store.Hold) *refusal {
	return &refusal{
		scim: &scimerr.Error{
			Status: http.StatusConflict, Detail: "the application holds this member: " + reasonOf(holds),
			Summary: "the application holds a member that was to be off-boarded",
		},
		reason:   reasonHeld,
		nextStep: "settle in the application what holds the member, then let the identity provider try again; or set whenRefused to Hold",
	}
}

// refuseVeto passes on what the application says. 400 and 403 alone keep their status: others mean something to a SCIM client that
// the application did not say, such as that the user is gone.
func refuseVeto(v Verdict) *refusal {
	detail := v.Detail
	if detail == "" {
		detail = "the application has refused the change"
	}
	status := http.StatusConflict
	if v.Status == http.StatusBadRequest || v.Status == http.StatusForbidden {
		status = v.Status
	}
	return &refusal{
		scim: &scimerr.Error{
			Status: status, ScimType: scimerr.Type(knownType(v.ScimType)), Detail: detail, Summary: "the application has refused the change",
		},
		reason:   reasonVeto,
		nextStep: "the detail of the answer says what the application wants; settle it there and let the identity provider try again",
	}
}

// knownType is a keyword of RFC 7644, or nothing.
func knownType(t string) string {
	switch scimerr.Type(t) {
	case scimerr.NotUnique, scimerr.BadValue, scimerr.NotMutable, scimerr.TooMany, scimerr.Sensitive:
		return t
	}
	return ""
}

func refuseNoAnswer(cause error) *refusal {
	return &refusal{
		scim:     scimerr.Unavailable(cause, time.Minute, "the application does not answer, nothing was changed: try again later"),
		reason:   reasonNoAnswer,
		nextStep: "look at the application and its webhook; the identity provider tries again by itself",
	}
}

func refuseConflict() *refusal {
	return &refusal{
		scim:     scimerr.Unavailable(nil, time.Second, "the user is being changed by others, nothing was changed: try again"),
		reason:   reasonConflict,
		nextStep: "the identity provider tries again by itself",
	}
}

func refuseBrake(after time.Duration, maximum int, per time.Duration) *refusal {
	e := scimerr.Unavailable(nil, after,
		"too many off-boardings: the tenant's brake holds further ones back, nothing was changed; the administrator can release it")
	e.Summary = "more than " + plural(maximum, "off-boarding") + " within " + per.String()
	return &refusal{
		scim:     e,
		reason:   reasonBrake,
		nextStep: "find out whether so many users are meant to leave; if so release the brake, else mend the identity provider",
	}
}

// scimOf is what the identity provider is told of an error, nil: an error of the server.
func scimOf(err error) *scimerr.Error {
	if e, ok := errors.AsType[*scimerr.Error](err); ok {
		return e
	}
	return nil
}

func refuseUnmapped(r *mapping.Rejection) *refusal {
	return &refusal{
		scim: &scimerr.Error{
			Status: http.StatusBadRequest, ScimType: scimerr.BadValue, Detail: r.Detail, Summary: r.Summary,
		},
		reason:   string(r.Reason),
		nextStep: "give the user another value in the identity provider, or change the rule of " + r.Field + " in the mapping",
	}
}
