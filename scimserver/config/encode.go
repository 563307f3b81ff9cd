package config

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Encode writes s as compressed JSON. Equal configurations give equal bytes, whatever the order of their tenants.
// It refuses what Decode would refuse, so that an invalid configuration never reaches a server.
func Encode(s *Server) ([]byte, error) {
	c := canonical(s)
	if err := c.Validate(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("config: encode: %w", err)
	}
	if len(text) > MaxDecodedBytes {
		return nil, fmt.Errorf("config: %d bytes of JSON, at most %d: spread the tenants over more servers", len(text), MaxDecodedBytes)
	}
	out, err := compress(text)
	if err != nil {
		return nil, err
	}
	if len(out) > MaxEncodedBytes {
		return nil, fmt.Errorf("config: %d bytes, a Secret holds %d: spread the tenants over more servers", len(out), MaxEncodedBytes)
	}
	return out, nil
}

func compress(text []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("config: compress: %w", err)
	}
	if _, err := z.Write(text); err != nil {
		return nil, fmt.Errorf("config: compress: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("config: compress: %w", err)
	}
	return b.Bytes(), nil
}

// canonical returns a copy with sorted lists and times in UTC; s itself stays as it is.
func canonical(s *Server) *Server {
	c := *s
	c.Tenants = slices.Clone(s.Tenants)
	slices.SortStableFunc(c.Tenants, func(a, b Tenant) int { return cmp.Compare(a.Key, b.Key) })
	for i := range c.Tenants {
		c.Tenants[i] = canonicalTenant(c.Tenants[i])
	}
	c.Purges = slices.Clone(s.Purges)
	slices.SortStableFunc(c.Purges, func(a, b Purge) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.UID, b.UID))
	})
	return &c
}

// canonicalTenant keeps the order of tokens and extensions: both are chosen by the operator and mean nothing else.
func canonicalTenant(t Tenant) Tenant {
	t.Tokens = canonicalTokens(t.Tokens)
	if t.Application != nil {
		a := *t.Application
		a.FeedTokens = canonicalTokens(a.FeedTokens)
		t.Application = &a
	}
	return t
}

func canonicalTokens(list []Token) []Token {
	list = slices.Clone(list)
	for i, tok := range list {
		if tok.NotAfter != nil {
			at := tok.NotAfter.UTC()
			list[i].NotAfter = &at
		}
	}
	return list
}

// Hash identifies the tenant's entry: every field of it. It is 32 hexadecimal characters.
func (t Tenant) Hash() string { return hash(canonicalTenant(t)) }

// Hash identifies the configuration as a whole, 32 hexadecimal characters.
func (s *Server) Hash() string { return hash(canonical(s)) }

// hash is cut to 128 bits: it finds change, nothing trusts it, and a report holds one for each tenant.
func hash(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // a time beyond year 9999 alone; Validate refuses it
		text = []byte(err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
