package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// shardVersion is the format of configurations that Version cannot express: in several shards, or with parts that tenants
// share.
const shardVersion = 2

// Shard is a part of a configuration.
type Shard struct {
	Place
	// Server is what is not of a single tenant. In other shards than 0 it has its Version and Name alone.
	Server
	// Layout is set in shard 0 alone.
	Layout Layout
	// Tenants are in the order of their keys. Hashes are theirs.
	Tenants []Tenant
	Hashes  []string
	Purges  []Purge
}

// wireShard is a shard as it is written. The fields before the parts and the tenants are few, so that a Collector need not
// read those.
type wireShard struct {
	Server
	Layout  Layout       `json:"layout,omitempty"`
	Place   *Place       `json:"place,omitempty"`
	Parts   wireParts    `json:"parts,omitzero"` // nothing where no part is shared
	Tenants []wireTenant `json:"tenants,omitempty"`
	Purges  []Purge      `json:"purges,omitempty"`
}

// wireParts are what several tenants have in common, by their hashes.
type wireParts struct {
	Applications map[string]*Application `json:"applications,omitempty"`
	Mappings     map[string]*Mapping     `json:"mappings,omitempty"`
	Extensions   map[string][]Extension  `json:"extensions,omitempty"`
}

func (p wireParts) empty() bool { return len(p.Applications)+len(p.Mappings)+len(p.Extensions) == 0 }

// wireTenant is a tenant whose parts may be replaced by references.
type wireTenant struct {
	Tenant
	ApplicationPart string `json:"applicationPart,omitempty"`
	MappingPart     string `json:"mappingPart,omitempty"`
	ExtensionsPart  string `json:"extensionsPart,omitempty"`
}

// encode writes a shard that is canonical. size is that of the JSON.
func (s *Shard) encode() (data []byte, size int, err error) {
	if err := s.validate(); err != nil {
		return nil, 0, err
	}
	w := wireShard{Server: s.Server, Purges: s.Purges}
	w.share(s.Tenants)
	if len(s.Layout) > 1 || s.Place != (Place{Span: wholeSpan}) {
		w.Place, w.Layout = &s.Place, s.Layout
	}
	if w.Place != nil || !w.Parts.empty() {
		w.Version = shardVersion
	}
	text, err := json.Marshal(w)
	if err != nil {
		return nil, 0, fmt.Errorf("config: encode: %w", err)
	}
	data, err = compress(text)
	return data, len(text), err
}

// share takes out of the tenants what several of them have in common.
func (w *wireShard) share(tenants []Tenant) {
	h, uses := newHasher(), map[string]int{}
	w.Tenants = make([]wireTenant, len(tenants))
	for i, t := range tenants {
		p := &w.Tenants[i]
		p.Tenant = t
		if t.Application != nil {
			p.ApplicationPart = h.application(t.Application)
		}
		if t.Mapping != nil {
			p.MappingPart = h.mapping(t.Mapping)
		}
		if len(t.Extensions) > 0 {
			p.ExtensionsPart = hash(t.Extensions)
		}
		for _, part := range []string{p.ApplicationPart, p.MappingPart, p.ExtensionsPart} {
			uses[part]++
		}
	}
	parts := wireParts{Applications: map[string]*Application{}, Mappings: map[string]*Mapping{}, Extensions: map[string][]Extension{}}
	for i := range w.Tenants {
		w.Tenants[i].refer(uses, parts)
	}
	if !parts.empty() {
		w.Parts = parts
	}
}

// refer puts references in place of the parts that are used more than once.
func (t *wireTenant) refer(uses map[string]int, parts wireParts) {
	if uses[t.ApplicationPart] > 1 && t.Application != nil {
		parts.Applications[t.ApplicationPart], t.Application = t.Application, nil
	} else {
		t.ApplicationPart = ""
	}
	if uses[t.MappingPart] > 1 && t.Mapping != nil {
		parts.Mappings[t.MappingPart], t.Mapping = t.Mapping, nil
	} else {
		t.MappingPart = ""
	}
	if uses[t.ExtensionsPart] > 1 && len(t.Extensions) > 0 {
		parts.Extensions[t.ExtensionsPart], t.Extensions = t.Extensions, nil
	} else {
		t.ExtensionsPart = ""
	}
}

// resolve puts the parts in place of the references.
func (t *wireTenant) resolve(parts wireParts) error {
	if t.ApplicationPart != "" {
		if t.Application != nil || parts.Applications[t.ApplicationPart] == nil {
			return fmt.Errorf("applicationPart %.40q is none", t.ApplicationPart)
		}
		t.Application = parts.Applications[t.ApplicationPart]
	}
	if t.MappingPart != "" {
		if t.Mapping != nil || parts.Mappings[t.MappingPart] == nil {
			return fmt.Errorf("mappingPart %.40q is none", t.MappingPart)
		}
		t.Mapping = parts.Mappings[t.MappingPart]
	}
	if t.ExtensionsPart != "" {
		if t.Extensions != nil || parts.Extensions[t.ExtensionsPart] == nil {
			return fmt.Errorf("extensionsPart %.40q is none", t.ExtensionsPart)
		}
		t.Extensions = parts.Extensions[t.ExtensionsPart]
	}
	return nil
}

// validate checks all of a shard that can be told without the others.
func (s *Shard) validate() error {
	f := &findings{}
	if s.Shard == 0 {
		f.head(&s.Server)
		f.check(s.Layout.valid(), "config: the layout does not give each slot to one shard")
	} else {
		f.check(validKey(s.Name), "config: name %q is not namespace/name", s.Name)
		f.check(s.Layout == nil && reflect.DeepEqual(s.Server, Server{Version: s.Version, Name: s.Name}), "config: shard %d has what belongs to shard 0", s.Shard)
		f.check(s.Shard > 0 && s.Shard < MaxShards, "config: there is no shard %d", s.Shard)
	}
	f.tenants(s.Tenants)
	f.purges(s.Tenants, s.Purges)
	for _, t := range s.Tenants {
		f.check(s.has(slotOf(t.Key)), "config: tenant %q does not belong into shard %d", t.Key, s.Shard)
	}
	return f.err()
}

// Hash identifies the tenant's entry: every field of it. It is 32 hexadecimal characters.
func (t Tenant) Hash() string { return newHasher().tenant(t) }

// Hash identifies the configuration as a whole, 32 hexadecimal characters.
func (s *Server) Hash() string {
	h, hashes := newHasher(), make([]string, len(s.Tenants))
	for i, t := range s.Tenants {
		hashes[i] = h.tenant(t)
	}
	return hashOf(s, hashes)
}

// hashOf is the hash of a configuration whose tenants have these hashes.
func hashOf(s *Server, hashes []string) string {
	head := *s
	head.Tenants, head.Purges = nil, sortedPurges(s.Purges)
	return hash([]any{head, slices.Sorted(slices.Values(hashes))})
}

// hasher hashes tenants, and what they share once.
type hasher struct {
	applications map[*Application]string
	mappings     map[*Mapping]string
}

func newHasher() *hasher {
	return &hasher{applications: map[*Application]string{}, mappings: map[*Mapping]string{}}
}

func (h *hasher) application(a *Application) string {
	sum, ok := h.applications[a]
	if !ok {
		sum = hash(canonicalApplication(a))
		h.applications[a] = sum
	}
	return sum
}

func (h *hasher) mapping(m *Mapping) string {
	sum, ok := h.mappings[m]
	if !ok {
		sum = hash(m)
		h.mappings[m] = sum
	}
	return sum
}

func (h *hasher) tenant(t Tenant) string {
	var parts [2]string
	if t.Application != nil {
		parts[0], t.Application = h.application(t.Application), nil
	}
	if t.Mapping != nil {
		parts[1], t.Mapping = h.mapping(t.Mapping), nil
	}
	t.Tokens = canonicalTokens(t.Tokens)
	return hash([]any{t, parts})
}

// hash is cut to 128 bits: it finds change, nothing trusts it, and a report holds one for each tenant.
func hash(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // a time beyond year 9999 alone; Validate refuses it
		text = []byte(err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// DecodeShard reads one shard, as strictly as Decode reads all of them. Applications, mappings and extensions that tenants
// have in common are one value, which nobody may change.
func DecodeShard(data []byte) (*Shard, error) {
	text, err := decompress(data)
	if err != nil {
		return nil, err
	}
	w, err := readShard(text)
	if err != nil {
		return nil, err
	}
	s := &Shard{Server: w.Server, Purges: sortedPurges(w.Purges), Layout: w.Layout}
	if err := s.place(w.Version, w.Place); err != nil {
		return nil, err
	}
	s.Tenants = make([]Tenant, len(w.Tenants))
	for i := range w.Tenants {
		s.Tenants[i] = canonicalTenant(w.Tenants[i].Tenant)
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	h := newHasher()
	s.Hashes = make([]string, len(s.Tenants))
	for i, t := range s.Tenants {
		s.Hashes[i] = h.tenant(t)
	}
	return s, nil
}

// place says which shard it is. One that doesn't say it is the only one.
func (s *Shard) place(version int, p *Place) error {
	s.Version = Version
	switch {
	case p != nil && version != shardVersion:
		return errors.New("config: a shard of version 1")
	case p != nil:
		s.Place = *p
	default:
		s.Place = Place{Span: wholeSpan}
		if s.Layout == nil {
			s.Layout = single()
		}
	}
	return nil
}
