package member

import (
	"bytes"
	"context"
	"sync/atomic"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Journal writes the provisioning log of a tenant: what was refused and, where the tenant has no application, what was
// written. It implements directory.Provisioner for such a tenant.
type Journal struct {
	*Engine
	tenant string       // its key
	since  atomic.Int64 // entries written since old ones were removed
	pruned atomic.Int64 // when that was, Unix seconds
}

// Old entries are removed once a day, and where there have come so many.
const (
	pruneDaily = 24 * time.Hour
	pruneAfter = 1000
)

// Journal returns the journal of a tenant, by its key.
func (e *Engine) Journal(tenant string) *Journal { return &Journal{Engine: e, tenant: tenant} }

func (j *Journal) decided(d Decision) {
	if j.observe != nil {
		j.observe.Decided(j.tenant, d)
	}
}

// Update implements directory.Provisioner.
func (j *Journal) Update(ctx context.Context, op directory.Operation, fn func(store.Writer, directory.Changes) error) error {
	var r record
	err := j.store.Update(ctx, j.tenant, func(w store.Writer) error {
		r = record{op: op}
		if err := fn(w, &r); err != nil {
			return err
		}
		return j.write(ctx, w, &r)
	})
	if err == nil && r.told != "" {
		j.since.Add(1)
		j.decided(Decision{Kind: r.told})
	}
	return err
}

// write writes an entry for what an identity provider has changed, or would have if nothing had been left out.
func (j *Journal) write(ctx context.Context, w store.Writer, r *record) error {
	e := entryOf(r.op, j.now())
	if !r.changed() && len(e.Ignored) == 0 {
		return nil
	}
	user, err := r.who()
	if err != nil {
		return err
	}
	e.about(user)
	if e.Decision = Stored; r.op.Type == store.TypeGroup {
		e.Decision = Group
	}
	r.told = e.Decision
	return e.appendTo(ctx, w, Subject(j.tenant, user.userName))
}

// record is one transaction of an operation. It implements directory.Changes.
type record struct {
	op            directory.Operation
	before, after *store.Record // of the user
	doc           *resource.Object
	told          Kind
}

// User implements directory.Changes.
func (r *record) User(before, after *store.Record, doc *resource.Object) {
	r.before, r.after, r.doc = before, after, doc
}

// Groups implements directory.Changes.
func (*record) Groups() bool { return false }

// Regroup implements directory.Changes.
func (*record) Regroup(context.Context, ...string) error { return nil }

// changed tells whether the operation has written anything; of groups that is not known.
func (r *record) changed() bool {
	return r.before == nil || r.after == nil || r.before.Version != r.after.Version
}

// who is the user as the operation has left it, or found it where it is gone.
func (r *record) who() (who, error) {
	rec := r.after
	if rec == nil {
		rec = r.before
	}
	if rec == nil {
		return who{}, nil
	}
	w := who{userID: rec.ID, userName: r.op.UserName}
	if w.userName != "" {
		return w, nil
	}
	if r.doc != nil {
		w.userName = r.doc.Value("userName").Text()
		return w, nil
	}
	var err error
	w.userName, err = userNameIn(rec.Doc)
	return w, err
}

var userNameKey = []byte(`"userName":"`)

// userNameIn reads the userName of a stored document, mostly without the rest of it: it is in front of all objects. Within a
// text the key cannot be, as a quote has a backslash there.
func userNameIn(doc []byte) (string, error) {
	before, value, found := bytes.Cut(doc, userNameKey)
	if found && bytes.LastIndexByte(before, '{') == 0 {
		if end := bytes.IndexByte(value, '"'); end >= 0 && bytes.IndexByte(value[:end], '\\') < 0 {
			return string(value[:end]), nil
		}
	}
	o, err := resource.Parse(doc)
	if err != nil {
		return "", err
	}
	return o.Value("userName").Text(), nil
}

// Tend writes refusals that were counted. There is never more at once.
func (j *Journal) Tend(ctx context.Context) (more bool, err error) {
	return false, j.WriteRefusals(ctx, false)
}

// Leave has nothing to give up.
func (*Journal) Leave(context.Context) error { return nil }

// Prune removes entries that were kept long enough, if it is time. Of the processes on one database one does it, the others get
// ErrLater.
func (j *Journal) Prune(ctx context.Context, _ bool) error {
	now, since := j.now(), j.since.Load()
	if since < pruneAfter && now.Sub(time.Unix(j.pruned.Load(), 0)) < pruneDaily {
		return nil
	}
	if err := j.claim(ctx, "prune", pruneFor); err != nil {
		return err
	}
	if err := j.pruneLog(ctx); err != nil {
		return err
	}
	j.since.Add(-since)
	j.pruned.Store(now.Unix())
	return nil
}

func (j *Journal) pruneLog(ctx context.Context) error {
	before := j.now().Add(-KeepFor)
	return untilFew(func() (int64, error) { return j.store.PruneLog(ctx, j.tenant, before, KeepLog, pruneBatch) })
}

// claim returns ErrLater where another process has the work.
func (j *Journal) claim(ctx context.Context, work string, ttl time.Duration) error {
	if !j.store.Shared() {
		return nil
	}
	mine, err := j.store.Claim(ctx, j.tenant, work, j.holder, ttl)
	if err == nil && !mine {
		return ErrLater
	}
	return err
}
