package server

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

func tenants(from, to int) (list []config.Tenant) {
	for n := from; n < to; n++ {
		list = append(list, config.Tenant{Key: fmt.Sprintf("ns/t%05d", n)})
	}
	return list
}

// TestLeaveOut: those that do not fit are left out, one after the other, and nobody else; in the end all is frozen.
func TestLeaveOut(t *testing.T) {
	t.Parallel()
	full := fmt.Errorf("config: too many: %w", config.ErrFull)
	large := &config.TooLargeError{Tenants: []string{"ns/large"}}
	for name, tc := range map[string]struct {
		in     compile.Input
		have   []config.Tenant
		err    error
		unfit  []string
		frozen bool
		more   bool
	}{
		"too large":       {in: compile.Input{}, err: large, unfit: []string{"ns/large"}, more: true},
		"another one":     {in: compile.Input{Unfit: map[string]bool{"ns/first": true}}, err: large, unfit: []string{"ns/first", "ns/large"}, more: true},
		"the earlier too": {in: compile.Input{Unfit: map[string]bool{"ns/large": true}}, err: large, unfit: []string{"ns/large"}, frozen: true, more: true},
		"still":           {in: compile.Input{Unfit: map[string]bool{"ns/large": true}, Frozen: true}, err: large, unfit: []string{"ns/large"}, frozen: true},
		"newcomers": {
			in: compile.Input{Previous: &config.Server{Tenants: tenants(1, config.MaxTenants+1)}}, have: tenants(0, config.MaxTenants+1),
			err: full, unfit: []string{"ns/t00000"}, more: true,
		},
		"at first":  {have: tenants(0, config.MaxTenants+2), err: full, unfit: []string{"ns/t10000", "ns/t10001"}, more: true},
		"something": {err: fmt.Errorf("wrong"), frozen: true, more: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			more := leaveOut(&tc.in, &config.Server{Tenants: tc.have}, tc.err)
			if got := slices.Sorted(maps.Keys(tc.in.Unfit)); more != tc.more || tc.in.Frozen != tc.frozen || !slices.Equal(got, tc.unfit) {
				t.Errorf("more %v, frozen %v, without %v", more, tc.in.Frozen, got)
			}
		})
	}
}
