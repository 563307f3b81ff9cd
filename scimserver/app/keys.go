package app

import (
	"net/http"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/auth"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// keySets are the keys of all issuers that the tenants of a snapshot name. Tenants with the same issuer share its keys,
// and so do the snapshots that follow one another.
type keySets struct {
	client *http.Client
	clock  func() time.Time
	before map[auth.Source]*auth.KeySet // of the snapshot before
	sets   map[auth.Source]*auth.KeySet
}

func newKeySets(clock func() time.Time) *keySets {
	return &keySets{client: auth.NewClient(), clock: clock, sets: map[auth.Source]*auth.KeySet{}}
}

// next is for the next snapshot: what that does not use is forgotten.
func (k *keySets) next() *keySets {
	return &keySets{client: k.client, clock: k.clock, before: k.sets, sets: map[auth.Source]*auth.KeySet{}}
}

func (k *keySets) use(issuers []config.Issuer) {
	for _, issuer := range issuers {
		k.of(issuer)
	}
}

func (k *keySets) of(issuer config.Issuer) *auth.KeySet {
	src := auth.Source{Issuer: issuer.Issuer, JWKSURL: issuer.JWKSURL}
	set := k.sets[src]
	if set == nil {
		set = k.before[src]
	}
	if set == nil {
		set = auth.NewKeySet(src, k.client, k.clock)
	}
	k.sets[src] = set
	return set
}
