package scimerr_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  *scimerr.Error
		want string
	}{
		"with a scimType": {
			err:  scimerr.Mutability("%s: is readOnly", "id"),
			want: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"mutability","detail":"id: is readOnly"}`,
		},
		"status alone says it": {
			err:  scimerr.NotFound("Resource %s not found", "2819c223"),
			want: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"Resource 2819c223 not found"}`,
		},
		"a detail with quotes and brackets": {
			err:  scimerr.BadFilter(`"<x>" & 'y' at 3`),
			want: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidFilter","detail":"\"<x>\" & 'y' at 3"}`,
		},
		"conflict": {
			err:  scimerr.Uniqueness("userName: taken"),
			want: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","scimType":"uniqueness","detail":"userName: taken"}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := string(tt.err.AppendJSON([]byte("x")))
			if diff := cmp.Diff("x"+tt.want, got); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestShorthands(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err    *scimerr.Error
		status int
		kind   scimerr.Type
	}{
		{scimerr.BadFilter("x"), 400, "invalidFilter"},
		{scimerr.BadRequest(scimerr.InvalidCursor, "x"), 400, "invalidCursor"},
		{scimerr.InvalidPath("x"), 400, "invalidPath"},
		{scimerr.InvalidValue("x"), 400, "invalidValue"},
		{scimerr.InvalidSyntax("x"), 400, "invalidSyntax"},
		{scimerr.NoTarget("x"), 400, "noTarget"},
		{scimerr.Mutability("x"), 400, "mutability"},
		{scimerr.Uniqueness("x"), 409, "uniqueness"},
		{scimerr.NotFound("x"), 404, ""},
		{scimerr.New(410, scimerr.ExpiredCursor, "x"), 410, "expiredCursor"},
	}
	for _, tt := range tests {
		if tt.err.Status != tt.status || tt.err.ScimType != tt.kind || tt.err.Detail != "x" {
			t.Errorf("got %+v, want status %d, scimType %q", tt.err, tt.status, tt.kind)
		}
	}
}

func TestCauseIsKeptAndHidden(t *testing.T) {
	t.Parallel()
	wrapped := scimerr.New(503, scimerr.None, "store: %w", io.ErrUnexpectedEOF)
	hidden := scimerr.Wrap(io.ErrUnexpectedEOF, 503, scimerr.None, "try again")
	hidden.RetryAfter = time.Second
	for _, err := range []error{wrapped, hidden} {
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v: the cause is lost", err)
		}
	}
	if got := hidden.Error(); got != "503: try again" {
		t.Errorf("Error() = %q", got)
	}
	if got := scimerr.NoTarget("emails: none").Error(); got != "400 noTarget: emails: none" {
		t.Errorf("Error() = %q", got)
	}
}

func TestIsNotFound(t *testing.T) {
	t.Parallel()
	for want, list := range map[bool][]error{
		true:  {scimerr.NotFound("x"), fmt.Errorf("import: %w", scimerr.NotFound("x"))},
		false: {nil, errors.New("404"), scimerr.InvalidPath("x")},
	} {
		for _, err := range list {
			if got := scimerr.IsNotFound(err); got != want {
				t.Errorf("%v: %v", err, got)
			}
		}
	}
}
