package member

import (
	"context"
	"errors"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// What is kept of the provisioning log and of the events, by age and number. Events that are not delivered stay.
const (
	KeepFor    = 30 * 24 * time.Hour
	KeepLog    = 100_000
	KeepEvents = 100_000

	pruneBatch = 500
)

// Tend does what is left to the background, in small transactions: questions that a crash has left, releases of the brake,
// users whose groups or mapping have changed. It does one portion, and tells whether there is more at once.
func (t *Tenant) Tend(ctx context.Context) (more bool, err error) {
	if err := t.recoverIntents(ctx); err != nil {
		return false, err
	}
	if err := t.takeRelease(ctx); err != nil {
		return false, err
	}
	if more, err = t.workSome(ctx); more || err != nil {
		return more, err
	}
	return t.remapSome(ctx)
}

// recoverIntents resolves intents of no operation that is under way.
func (t *Tenant) recoverIntents(ctx context.Context) error {
	left := false
	err := t.store.View(ctx, t.Key, func(r store.Reader) error {
		intents, err := r.Intents(ctx)
		for _, i := range intents {
			left = left || !t.asking.isOpen(i.ID)
		}
		return err
	})
	if err != nil || !left {
		return err
	}
	return t.resolve(ctx, func(i store.Intent) bool { return !t.asking.isOpen(i.ID) })
}

// workSome looks at users whose groups have changed.
func (t *Tenant) workSome(ctx context.Context) (more bool, err error) {
	var ids []string
	err = t.store.View(ctx, t.Key, func(r store.Reader) error {
		ids, err = r.Work(ctx, remapBatch)
		return err
	})
	if err != nil || len(ids) == 0 {
		return false, err
	}
	return true, t.lookAt(ctx, ids, "Groups", func(w store.Writer) error { return w.RemoveWork(ctx, ids) })
}

// Prune removes what has been kept long enough, and asks again for off-boardings that the application has refused. It is
// to be called every few minutes where there have been events, else RetryVetoes is.
func (t *Tenant) Prune(ctx context.Context) error {
	before := t.now().Add(-KeepFor)
	err := t.untilFew(func() (int64, error) { return t.store.PruneLog(ctx, t.Key, before, KeepLog, pruneBatch) })
	err2 := t.untilFew(func() (int64, error) { return t.store.PruneEvents(ctx, t.Key, before, KeepEvents, pruneBatch) })
	return errors.Join(err, err2, t.RetryVetoes(ctx))
}

func (*Tenant) untilFew(prune func() (int64, error)) error {
	for {
		if n, err := prune(); err != nil || n < pruneBatch {
			return err
		}
	}
}
