package app

import (
	"context"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
)

// progress is what the engine of members is about in a tenant.
type progress struct {
	remap  *config.RemapReport // nil: all users are mapped
	braked bool
}

// followMembers asks how far new mappings are, and which brakes are engaged. Where the store does not answer, what was known
// last stays.
func (r *reports) followMembers(ctx context.Context, s *snapshot) {
	progresses := map[string]progress{}
	for key, e := range s.entries {
		if e.members == nil {
			continue
		}
		p, err := progressOf(ctx, e.members)
		if err != nil {
			r.log.Debug("the engine of a tenant's members could not be asked", "tenant", key, "error", err)
			p = r.progresses[key]
		}
		progresses[key] = p
	}
	r.progresses = progresses
}

func progressOf(ctx context.Context, m *member.Tenant) (p progress, err error) {
	if p.braked, err = m.BrakeEngaged(ctx); err != nil {
		return p, err
	}
	remap, err := m.Remapping(ctx)
	if remap != nil {
		p.remap = &config.RemapReport{Done: remap.Done, Total: remap.Total, StartedAt: remap.Started.UTC()}
	}
	return p, err
}
