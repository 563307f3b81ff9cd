package app

import (
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/auth"
	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/feed"
	"github.com/scim-operator/scim-operator/scimserver/httpapi"
	"github.com/scim-operator/scim-operator/scimserver/limit"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// entry is one tenant of a snapshot.
type entry struct {
	config   config.Tenant
	base     string // base URL of the server
	hash     string // of config, which is served; empty: the tenant never could be built
	err      error  // why the latest configuration of the tenant is not served
	parts    parts
	http     *httpapi.Tenant
	activity *httpapi.Activity
	members  *member.Tenant // nil: the tenant has no application
	tended   tended         // members, or the journal of a tenant without application
	feed     *feed.Tenant   // nil as well
}

type builder struct {
	base   string
	clock  func() time.Time
	shared *shared
	before *shared // of the snapshot before
	keys   *keySets
	engine *member.Engine // nil: nobody is provisioned
	limits limits
}

// build returns the tenant as t says, whose hash it is. An unchanged one stays what it was; one that cannot be built stays what it was,
// with the reason, or answers 503.
func (b *builder) build(t config.Tenant, hash string, prev *entry) *entry {
	b.keys.use(t.Issuers)
	if prev != nil && prev.hash == hash && prev.base == b.base {
		b.shared.keep(b.before, prev.parts)
		if prev.err == nil {
			return prev
		}
		same := *prev // the reason is gone with the configuration that it concerned
		same.err = nil
		return &same
	}
	e, err := b.make(t, prev)
	switch {
	case err == nil:
		e.hash = hash
		return e
	case prev != nil && prev.hash != "":
		b.shared.keep(b.before, prev.parts)
		kept := *prev
		kept.err = err
		return &kept
	}
	return b.broken(t, err)
}

func (b *builder) make(t config.Tenant, prev *entry) (*entry, error) {
	registry, key, err := b.registry(&t)
	if err != nil {
		return nil, err
	}
	e := &entry{config: t, base: b.base, parts: parts{schemas: key}, activity: &httpapi.Activity{}}
	credentials, err := b.credentials(e)
	if err != nil {
		return nil, err
	}
	if prev != nil {
		e.activity = prev.activity
	}
	if e.members, err = b.members(e, registry, prev); err != nil {
		return nil, err
	}
	e.tended = b.tended(e, prev)
	if e.feed, err = b.feed(t, e.members, prev); err != nil {
		return nil, err
	}
	e.http = &httpapi.Tenant{
		Directory:   b.directory(t, registry, e.tended),
		Auth:        credentials,
		Client:      t.IdentityProvider,
		Limit:       b.limiter(t, prev),
		Gate:        gate(t, prev),
		Share:       b.limits.share(prev),
		BodyBytes:   t.Limits.BodyBytes,
		Unavailable: unavailable(t),
		Observe:     e.activity,
	}
	return e, nil
}

func (b *builder) credentials(e *entry) (*auth.Credentials, error) {
	bearer, err := auth.NewBearer(e.config.Tokens, b.clock)
	if err != nil {
		return nil, err
	}
	issuers, conditions, err := b.issuers(&e.config)
	if err != nil {
		return nil, err
	}
	e.parts.claims = conditions
	return auth.NewCredentials(bearer, auth.NewJWT(issuers, b.clock)), nil
}

func (b *builder) directory(t config.Tenant, registry *schema.Registry, p directory.Provisioner) *directory.Tenant {
	return &directory.Tenant{
		Provisioner:          p,
		Key:                  t.Key,
		URL:                  b.base + "/" + t.Key + "/scim/v2",
		Schemas:              registry,
		Strict:               t.Protocol == "Strict",
		UniqueIdentifier:     t.UniqueIdentifier,
		MaxUsers:             t.Limits.Users,
		MaxGroups:            t.Limits.Groups,
		KeepPasswords:        t.KeepPasswords,
		IgnoreUnknownMembers: t.IgnoreUnknownMembers,
	}
}

// broken is a tenant that never was served: it knows its tokens and answers 503 to those who have one.
func (b *builder) broken(t config.Tenant, err error) *entry {
	t.Extensions, t.Issuers, t.Suspended, t.Gated = nil, nil, false, false
	e, again := b.make(t, nil)
	if again != nil { // without extensions and issuers nothing is left that could be wrong
		panic(fmt.Sprintf("tenant %s: %v", t.Key, again))
	}
	e.err = err
	e.http.Unavailable = refuse(time.Minute, "the configuration of this tenant cannot be used; the administrator finds the reason in its status")
	return e
}

// limiter keeps the state of the one before, unless the limits changed.
func (b *builder) limiter(t config.Tenant, prev *entry) httpapi.Limiter {
	l := t.Limits
	if prev != nil && prev.config.Limits.RequestsPerSecond == l.RequestsPerSecond && prev.config.Limits.Burst == l.Burst {
		return prev.http.Limit
	}
	if b.limits.bucket != nil && l.RequestsPerSecond > 0 {
		return limit.NewShared(b.limits.bucket, t.Key, "requests", l.RequestsPerSecond, l.Burst)
	}
	return limit.New(l.RequestsPerSecond, l.Burst)
}

// gate keeps the line of the one before, unless its length changed.
func gate(t config.Tenant, prev *entry) httpapi.Gate {
	n := t.Limits.ConcurrentRequests
	if prev != nil && prev.config.Limits.ConcurrentRequests == n {
		return prev.http.Gate
	}
	if g := limit.NewGate(n); g != nil {
		return g
	}
	return nil
}

// limits are what tenants have in common.
type limits struct {
	bucket limit.Bucket  // that their requests are taken from; nil: each process has the whole rate
	shares *limit.Shares // nil: nobody's reads are bounded
}

// How many reads may be at work for each processor: some wait for a disk, and where the work is done by a database of its own
// most of them do.
const (
	readsHere      = 2
	readsElsewhere = 4
)

// atWork is how many reads keep the processors busy.
func atWork(s store.Store) int {
	if s.Shared() {
		return readsElsewhere * runtime.GOMAXPROCS(0)
	}
	return readsHere * runtime.GOMAXPROCS(0)
}

// share keeps the one before.
func (l limits) share(prev *entry) httpapi.Gate {
	switch {
	case l.shares == nil:
		return nil
	case prev != nil:
		return prev.http.Share
	}
	return l.shares.NewShare()
}

func unavailable(t config.Tenant) *scimerr.Error {
	switch {
	case t.Suspended:
		return refuse(5*time.Minute, "this tenant is suspended by its administrator; nothing is lost, try again later")
	case t.Gated:
		return refuse(time.Minute, "this tenant is not ready yet: a readiness gate of it is not met; try again later")
	}
	return nil
}

// heldBack is the tenant while it cannot be served, though the configuration has it.
func (e *entry) heldBack(detail string) *httpapi.Tenant {
	t := *e.http
	t.Unavailable = refuse(5*time.Second, detail)
	return &t
}

func refuse(after time.Duration, detail string) *scimerr.Error {
	return &scimerr.Error{Status: http.StatusServiceUnavailable, Detail: detail, RetryAfter: after}
}
