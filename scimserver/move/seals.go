package move

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// SealLimit is how long the source is kept still at most. The target gives up a little earlier.
const SealLimit = 20 * time.Second

// Seals breaks seals that last, so that a target that dies does not stop the tenant.
type Seals struct {
	Store store.Store
	Clock func() time.Time
	Log   *slog.Logger

	mu    sync.Mutex
	since map[string]sealSeen // by tenant
}

type sealSeen struct {
	mark string
	at   time.Time
}

// Note forgets what was seen of a tenant's ownership.
func (s *Seals) Note(tenant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.since, tenant)
}

// Look breaks the seal of a tenant if this process has seen it for SealLimit, or at once where no move is under way any more.
// It returns the ownership as it is then.
func (s *Seals) Look(ctx context.Context, tenant, self string, moving bool) (store.Ownership, error) {
	o, err := s.Store.Owner(ctx, tenant)
	if err != nil || o.Owner != self || !strings.HasPrefix(o.Mark, store.Sealed("")) {
		s.Note(tenant)
		return o, err
	}
	if moving && !s.lasts(tenant, o.Mark) {
		return o, nil
	}
	open := store.Ownership{Owner: self}
	broken, err := s.Store.PassOwner(ctx, tenant, o, open)
	if err != nil || !broken {
		return o, err
	}
	s.Log.Warn("a move did not end in time; the tenant is written here again", "tenant", tenant)
	s.Note(tenant)
	return open, nil
}

func (s *Seals) lasts(tenant, mark string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, ok := s.since[tenant]
	if !ok || seen.mark != mark {
		if s.since == nil {
			s.since = map[string]sealSeen{}
		}
		s.since[tenant] = sealSeen{mark: mark, at: s.Clock()}
		return false
	}
	return s.Clock().Sub(seen.at) >= SealLimit
}
