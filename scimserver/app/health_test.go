package app

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// TestStoreReasons: what the stores give is what the operator knows.
func TestStoreReasons(t *testing.T) {
	t.Parallel()
	var got []string
	for _, r := range []store.FaultReason{
		store.FaultURIInvalid, store.FaultUnreachable, store.FaultLoginRefused, store.FaultNotFound, store.FaultRightsMissing,
		store.FaultReadOnly, store.FaultFull, store.FaultConnectionLimit, store.FaultSchemaTooNew, store.FaultMigrationFailed,
		store.FaultFailing,
	} {
		got = append(got, string(r))
	}
	if diff := cmp.Diff(config.StoreReasons, got); diff != "" {
		t.Errorf("(-config +store):\n%s", diff)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	standby := &store.Fault{Reason: store.FaultReadOnly, Detail: "name the primary", Err: errDisk}
	s, changed := &storeStub{}, make(chan struct{}, 1)
	h := &health{store: s, log: testLog(t), clock: func() time.Time { return start }, changed: changed}
	look := func(err error) (reason string, news bool) {
		s.set(func() { s.broken = err })
		h.look(t.Context())
		if r := h.report(); r != nil {
			reason = r.Reason
		}
		select {
		case <-changed:
			return reason, true
		default:
			return reason, false
		}
	}
	for i, step := range []struct {
		err    error
		reason string
		news   bool
	}{
		{nil, "", false},
		{standby, "", false}, // once may be chance
		{nil, "", false},
		{standby, "", false},
		{standby, config.StoreReadOnly, true},
		{&store.Fault{Reason: store.FaultReadOnly, Detail: "another text"}, config.StoreReadOnly, false},
		{fmt.Errorf("ping: %w", context.DeadlineExceeded), config.StoreUnreachable, true},
		{fmt.Errorf("%w: a reason of its own", store.ErrUnavailable), config.StoreFailing, true},
		{errDisk, config.StoreFailing, false},
		{nil, "", true},
	} {
		if reason, news := look(step.err); reason != step.reason || news != step.news {
			t.Errorf("step %d: %q, news %v; want %q, %v", i, reason, news, step.reason, step.news)
		}
	}
	if !errors.Is(standby, store.ErrUnavailable) || !errors.Is(standby, errDisk) {
		t.Error("a fault wraps ErrUnavailable and its cause")
	}
}

// TestReportOfFault: the report says why the store does not work, and counts are left as they were.
func TestReportOfFault(t *testing.T) {
	t.Parallel()
	l, o := newLive(t, ""), &operator{got: make(chan config.Report)}
	s := &storeStub{broken: &store.Fault{Reason: store.FaultLoginRefused, Detail: "correct the password"}}
	r := reportsOf(t, l, s, o, timing{reportEvery: time.Hour, reportGap: time.Millisecond, retry: time.Millisecond, pingEvery: time.Millisecond})
	background(t, r.run)
	background(t, r.health.run)
	want := &config.StoreReport{Reason: config.StoreLoginRefused, Message: "correct the password", Since: start.Truncate(time.Second)}
	o.until(t, func(got config.Report) bool { return cmp.Equal(want, got.Store) })
	s.set(func() { s.broken = nil })
	o.until(t, func(got config.Report) bool { return got.Store == nil })
}
