package member

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// logTime is what writing a refusal into the provisioning log may take.
const logTime = 5 * time.Second

// Refused implements directory.Provisioner. The identity provider gets its answer whether the log can be written or not.
// Repetitions, and what is more than a tenant may write, are counted, and written by WriteRefusals.
func (j *Journal) Refused(ctx context.Context, op directory.Operation, err error) {
	r := refusalOf(err)
	j.decided(Decision{Kind: Reject, Reason: r.reason, Detail: r.scim.Loggable()})
	if errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrNotOwner) {
		return
	}
	if op.Method == http.MethodPost {
		op.ID, r.user.userID, r.user.memberID = "", "", "" // they never came into being
	}
	now := j.now()
	e := entryOf(op, now)
	e.refused(r)
	first, due := j.refusals.admit(j.tenant, samenessOf(op, r), e, now)
	j.remindLater(due)
	if first == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), logTime)
	defer cancel()
	err = j.store.Update(ctx, j.tenant, func(w store.Writer) error {
		if r.reason == reasonBrake {
			if err := j.noteEngaged(ctx, w); err != nil {
				return err
			}
		}
		return j.logRefused(ctx, w, op, r)
	})
	j.refusals.know(first, r.user)
	if err != nil {
		j.log.Warn("a refusal was not written into the provisioning log", "tenant", j.tenant, "error", err)
	}
}

// refusalOf is the refusal in an error, or one that says what the identity provider is told.
func refusalOf(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		c := *r
		return &c
	}
	e := scimOf(err)
	if e == nil {
		e = scimerr.New(http.StatusInternalServerError, scimerr.None, "internal error")
	}
	return &refusal{scim: e, reason: reasonOfStatus(e), nextStep: nextStep(e.Status)}
}

// reasonOfStatus is the scimType, else the status as one word.
func reasonOfStatus(e *scimerr.Error) string {
	if e.ScimType != scimerr.None {
		return string(e.ScimType)
	}
	return strings.ReplaceAll(http.StatusText(e.Status), " ", "")
}

func nextStep(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "look at the attribute that the detail names, in the identity provider's mapping"
	case http.StatusNotFound:
		return "the identity provider means a resource that is no longer here: let it match its users again"
	case http.StatusConflict:
		return "find the other resource with the value, and change or delete one of the two"
	case http.StatusForbidden:
		return "the tenant's limits are reached: raise them, or delete what is not needed"
	case http.StatusPreconditionFailed:
		return "the identity provider reads the resource again and repeats its change"
	case http.StatusServiceUnavailable:
		return "the identity provider tries again by itself"
	}
	return "look at the server's log by the request id"
}

func (j *Journal) noteEngaged(ctx context.Context, w store.Writer) error {
	b, err := readBrake(ctx, w)
	if err != nil {
		return err
	}
	b.Engaged = j.now()
	return writeState(ctx, w, brakeState, b)
}

func (j *Journal) logRefused(ctx context.Context, w store.Writer, op directory.Operation, r *refusal) error {
	if r.user == (who{}) {
		var err error
		if r.user, err = j.meant(ctx, w, op); err != nil {
			return err
		}
	}
	e := entryOf(op, j.now())
	e.refused(r)
	return e.appendTo(ctx, w, Subject(j.tenant, r.user.userName))
}

// meant finds out who an operation is about.
func (j *Journal) meant(ctx context.Context, r store.Reader, op directory.Operation) (who, error) {
	w := who{userName: op.UserName}
	if op.Type != store.TypeUser || op.ID == "" || op.Method == http.MethodPost {
		return w, nil
	}
	rec, err := r.Get(ctx, store.TypeUser, op.ID)
	if errors.Is(err, store.ErrNotFound) {
		return w, nil
	}
	if err != nil {
		return w, err
	}
	w.userID = rec.ID
	doc, err := resource.Parse(rec.Doc)
	if err != nil {
		return w, err
	}
	w.userName = doc.Value("userName").Text()
	m, err := r.MemberOf(ctx, rec.ID)
	if err == nil {
		w.memberID = m.ID
	}
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return w, err
}
