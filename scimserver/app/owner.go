package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// ownTimeout is how long a configuration waits for the database to say who owns its tenants. Nothing is written without its
// answer, whether the tenants are served or not.
const ownTimeout = 5 * time.Second

// owner claims the tenants of configurations.
type owner struct {
	store store.Store // nil: nobody is asked
	log   *slog.Logger
}

// foreign is a tenant that cannot be served.
type foreign struct {
	store.Ownership
	sealed bool   // it is served, but not written: by a move that has ended, or will
	detail string // for who asks for it
	reason string // for the administrator
}

// owned are tenants that cannot be served, by key.
type owned map[string]foreign

// detail is what is answered for a tenant that is held back.
func (o owned) detail(key string) string {
	if f, ok := o[key]; ok {
		return f.detail
	}
	return "the data of an earlier tenant of this name are being deleted; try again"
}

// ownership claims the tenants of a configuration, and returns those that cannot be served here: of another owner, on their
// way, or gone.
func (l *live) ownership(next *config.Server) owned {
	if l.own.store == nil || next.Owner == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), ownTimeout)
	defer cancel()
	others, err := l.own.store.Own(ctx, next.Owner, claims(next))
	if err != nil {
		l.own.log.Warn("the owners of the tenants could not be found out; trying again", "error", err)
		return nil
	}
	found := owned{}
	for i := range next.Tenants {
		t := &next.Tenants[i]
		o, other := others[t.Key]
		if f, no := judge(t, o, next.Owner); no && (other || t.Move != nil && t.Move.Role == config.MoveForward) {
			found[t.Key] = f
		}
	}
	return found
}

// claims are the tenants, and from whom each may be taken. Nothing is taken of those that come from elsewhere, that have gone,
// and that are to be purged.
func claims(next *config.Server) map[string]string {
	tenants := make(map[string]string, len(next.Tenants)+len(next.Purges))
	for _, p := range next.Purges {
		tenants[p.Tenant] = store.TakeNothing
	}
	for i := range next.Tenants {
		t := &next.Tenants[i]
		tenants[t.Key] = t.TakeFrom
		if t.Move != nil {
			tenants[t.Key] = store.TakeNothing
		}
	}
	return tenants
}

// judge tells why a tenant with an ownership cannot be served, if so.
func judge(t *config.Tenant, o store.Ownership, self string) (foreign, bool) {
	f := foreign{Ownership: o}
	sealed := o.Owner == self && strings.HasPrefix(o.Mark, store.Sealed(""))
	switch {
	case t.Move != nil && t.Move.Role == config.MoveTarget:
		f.detail, f.reason = "the tenant is moving to this server; try again", "the tenant's data are on their way from "+t.Move.PeerOwner
	case t.Move != nil && t.Move.Role == config.MoveForward:
		f.detail, f.reason = "the tenant has moved to another server; try again", "the tenant has moved to "+t.Move.PeerOwner
	case sealed:
		f.sealed = true
	case o.Owner == "":
		return f, false
	case o.Owner == self:
		f.detail = "the tenant has moved to another server; try again"
		f.reason = fmt.Sprintf("the tenant's data in this database are %s, so that others are newer or more complete", o.Mark)
	default:
		f.detail = "the tenant belongs to another server; its administrator finds in its status what to do"
		f.reason = "the tenant's data in this database belong to " + o.Owner
	}
	return f, true
}

// whyHeld is why a tenant is not served, for the administrator.
func (l *live) whyHeld(key string) string {
	if s := l.current.Load(); s != nil {
		if f, ok := s.owned[key]; ok {
			return f.reason
		}
	}
	return "the data of an earlier tenant of this name are being deleted"
}

// otherOwner is the other server that a tenant belongs to, empty: none does.
func (l *live) otherOwner(key string) string {
	s := l.current.Load()
	if s == nil {
		return ""
	}
	if f, ok := s.owned[key]; ok && f.Owner != s.config.Owner {
		return f.Owner
	}
	return ""
}
