package config

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"slices"
	"time"
)

// Encode writes s as compressed JSON, in as many shards as it takes. Equal configurations give equal bytes, whatever the
// order of their tenants. It refuses what Decode would refuse, so that an invalid configuration never reaches a server.
func Encode(s *Server) ([]byte, error) {
	plan, err := Split(s, nil)
	if err != nil {
		return nil, err
	}
	return Bundle(plan.Data), nil
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
	c.Purges = sortedPurges(s.Purges)
	return &c
}

func sortedPurges(list []Purge) []Purge {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Purge) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.UID, b.UID))
	})
	return list
}

// canonicalTenant keeps the order of tokens and extensions: both are chosen by the operator and mean nothing else.
func canonicalTenant(t Tenant) Tenant {
	t.Tokens = canonicalTokens(t.Tokens)
	t.Application = canonicalApplication(t.Application)
	return t
}

// canonicalApplication is the same one where that is canonical: tenants share it.
func canonicalApplication(a *Application) *Application {
	if a == nil || !slices.ContainsFunc(a.FeedTokens, elsewhere) {
		return a
	}
	c := *a
	c.FeedTokens = canonicalTokens(a.FeedTokens)
	return &c
}

// elsewhere tells whether the end of a token is given in the time of some place.
func elsewhere(t Token) bool { return t.NotAfter != nil && t.NotAfter.Location() != time.UTC }

func canonicalTokens(list []Token) []Token {
	if !slices.ContainsFunc(list, elsewhere) {
		return list
	}
	list = slices.Clone(list)
	for i, tok := range list {
		if tok.NotAfter != nil {
			at := tok.NotAfter.UTC()
			list[i].NotAfter = &at
		}
	}
	return list
}
