package compile

import (
	"fmt"
	"sync"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// maxVerdicts that are remembered.
const maxVerdicts = 4096

// Rules remembers of which schemas, mappings and claims it is known whether they compile: a server has many tenants, most of
// which are as they were. The zero value is ready; nil remembers nothing.
type Rules struct {
	mu    sync.Mutex
	known map[string]error
}

// check compiles a tenant's schemas, claims and mapping, as its server will. from tells where parts of the mapping stand.
func (r *Rules) check(t config.Tenant, from layers) error {
	t = compiled(t)
	if t.Application == nil && len(t.Issuers) == 0 && len(t.Extensions) == 0 {
		return nil
	}
	err := r.verdict(t)
	mistakes, ok := err.(mapping.Errors) //nolint:errorlint // wrapped ones are those of claims
	if !ok {
		return err
	}
	placed := make(mapping.Errors, len(mistakes))
	for i, m := range mistakes {
		placed[i] = m
		placed[i].Field = from.place(m.Field)
	}
	return placed
}

// compiled is as much of an entry as is compiled.
func compiled(t config.Tenant) config.Tenant {
	out := config.Tenant{Groups: t.Groups, UniqueIdentifier: t.UniqueIdentifier, Extensions: t.Extensions, Issuers: t.Issuers, Mapping: t.Mapping}
	if a := t.Application; a != nil {
		out.Application = &config.Application{Name: a.Name, Fields: a.Fields, Roles: a.Roles}
	}
	return out
}

func (r *Rules) verdict(t config.Tenant) error {
	if r == nil {
		return compileAll(t)
	}
	key := t.Hash()
	r.mu.Lock()
	err, ok := r.known[key]
	r.mu.Unlock()
	if ok {
		return err
	}
	err = compileAll(t)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil || len(r.known) >= maxVerdicts {
		r.known = map[string]error{}
	}
	r.known[key] = err
	return err
}

func compileAll(t config.Tenant) error {
	registry, err := schema.New(t.SchemaOptions())
	if err != nil {
		return fmt.Errorf("spec.schemaExtensions: %w", err)
	}
	for i, issuer := range t.Issuers {
		if issuer.Claims == "" {
			continue
		}
		if _, err := mapping.CompileClaims(issuer.Claims); err != nil {
			return fmt.Errorf("spec.auth.jwt[%d].%w", i, err)
		}
	}
	if t.Application == nil {
		return nil
	}
	_, err = mapping.Compile(mapping.Spec{Application: t.Application, Mapping: t.Mapping}, registry)
	return err
}
