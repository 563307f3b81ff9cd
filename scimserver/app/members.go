package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// members makes the tenant's part in the engine of members; nil where the tenant has no application.
func (b *builder) members(e *entry, registry *schema.Registry, prev *entry) (*member.Tenant, error) {
	t := &e.config
	if t.Application == nil || b.engine == nil {
		return nil, nil
	}
	program, key, err := b.program(t, registry, e.parts.schemas)
	if err != nil {
		return nil, err
	}
	e.parts.program = key
	hash, err := mappingHash(t)
	if err != nil {
		return nil, err
	}
	since, replaced := b.clock(), prev != nil // what was served until now, with another mapping or none
	if prev != nil && prev.members != nil && prev.members.Hash == hash {
		since, replaced = prev.members.Since, prev.members.Replaced
	}
	return b.engine.Tenant(member.Config{
		Key: t.Key, Since: since, Replaced: replaced, Application: t.Application, Lifecycle: t.Lifecycle, Mapper: program, Hash: hash,
		HasRole: t.Mapping != nil && t.Mapping.Role != nil, URL: b.base + "/" + t.Key + "/scim/v2",
	}), nil
}

// tended returns what has been made of the tenant's members, or keeps a journal where it has none.
func (b *builder) tended(e, prev *entry) tended {
	switch {
	case e.members != nil:
		return e.members
	case b.engine == nil:
		return nil
	case prev != nil && prev.members == nil && prev.tended != nil:
		return prev.tended
	}
	return b.engine.Journal(e.config.Key)
}

// mappingHash changes with all that a user is mapped by: then all users are mapped again.
func mappingHash(t *config.Tenant) (string, error) {
	text, err := json.Marshal([]any{t.Application.Fields, t.Application.Roles, t.Mapping, t.Extensions})
	if err != nil {
		return "", fmt.Errorf("mapping: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}
