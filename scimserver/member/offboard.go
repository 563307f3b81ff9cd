package member

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// mayOffboard asks the brake and the holds.
func (ev *evaluation) mayOffboard(ctx context.Context) error {
	if err := ev.checkBrake(ctx); err != nil {
		return err
	}
	holds, err := ev.s.r.Holds(ctx, ev.current.ID)
	if err != nil {
		return err
	}
	a := ev.s.answered
	switch {
	case len(holds) > 0 && ev.step.policy.WhenRefused == config.Hold:
		return ev.wait(ctx, pending{Reason: reasonOf(holds)})
	case len(holds) > 0:
		return refuseHeld(holds)
	case a != nil && a.verdict.Refused:
		return ev.wait(ctx, pending{Reason: "the application has refused it", Vetoed: true})
	}
	return nil
}

// reasonOf names at most three holds.
func reasonOf(holds []store.Hold) string {
	const most = 3
	var parts []string
	for _, h := range holds[:min(most, len(holds))] {
		part := h.Name
		if h.Reason != "" {
			part += " (" + h.Reason + ")"
		}
		parts = append(parts, part)
	}
	if n := len(holds) - most; n > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(parts, ", ")
}

// wait puts the off-boarding off: the identity provider has its way in the directory, the member stays as it is.
func (ev *evaluation) wait(ctx context.Context, p pending) error {
	c := &ev.change
	p.Cause, p.Since = causeDeactivate, ev.s.t.now()
	if ev.user.after == nil {
		p.Cause = causeDelete
	}
	ev.putOff = &p
	c.kind, c.typ, c.action, c.params = PutOff, "", "", nil
	c.after.Active = c.before.Active
	if err := ev.staysUnique(ctx); err != nil {
		return err
	}
	if !same(c.before, &c.after) {
		c.typ = store.MemberUpdated
	}
	ev.because("whenRefused is Hold: the off-boarding waits")
	return nil
}

// staysUnique keeps a member that stays active from taking over a value that another one has.
func (ev *evaluation) staysUnique(ctx context.Context) error {
	err := ev.checkUnique(ctx)
	if r, ok := errors.AsType[*refusal](err); ok {
		ev.keepFields(r)
		return nil
	}
	return err
}

// brake is what the tenant's state keeps of it.
type brake struct {
	Release string    `json:"release,omitempty"` // the value that has released it last
	Until   time.Time `json:"until,omitzero"`    // it is released
	Engaged time.Time `json:"engaged,omitzero"`  // it has last refused
}

const brakeState = "brake"

// mostRetry is the longest Retry-After of the brake.
const mostRetry = 15 * time.Minute

func readBrake(ctx context.Context, r store.Reader) (b brake, err error) {
	err = readState(ctx, r, brakeState, &b)
	return b, err
}

// readState reads a value of the tenant's state; one that is not there leaves v as it is.
func readState(ctx context.Context, r store.Reader, name string, v any) error {
	text, err := r.State(ctx, name)
	if err != nil || text == nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("state %s: %w", name, err)
	}
	return nil
}

func writeState(ctx context.Context, w store.Writer, name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("state %s: %w", name, err)
	}
	return w.SetState(ctx, name, text)
}

// checkBrake refuses an off-boarding beyond the limit.
func (ev *evaluation) checkBrake(ctx context.Context) error {
	t := ev.s.t
	limit := t.Lifecycle.Brake
	if limit == nil {
		return nil
	}
	full, err := t.brakeFull(ctx, ev.s.r)
	if err != nil || !full {
		return err
	}
	return refuseBrake(min(limit.Per, mostRetry), limit.Max, limit.Per)
}

// brakeFull tells whether no further off-boarding is let through. A new value of BrakeRelease counts as a release, also
// before Tend has taken note of it.
func (t *Tenant) brakeFull(ctx context.Context, r store.Reader) (bool, error) {
	b, err := readBrake(ctx, r)
	if err != nil {
		return false, err
	}
	now, limit := t.now(), t.Lifecycle.Brake
	if b.Release != t.Lifecycle.BrakeRelease || now.Before(b.Until) {
		return false, nil
	}
	since := now.Add(-limit.Per)
	if since.Before(b.Until) {
		since = b.Until
	}
	n, err := r.Offboardings(ctx, since)
	return n >= int64(limit.Max), err
}

// book counts an off-boarding that an identity provider has asked for.
func (ev *evaluation) book(ctx context.Context) error {
	limit := ev.s.t.Lifecycle.Brake
	if limit == nil || !ev.asked || !ev.change.kind.offboards() && ev.change.kind != PutOff {
		return nil
	}
	now := ev.s.t.now()
	return ev.s.w.BookOffboarding(ctx, now, now.Add(-limit.Per))
}

// ReleaseBrake lets off-boardings through for one period; what was counted before is forgotten.
func (t *Tenant) ReleaseBrake(ctx context.Context) error {
	return t.store.Update(ctx, t.Key, func(w store.Writer) error { return t.release(ctx, w) })
}

func (t *Tenant) release(ctx context.Context, w store.Writer) error {
	b := brake{Release: t.Lifecycle.BrakeRelease, Until: t.now()}
	if t.Lifecycle.Brake != nil {
		b.Until = b.Until.Add(t.Lifecycle.Brake.Per)
	}
	return writeState(ctx, w, brakeState, b)
}

// takeRelease releases the brake if the configuration asks for it with a new value.
func (t *Tenant) takeRelease(ctx context.Context) error {
	var b brake
	err := t.store.View(ctx, t.Key, func(r store.Reader) (err error) {
		b, err = readBrake(ctx, r)
		return err
	})
	if err != nil || b.Release == t.Lifecycle.BrakeRelease {
		return err
	}
	t.log.Info("brake released", "tenant", t.Key)
	return t.ReleaseBrake(ctx)
}

// BrakeEngaged tells whether the brake has refused an off-boarding and would refuse the next one.
func (t *Tenant) BrakeEngaged(ctx context.Context) (engaged bool, err error) {
	if t.Lifecycle.Brake == nil {
		return false, nil
	}
	err = t.store.View(ctx, t.Key, func(r store.Reader) error {
		b, err := readBrake(ctx, r)
		if err != nil || b.Engaged.IsZero() {
			return err
		}
		engaged, err = t.brakeFull(ctx, r)
		return err
	})
	return engaged, err
}
