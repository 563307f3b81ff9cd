package member

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// What is kept of the provisioning log and of the events, by age and number. Events that are not delivered stay.
const (
	KeepFor    = 30 * 24 * time.Hour
	KeepLog    = 100_000
	KeepEvents = 100_000

	pruneBatch = 500
	pruneFor   = 4 * time.Minute // that one process is left alone with it
)

// ErrLater means that the background work of a tenant is to be looked at again soon: another process is at it, and may die
// over it, or has not loaded the configuration yet.
var ErrLater = errors.New("the background work is left to another process, or to a later time")

// tendFor is how long others leave the background work to the process that has done the latest portion of it.
const tendFor = 30 * time.Second

// leaveWithin is how long a claim is given up; then it runs out.
const leaveWithin = 2 * time.Second

// Tend does what is left to the background, in small transactions: questions that a crash has left, releases of the brake,
// users whose groups or mapping have changed. It does one portion, and tells whether there is more at once. Of the processes
// on one database one does it, the others get ErrLater.
func (t *Tenant) Tend(ctx context.Context) (more bool, err error) {
	if err := t.WriteRefusals(ctx, false); err != nil {
		return false, err
	}
	if waits, err := t.waits(ctx); err != nil || !waits {
		return false, err
	}
	if err := t.claim(ctx, "tend", tendFor); err != nil {
		return false, err
	}
	more, err = t.tend(ctx)
	if !more {
		err = errors.Join(err, t.Leave(ctx))
	}
	return more, err
}

// Leave lets another process go on with what Tend has begun, also when ctx has ended.
func (t *Tenant) Leave(ctx context.Context) error {
	if !t.store.Shared() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	return t.store.Release(ctx, t.Key, "tend", t.holder)
}

func (t *Tenant) tend(ctx context.Context) (more bool, err error) {
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

// waits tells whether there is anything to do.
func (t *Tenant) waits(ctx context.Context) (any bool, err error) {
	err = t.store.View(ctx, t.Key, func(r store.Reader) error {
		intents, err := r.Intents(ctx)
		if err != nil {
			return err
		}
		ids, err := r.Work(ctx, 1)
		if err != nil {
			return err
		}
		b, err := readBrake(ctx, r)
		if err != nil {
			return err
		}
		var m remap
		if err := readState(ctx, r, remapState, &m); err != nil {
			return err
		}
		any = slices.ContainsFunc(intents, t.abandoned) || len(ids) > 0 || b.Release != t.Lifecycle.BrakeRelease || t.remapDue(m)
		return nil
	})
	return any, err
}

// abandonedAfter is the age at which an intent of another process belongs to no operation any more: it is longer than an
// application may take to answer, and the commit after it.
const abandonedAfter = config.MaxTimeout*time.Second + 2*resolveTime + 10*time.Second

// abandoned tells whether an intent belongs to no operation that is under way.
func (t *Tenant) abandoned(i store.Intent) bool {
	if t.store.Shared() && t.now().Sub(i.Created) < abandonedAfter {
		return false
	}
	return !t.asking.isOpen(i.ID)
}

// recoverIntents resolves intents of no operation that is under way.
func (t *Tenant) recoverIntents(ctx context.Context) error {
	left := false
	err := t.store.View(ctx, t.Key, func(r store.Reader) error {
		intents, err := r.Intents(ctx)
		left = slices.ContainsFunc(intents, t.abandoned)
		return err
	})
	if err != nil || !left {
		return err
	}
	return t.resolve(ctx, t.abandoned)
}

// workSome looks at users whose groups have changed.
func (t *Tenant) workSome(ctx context.Context) (more bool, err error) {
	var ids []string
	err = t.store.View(ctx, t.Key, func(r store.Reader) error {
		ids, err = r.Work(ctx, batchSize)
		return err
	})
	if err != nil || len(ids) == 0 {
		return false, err
	}
	_, err = t.lookAt(ctx, ids, "Groups", func(w store.Writer) error { return w.RemoveWork(ctx, ids) })
	return true, err
}

// Prune removes what has been kept long enough where there have been events since, and asks again for off-boardings that the
// application has refused. It is to be called every few minutes. Of the processes on one database one does it, the others get
// ErrLater.
func (t *Tenant) Prune(ctx context.Context, since bool) error {
	if !since {
		return t.RetryVetoes(ctx)
	}
	if err := t.claim(ctx, "prune", pruneFor); err != nil {
		return err
	}
	before := t.now().Add(-KeepFor)
	err := t.pruneLog(ctx)
	err2 := untilFew(func() (int64, error) { return t.store.PruneEvents(ctx, t.Key, before, KeepEvents, pruneBatch) })
	return errors.Join(err, err2, t.RetryVetoes(ctx))
}

func untilFew(prune func() (int64, error)) error {
	for {
		if n, err := prune(); err != nil || n < pruneBatch {
			return err
		}
	}
}
