package tenant

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

func TestRejectionsDue(t *testing.T) {
	t.Parallel()
	var r rejections
	now := time.Date(2026, 11, 22, 12, 0, 30, 0, time.UTC)
	at := func(d time.Duration, reasons ...string) (list []config.Rejection) {
		for _, reason := range reasons {
			list = append(list, config.Rejection{Time: now.Add(d), Reason: reason})
		}
		return list
	}
	due := func(want int, tenant string, list ...config.Rejection) {
		t.Helper()
		if got := r.due("nothing", nil, now); len(got) > 0 {
			t.Errorf("out of nothing: %+v", got)
		}
		if got := r.due(types.UID(tenant), list, now); len(got) != want {
			t.Errorf("%d are due, want %d: %+v", len(got), want, got)
		}
	}
	due(0, "a", at(-time.Minute, "Earlier")...)
	due(1, "a", at(-30*time.Second, "InThisMinute")...) // reports have minutes
	due(2, "a", at(0, "One", "Two")...)
	due(0, "a", at(0, "One", "Two")...)
	due(1, "b", at(0, "One")...)
	now = now.Add(59 * time.Minute)
	due(0, "a", at(0, "One")...)
	now = now.Add(time.Minute)
	due(1, "a", at(-time.Minute, "One")...)
	due(0, "a", at(-time.Hour, "Two")...)
	var many []string
	for i := range 20 {
		many = append(many, fmt.Sprint("Kind", i))
	}
	due(perTenant-1, "a", at(0, many...)...)
	due(perTenant, "c", at(0, many...)...)
}

func TestEventReason(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	want := map[string]string{
		"UnknownRole": "UnknownRole", "uniqueness": "Uniqueness", "too many": "TooMany", "": "RequestRefused", "…": "RequestRefused", "a-b_c": "ABC",
	}
	for reason := range want {
		got[reason] = eventReason(reason)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
