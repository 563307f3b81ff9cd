package directory

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// TestFaultTexts: that nothing was changed is said only where it is known.
func TestFaultTexts(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"down":    {&store.Fault{Reason: store.FaultFull, Err: broken}, "nothing was changed: try again later"},
		"unknown": {&store.Fault{Reason: store.FaultUnreachable, Err: fmt.Errorf("%w: %w", store.ErrUnknownOutcome, broken)}, "made or not: repeat it"},
		"moving":  {&store.NotOwnerError{}, "nothing was changed: try again"},
	} {
		e, ok := errors.AsType[*scimerr.Error]((&Call{}).fault(tc.err))
		if !ok || e.Status != http.StatusServiceUnavailable || e.RetryAfter <= 0 || !strings.Contains(e.Detail, tc.want) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
