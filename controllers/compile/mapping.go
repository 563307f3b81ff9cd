package compile

import (
	"errors"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
)

// MappingFinding tells whether a mapping is accepted: what can be told without a tenant, which brings custom extensions, and
// an application, which has fields and roles.
func MappingFinding(m *v1alpha1.SCIMMapping) Finding {
	l := layers{mapping: &config.Mapping{}, role: map[string]string{}}
	l.add(m)
	err := mapping.Check(l.mapping)
	if err == nil {
		return Finding{}
	}
	if mistakes, ok := errors.AsType[mapping.Errors](err); ok {
		for i := range mistakes {
			mistakes[i].Field = "spec." + mistakes[i].Field
		}
	}
	return found(v1alpha1.ReasonInvalid, "%v", err)
}
