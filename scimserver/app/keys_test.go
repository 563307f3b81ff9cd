package app

import (
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

func withIssuers(key string, issuers ...string) config.Tenant {
	t := config.Tenant{Key: key, IdentityProvider: "EntraID", Protocol: "Compatible", UniqueIdentifier: "userName", Limits: config.Limits{BodyBytes: 1 << 20}}
	for _, name := range issuers {
		t.Issuers = append(t.Issuers, config.Issuer{Issuer: name, Audiences: []string{key}})
	}
	return t
}

// TestKeysAreShared: keys are fetched once for all tenants of an issuer and stay when the configuration changes; those of
// an issuer nobody names any more go.
func TestKeysAreShared(t *testing.T) {
	t.Parallel()
	take := func(prev *snapshot, tenants ...config.Tenant) *snapshot {
		t.Helper()
		next := &config.Server{Version: config.Version, Name: "ns/s", BaseURL: "https://x", Tenants: tenants}
		if err := next.Validate(); err != nil {
			t.Fatal(err)
		}
		return newSnapshot(loaded(t, next), prev, nil, nil, time.Now, nil, limits{})
	}
	one := config.Issuer{Issuer: "https://one"}
	first := take(nil, withIssuers("ns/a", "https://one", "https://two"), withIssuers("ns/b", "https://one"))
	if n := len(first.keys.sets); n != 2 {
		t.Fatalf("%d key sets, want 2", n)
	}
	second := take(first, withIssuers("ns/a", "https://one"))
	third := take(second, withIssuers("ns/a", "https://one"))
	if second.keys.of(one) != first.keys.of(one) || third.keys.of(one) != first.keys.of(one) {
		t.Error("the keys of an issuer are fetched anew after a change")
	}
	if n := len(third.keys.sets); n != 1 {
		t.Errorf("%d key sets are left, want 1", n)
	}
}
