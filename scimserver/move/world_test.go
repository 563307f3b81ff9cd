package move

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

const (
	tenant = "ns/a"
	east   = "scim-system/east/uid-1" // the source
	west   = "scim-system/west/uid-2" // the target
	key    = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)

var begun = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// world is two servers and a move of a tenant from one to the other, in which something may happen at each step: "before seal"
// is when the target asks for the seal, "after seal" when the source has it and has not answered; "before Load" and "after Load"
// are about the target's store.
type world struct {
	t            *testing.T
	source       store.Store
	target       store.Store // as it is, without steps
	server       *httptest.Server
	at           func(step string) error // nil: nothing happens; an error: the step fails
	seals        *Seals
	changed      int // calls of Source.Changed
	role         string
	acknowledged []string // ids of users that the source has acknowledged

	mu      sync.Mutex
	steps   []string
	now     time.Time
	reports []config.MoveReport
}

var errStep = errors.New("the step failed")

func newWorld(t *testing.T, source, target store.Store) *world {
	t.Helper()
	w := &world{t: t, source: source, target: target, role: config.MoveSource, now: begun}
	w.own(source, east, "")
	w.own(target, west, store.TakeNothing)
	w.seals = &Seals{Store: source, Clock: w.clock, Log: slog.New(slog.DiscardHandler)}
	from := &Source{
		Store: source, Party: w.party, Seals: w.seals, Log: slog.New(slog.DiscardHandler), Changed: func() { w.changed++ },
	}
	w.server = httptest.NewServer(w.stepping(from))
	t.Cleanup(w.server.Close)
	return w
}

func twoDatabases(t *testing.T) *world {
	t.Helper()
	return newWorld(t, memory.New(), memory.New())
}

func (w *world) own(s store.Store, owner, from string) {
	w.t.Helper()
	if _, err := s.Own(context.Background(), owner, map[string]string{tenant: from}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) party(id string) (Party, bool) {
	m := config.Move{ID: "m1", Role: w.role, PeerOwner: west, Key: key}
	return Party{Move: m, Tenant: tenant, Owner: east}, id == m.ID
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// step notes a step, and lets happen what is to.
func (w *world) step(name string) error {
	w.mu.Lock()
	w.steps = append(w.steps, name)
	w.mu.Unlock()
	if w.at == nil {
		return nil
	}
	return w.at(name)
}

// taken are the steps so far.
func (w *world) taken() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.steps)
}

// stepping holds answers back until the step is over, and cuts the connection where it fails.
func (w *world) stepping(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, Path)
		if err := w.step("before " + name); err != nil {
			panic(http.ErrAbortHandler)
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		if err := w.step("after " + name); err != nil {
			panic(http.ErrAbortHandler)
		}
		rw.WriteHeader(answer.Code)
		_, _ = rw.Write(answer.Body.Bytes())
	})
}

// stepped is the target's store with steps.
type stepped struct {
	store.Store
	w *world
}

func (s stepped) around(name string, do func() error) error {
	if err := s.w.step("before " + name); err != nil {
		return err
	}
	return errors.Join(do(), s.w.step("after "+name))
}

func (s stepped) Load(ctx context.Context, key string, remove []store.RowKey, rows []store.Row) error {
	return s.around("Load", func() error { return s.Store.Load(ctx, key, remove, rows) })
}

func (s stepped) Counts(ctx context.Context, key string) (c store.Counts, err error) {
	err = s.around("Counts", func() error { c, err = s.Store.Counts(ctx, key); return err })
	return c, err
}

func (s stepped) PassOwner(ctx context.Context, key string, from, to store.Ownership) (passed bool, err error) {
	err = s.around("PassOwner", func() error { passed, err = s.Store.PassOwner(ctx, key, from, to); return err })
	return passed, err
}

// run has the target fetch the tenant, once.
func (w *world) run(ctx context.Context) error {
	m := config.Move{ID: "m1", Role: config.MoveTarget, Peer: w.server.URL, PeerOwner: east, Key: key}
	client := Client(&m)
	defer client.CloseIdleConnections()
	t := Target{
		Party: Party{Move: m, Tenant: tenant, Owner: west}, Store: stepped{w.target, w}, HTTP: client, Clock: w.clock,
		Log: slog.New(slog.DiscardHandler), Tell: func(r config.MoveReport) { w.reports = append(w.reports, r) },
	}
	return t.Run(ctx)
}

// put writes users at the source, and tells what came of it.
func (w *world) put(ids ...string) error {
	ctx := context.Background()
	err := w.source.Update(ctx, tenant, func(tx store.Writer) error {
		for _, id := range ids {
			if _, err := tx.Insert(ctx, user(id, id)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		w.acknowledged = append(w.acknowledged, ids...)
	}
	return err
}

// change renames the first of two users and removes the other.
func (w *world) change(renamed, removed string) error {
	ctx := context.Background()
	err := w.source.Update(ctx, tenant, func(tx store.Writer) error {
		_, err := tx.Replace(ctx, user(renamed, "renamed-"+renamed))
		return errors.Join(err, tx.Delete(ctx, store.TypeUser, removed, begun))
	})
	if err == nil {
		w.acknowledged = slices.DeleteFunc(w.acknowledged, func(id string) bool { return id == removed })
	}
	return err
}

func user(id, name string) store.Record {
	return store.Record{
		Type: store.TypeUser, ID: id, Created: begun, Modified: begun, Active: true,
		Doc:  fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q}`, name),
		Keys: store.Keys{Name: name, NameUnique: true, Active: true},
	}
}

// ids are n of users.
func ids(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s-%04d", prefix, i)
	}
	return all
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) owner(s store.Store) store.Ownership {
	w.t.Helper()
	o, err := s.Owner(context.Background(), tenant)
	w.must(err)
	return o
}

// owners checks who may write the tenant, says each of the two databases.
func (w *world) owners(source, target store.Ownership) {
	w.t.Helper()
	if got := w.owner(w.source); got != source {
		w.t.Errorf("at the source: %+v, want %+v", got, source)
	}
	if got := w.owner(w.target); got != target {
		w.t.Errorf("at the target: %+v, want %+v", got, target)
	}
}

// oneWriter checks that no two servers serve the tenant.
func (w *world) oneWriter(when string) {
	w.t.Helper()
	if w.owner(w.source).Permits(tenant, east, false) == nil && Complete(w.owner(w.target), west) {
		w.t.Errorf("%s: both servers may write the tenant", when)
	}
}

// moved checks that the tenant is the target's, with all that the source has acknowledged and just as the source has it.
func (w *world) moved() {
	w.t.Helper()
	w.owners(store.Ownership{Owner: east, Mark: store.Moved("m1")}, store.Ownership{Owner: west})
	if diff := cmp.Diff(dump(w.t, w.source), dump(w.t, w.target)); diff != "" {
		w.t.Errorf("rows of the source (-) and of the target (+):\n%s", diff)
	}
	err := w.target.View(context.Background(), tenant, func(r store.Reader) error {
		for _, id := range w.acknowledged {
			if _, err := r.Get(context.Background(), store.TypeUser, id); err != nil {
				return fmt.Errorf("the acknowledged %s: %w", id, err)
			}
		}
		return nil
	})
	if err != nil {
		w.t.Error(err)
	}
}

// dump are all rows of a database, as text.
func dump(t *testing.T, s store.Store) (rows []string) {
	t.Helper()
	err := s.Dump(context.Background(), tenant, func(r store.Row) error {
		sum, err := r.Sum()
		rows = append(rows, fmt.Sprintf("%s %s %x", r.Kind, r.Key, sum.Sum))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// ask sends an order as it is.
func (w *world) ask(what string, header http.Header, body string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.server.URL+Path+what, strings.NewReader(body))
	w.must(err)
	req.Header = header
	answer, err := w.server.Client().Do(req)
	w.must(err)
	defer func() { _ = answer.Body.Close() }()
	var text bytes.Buffer
	_, err = text.ReadFrom(answer.Body)
	w.must(err)
	return answer.StatusCode, text.String()
}
