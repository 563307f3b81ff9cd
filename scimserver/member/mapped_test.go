package member_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

// place counts where users are mapped.
type place struct {
	store.Store
	member.Mapper
	busy            bool // a transaction is under way
	outside, inside int
}

func (p *place) Update(ctx context.Context, tenant string, fn func(store.Writer) error) error {
	return p.Store.Update(ctx, tenant, func(w store.Writer) error {
		p.busy = true
		defer func() { p.busy = false }()
		return fn(w)
	})
}

func (p *place) Map(ctx context.Context, in mapping.Input) mapping.Outcome {
	if p.busy {
		p.inside++
	} else {
		p.outside++
	}
	return p.Mapper.Map(ctx, in)
}

// TestMappedBeforehand: new users are mapped before the transaction, as far as they come to a member that hangs on nothing else.
func TestMappedBeforehand(t *testing.T) {
	t.Parallel()
	type counts struct{ Outside, Inside int }
	for name, tc := range map[string]struct {
		change func(*spec)
		body   string
		want   counts
		told   string
	}{
		"active":         {body: user("ann", `,"title":"Administrator"`), want: counts{Outside: 1}, told: `created Administrator active=true {}`},
		"no member yet":  {body: user("ann", inactive)},
		"never a member": {change: func(s *spec) { s.lifecycle.OnCreate.Action = config.None }, body: user("ann")},
		"by meta": {
			change: func(s *spec) { s.mapping.Attributes[2].From = "meta.location" },
			body:   user("ann"), want: counts{Inside: 1}, told: `created Staff active=true {}`,
		},
		"another role": {
			change: func(s *spec) { s.lifecycle.OnCreate.Role = "Administrator" },
			body:   user("ann"), want: counts{Outside: 1}, told: `created Administrator active=true {}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &place{Store: memory.New()}
			s := plain()
			s.store = p
			s.wrap = func(m member.Mapper) member.Mapper {
				p.Mapper = m
				return p
			}
			if tc.change != nil {
				tc.change(&s)
			}
			w := newWorld(t, s)
			w.post("User", tc.body)
			if diff := cmp.Diff(tc.want, counts{p.outside, p.inside}); diff != "" {
				t.Errorf("mapped (-want +got):\n%s", diff)
			}
			if tc.told == "" {
				w.wantTold("told")
				return
			}
			w.wantTold("told", tc.told)
		})
	}
}

// TestMappedBeforehandRefused: the refusal of a mapping comes after those of the directory, as it always did.
func TestMappedBeforehandRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain())
	w.post("User", user("ann"))
	unknown := `,"title":"Emperor"`
	_, err := w.tryPost("User", user("bob", unknown))
	w.refused(err, 400, "Emperor")
	_, err = w.tryPost("User", user("ann", unknown))
	w.refused(err, 409, "userName")
	bob := w.post("User", user("bob", inactive, unknown))
	w.refused(w.tryPatch("User", bob, reactivate), 400, "Emperor")
}
