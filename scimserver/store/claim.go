package store

import (
	"context"
	"time"
)

// Claims keeps several processes on one database from doing the same work at the same time. Claims and buckets are no data
// of the tenant: they end by themselves, and with the tenant.
type Claims interface {
	// Shared tells whether other processes may use the same data. Where it is false callers need none of the others.
	Shared() bool

	// Claim takes the work of the name for holder, or prolongs it, until ttl from now by the clock of the database. It is
	// false where another one holds it. The tenant need not exist.
	Claim(ctx context.Context, tenant, work, holder string, ttl time.Duration) (bool, error)

	// Release gives a claim up before its time. One that holder does not hold is passed over.
	Release(ctx context.Context, tenant, work, holder string) error

	// Grant takes up to want tokens, as many as there are, from a bucket of the tenant that all processes share. It holds
	// burst at first and at most, and rate come in a second, by the clock of the database. Rate and burst are at least 1.
	Grant(ctx context.Context, tenant, bucket string, rate, burst, want int) (granted int, err error)

	// Heads returns the ends of those of the tenants that have any events or log rows.
	Heads(ctx context.Context, tenants []string) (map[string]Head, error)
}

// Head is the end of what a tenant has written.
type Head struct {
	Event int64 // sequence of the latest event, 0: none
	Log   int64 // of the latest row of the provisioning log
}
