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

// progressOf asks how far a new mapping is, and whether the brake is engaged.
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
