package app

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/scim-operator/scim-operator/scimserver/auth"
	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// digest is of what something was made from.
type digest [16]byte

func digestOf(v any) (digest, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return digest{}, err
	}
	sum := sha256.Sum256(text)
	return digest(sum[:16]), nil
}

// shared is what tenants of the same specification have in common. It is by far the largest part of a tenant: a server of
// thousands of tenants has a handful of applications and mappings.
type shared struct {
	schemas  map[digest]*schema.Registry
	programs map[digest]*mapping.Program
	claims   map[string]claimsProgram
}

type claimsProgram = func(claims map[string]any) (bool, error)

// parts are what a tenant has of it.
type parts struct {
	schemas digest
	program digest
	claims  []string
}

func newShared() *shared {
	return &shared{schemas: map[digest]*schema.Registry{}, programs: map[digest]*mapping.Program{}, claims: map[string]claimsProgram{}}
}

// keep takes over what a tenant has that stays as it was.
func (s *shared) keep(before *shared, p parts) {
	if r := before.schemas[p.schemas]; r != nil {
		s.schemas[p.schemas] = r
	}
	if m := before.programs[p.program]; m != nil {
		s.programs[p.program] = m
	}
	for _, text := range p.claims {
		s.claims[text] = before.claims[text]
	}
}

// registry returns the tenant's schemas.
func (b *builder) registry(t *config.Tenant) (*schema.Registry, digest, error) {
	key, err := digestOf([]any{t.Groups, t.UniqueIdentifier, t.Extensions})
	if err != nil {
		return nil, key, fmt.Errorf("schemas: %w", err)
	}
	r := b.shared.schemas[key]
	if r == nil {
		r = b.before.schemas[key]
	}
	if r == nil {
		if r, err = schema.New(t.SchemaOptions()); err != nil {
			return nil, key, fmt.Errorf("schemas: %w", err)
		}
	}
	b.shared.schemas[key] = r
	return r, key, nil
}

// program returns the tenant's compiled mapping, and what it was compiled from.
func (b *builder) program(t *config.Tenant, registry *schema.Registry, schemas digest) (*mapping.Program, digest, error) {
	key, err := digestOf([]any{schemas, t.Application.Name, t.Application.Fields, t.Application.Roles, t.Mapping})
	if err != nil {
		return nil, key, fmt.Errorf("mapping: %w", err)
	}
	p := b.shared.programs[key]
	if p == nil {
		p = b.before.programs[key]
	}
	if p == nil {
		if p, err = mapping.Compile(mapping.Spec{Application: t.Application, Mapping: t.Mapping}, registry); err != nil {
			return nil, key, fmt.Errorf("mapping: %w", err)
		}
	}
	b.shared.programs[key] = p
	return p, key, nil
}

// condition returns an issuer's compiled condition, nil for none.
func (b *builder) condition(issuer config.Issuer) (claimsProgram, error) {
	text := issuer.Claims
	if text == "" {
		return nil, nil
	}
	f := b.shared.claims[text]
	if f == nil {
		f = b.before.claims[text]
	}
	if f == nil {
		var err error
		if f, err = mapping.CompileClaims(text); err != nil {
			return nil, fmt.Errorf("issuer %s: %w", issuer.Issuer, err)
		}
	}
	b.shared.claims[text] = f
	return f, nil
}

// issuers are those of the tenant, and the conditions that they share with others.
func (b *builder) issuers(t *config.Tenant) (issuers []auth.Issuer, conditions []string, err error) {
	issuers = make([]auth.Issuer, len(t.Issuers))
	for i, issuer := range t.Issuers {
		issuers[i] = auth.Issuer{Name: issuer.Issuer, Audiences: issuer.Audiences, Keys: b.keys.of(issuer)}
		if issuers[i].Claims, err = b.condition(issuer); err != nil {
			return nil, nil, err
		}
		if issuer.Claims != "" {
			conditions = append(conditions, issuer.Claims)
		}
	}
	return issuers, conditions, nil
}
