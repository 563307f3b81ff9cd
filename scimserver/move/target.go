package move

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/transfer"
)

// Target fetches one tenant.
type Target struct {
	Party
	Store store.Store
	HTTP  *http.Client // of Client
	Clock func() time.Time
	Log   *slog.Logger
	// Tell is told how far it is.
	Tell func(config.MoveReport)
}

const (
	// small is a difference that may be left to the time of the seal, in rows; passes bounds the tries to come to that. As what
	// changes during a pass is fetched in about the time of one, a quick pass will do as well where many write; with each try
	// it may take a little longer.
	small  = 500
	passes = 8
	quick  = 500 * time.Millisecond
	// sealPasses are those under the seal: one that loads, and one that finds nothing more.
	sealPasses = 4
	sealMargin = 5 * time.Second // before SealLimit
	// settle is how long it is tried to tell the source that the seal led to nothing.
	settle = 3 * time.Second
)

// Complete tells whether the tenant belongs to the server: all data are there.
func Complete(o store.Ownership, self string) bool { return o == store.Ownership{Owner: self} }

// Run fetches the tenant and returns when it belongs to this server. After an error it may be called again, at any time and by
// any process: it goes on where it was.
func (t *Target) Run(ctx context.Context) error {
	from := &remote{Party: t.Party, http: t.HTTP}
	own, err := t.Store.Owner(ctx, t.Tenant)
	if err != nil || Complete(own, t.Owner) {
		return err
	}
	st, err := from.standing(ctx)
	if err != nil {
		return err
	}
	if st.Protocol != protocol || st.Stream != transfer.Version {
		return fmt.Errorf("the other server speaks version %d.%d and this one %d.%d: run both servers in one release", st.Protocol, st.Stream, protocol, transfer.Version)
	}
	database, err := Database(ctx, t.Store)
	if err != nil {
		return err
	}
	if nonce, left := strings.CutPrefix(st.Owner.Mark, store.Sealed(t.ID+".")); left { // by an attempt that did not come to its end
		if err := from.order(ctx, "unseal", order{Nonce: nonce}); err != nil {
			return err
		}
	}
	if st.Database == database {
		return t.takeOver(ctx, from)
	}
	return t.fetch(ctx, from, own, st)
}

// takeOver ends a move inside one database: only the owner changes.
func (t *Target) takeOver(ctx context.Context, from *remote) error {
	nonce := rand.Text()
	if err := from.order(ctx, "seal", order{Nonce: nonce}); err != nil {
		return err
	}
	return from.order(ctx, "yield", order{Nonce: nonce})
}

func (t *Target) fetch(ctx context.Context, from *remote, own store.Ownership, st standing) error {
	if err := t.begin(ctx, own); err != nil {
		return err
	}
	if st.Owner == (store.Ownership{Owner: from.PeerOwner, Mark: store.Moved(t.ID)}) { // it was given away
		// All was here then, unless the database has been lost since: what the source keeps is better than nothing.
		if err := t.verify(ctx, from); err != nil {
			return err
		}
		return t.receive(ctx)
	}
	t.Tell(config.MoveReport{ID: t.ID, Phase: config.MoveCopying})
	for n := range passes {
		start := t.Clock()
		d, err := transfer.Pass(ctx, from, t.Store, t.Tenant, t.copied)
		if err != nil {
			return err
		}
		if d.Loaded+d.Removed <= small || t.Clock().Sub(start) <= time.Duration(n+1)*quick {
			return t.switchOver(ctx, from)
		}
	}
	return errors.New("the tenant changes faster than it can be copied; trying again")
}

func (t *Target) copied(done, total int64) {
	t.Tell(config.MoveReport{ID: t.ID, Phase: config.MoveCopying, Done: done, Total: total})
}

// begin marks the tenant as incomplete. What an earlier move has left of it is a beginning.
func (t *Target) begin(ctx context.Context, own store.Ownership) error {
	want := store.Ownership{Owner: t.Owner, Mark: store.Loading(t.ID)}
	if own == want {
		return nil
	}
	left := own.Owner == t.Owner && (strings.HasPrefix(own.Mark, store.Moved("")) || strings.HasPrefix(own.Mark, store.Loading("")))
	if own.Owner != "" && !left {
		return &store.NotOwnerError{Tenant: t.Tenant, Ownership: own}
	}
	_, err := t.Store.PassOwner(ctx, t.Tenant, own, want)
	return err
}

// switchOver keeps the source still, fetches the rest, and has the tenant given.
func (t *Target) switchOver(ctx context.Context, from *remote) (err error) {
	nonce := rand.Text()
	start := t.Clock()
	t.Tell(config.MoveReport{ID: t.ID, Phase: config.MoveSwitching})
	if err := from.order(ctx, "seal", order{Nonce: nonce}); err != nil {
		return err
	}
	if err := t.verifySealed(ctx, from); err != nil {
		return errors.Join(err, t.unseal(ctx, from, nonce))
	}
	// Whether the gift has come about, if the answer is lost, the next Run finds out.
	if err := from.order(ctx, "give", order{Nonce: nonce}); err != nil {
		return err
	}
	if err := t.receive(ctx); err != nil {
		return err
	}
	paused := t.Clock().Sub(start)
	t.Log.Info("a tenant has moved here", "tenant", t.Tenant, "move", t.ID, "paused", paused.String())
	t.Tell(config.MoveReport{ID: t.ID, Phase: config.MoveDone, PausedMillis: paused.Milliseconds()})
	return nil
}

// verifySealed is verify within the time of a seal.
func (t *Target) verifySealed(ctx context.Context, from *remote) error {
	ctx, cancel := context.WithTimeoutCause(ctx, SealLimit-sealMargin, errors.New("the rest of the tenant takes too long"))
	defer cancel()
	return t.verify(ctx, from)
}

// verify makes passes until one finds nothing, and compares the sizes. The source is still meanwhile.
func (t *Target) verify(ctx context.Context, from *remote) error {
	for range sealPasses {
		d, err := transfer.Pass(ctx, from, t.Store, t.Tenant, nil)
		if err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		if d.None() {
			return t.compareCounts(ctx, from)
		}
	}
	return errors.New("the source changes although it is sealed")
}

func (t *Target) compareCounts(ctx context.Context, from *remote) error {
	st, err := from.standing(ctx)
	if err != nil {
		return err
	}
	ours, err := t.Store.Counts(ctx, t.Tenant)
	if err == nil && ours != st.Counts {
		err = fmt.Errorf("the source counts %+v and the target %+v", st.Counts, ours)
	}
	return err
}

// unseal lets the source go on; it would do so by itself a little later.
func (t *Target) unseal(ctx context.Context, from *remote, nonce string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settle)
	defer cancel()
	return from.order(ctx, "unseal", order{Nonce: nonce})
}

// receive makes the tenant this server's, which no other has any more.
func (t *Target) receive(ctx context.Context) error {
	self := store.Ownership{Owner: t.Owner}
	passed, err := t.Store.PassOwner(ctx, t.Tenant, store.Ownership{Owner: t.Owner, Mark: store.Loading(t.ID)}, self)
	if err != nil || passed {
		return err
	}
	now, err := t.Store.Owner(ctx, t.Tenant)
	if err == nil && now != self {
		err = &store.NotOwnerError{Tenant: t.Tenant, Ownership: now}
	}
	return err
}
