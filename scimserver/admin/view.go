package admin

import (
	"net/http"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/member"
)

// View is a tenant as it is served.
type View struct {
	Directory *directory.Tenant
	Members   *member.Tenant // nil: a plain directory
}

// notNow is the error for a tenant that was there a moment ago.
func notNow(tenant string) *Problem {
	return problem(http.StatusServiceUnavailable, "tenant %s is not served now; try again", tenant)
}

// provisioned is the view of a tenant that has an application.
func (h *handler) provisioned(tenant string) (View, error) {
	v, ok := h.Tenants.View(tenant)
	switch {
	case !ok:
		return v, notNow(tenant)
	case v.Members == nil:
		return v, problem(http.StatusConflict, "tenant %s is a plain directory: it has no applicationRef, and so no members", tenant)
	}
	return v, nil
}

// with is the tenant with another mapping, to look at and not to write with.
func (v View) with(m *config.Mapping) (*member.Tenant, *mapping.Program, error) {
	program, err := mapping.Compile(mapping.Spec{Application: v.Members.Application, Mapping: m}, v.Directory.Schemas)
	if err != nil {
		return nil, nil, problem(http.StatusBadRequest, "the mapping is not valid: %v", err)
	}
	c := v.Members.Config
	c.Mapper, c.HasRole = program, m != nil && m.Role != nil
	return v.Members.Tenant(c), program, nil
}
