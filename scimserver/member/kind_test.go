package member

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// TestKind: what is told beyond the provisioning log holds no value of a user and no word of the application.
func TestKind(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]*refusal{
		"Uniqueness":             refuseUniqueness("email", false),
		"Held":                   refuseHeld([]store.Hold{{Name: "Ann", Reason: "laptop of Ann"}}),
		"ApplicationRefused":     refuseVeto(Verdict{Detail: "Ann has a laptop"}),
		"ApplicationUnavailable": refuseNoAnswer(errors.New("no route to Ann")),
		"Conflict":               refuseConflict(),
		"BrakeEngaged":           refuseBrake(time.Minute, 20, time.Hour),
		"UnknownRole":            refuseUnmapped(&mapping.Rejection{Reason: mapping.UnknownRole, Detail: "Ann is no role", Summary: "a value is no role"}),
	} {
		var k interface{ Kind() (string, string) }
		if !errors.As(fmt.Errorf("create: %w", r), &k) {
			t.Fatalf("%s has no kind", want)
		}
		if kind, summary := k.Kind(); kind != want || summary == "" || strings.Contains(summary, "Ann") {
			t.Errorf("%s: %q", kind, summary)
		}
	}
	if kind, summary := refusalOf(scimerr.BadFilter("Ann is no filter")).Kind(); kind != "invalidFilter" || summary != "" {
		t.Errorf("%s: %q", kind, summary)
	}
}
