package admin_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

const tenant = "acme-ns/acme"

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return day }

func id(n int) string { return fmt.Sprintf("00000000-0000-7000-8000-%012d", n) }

// brittle is a store whose snapshots cannot be read on demand.
type brittle struct {
	store.Store
	broken atomic.Bool
}

func (b *brittle) View(ctx context.Context, tenant string, fn func(store.Reader) error) error {
	if b.broken.Load() {
		return store.ErrUnavailable
	}
	return b.Store.View(ctx, tenant, fn)
}

// tenants are what a server has: every one of them is served with the same view.
type tenants struct {
	keys []string
	view *admin.View
}

func (t tenants) Keys() []string { return t.keys }

func (t tenants) View(string) (admin.View, bool) {
	if t.view == nil {
		return admin.View{}, false
	}
	return *t.view, true
}

// running is a server on a socket.
type running struct {
	t      *testing.T
	store  *brittle
	client *admin.Client
}

func run(t *testing.T, keys ...string) *running {
	t.Helper()
	return runWith(t, keys, nil)
}

// runWith serves the tenants with a view that is made of the store.
func runWith(t *testing.T, keys []string, view func(store.Store) *admin.View) *running {
	t.Helper()
	dir, err := os.MkdirTemp("", "admin") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &brittle{Store: memory.New()}
	commits := &admin.Commits{}
	s.OnCommit(commits.Signal)
	l, err := admin.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	served := tenants{keys: keys}
	if view != nil {
		served.view = view(s)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- admin.Serve(ctx, l, admin.New(admin.Deps{
			Store: s, Tenants: served, Directory: directory.New(directory.Deps{Store: s, Clock: clock}), Wake: commits.Wake, Clock: clock,
			Subject: func(_, text string) int64 { return int64(len(text)) },
		}))
	}()
	r := &running{t: t, store: s, client: admin.NewClient(dir)}
	t.Cleanup(func() {
		r.client.Close()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *running) update(fn func(ctx context.Context, w store.Writer) error) {
	r.t.Helper()
	ctx := r.t.Context()
	if err := r.store.Update(ctx, tenant, func(w store.Writer) error { return fn(ctx, w) }); err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) user(n int, userName string) {
	r.t.Helper()
	r.update(func(ctx context.Context, w store.Writer) error {
		_, err := w.Insert(ctx, store.Record{
			Type: store.TypeUser, ID: id(n), Created: day, Modified: day, Active: true,
			Doc:  fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"externalId":"ext-%d"}`, userName, n),
			Keys: store.Keys{Name: strings.ToLower(userName), NameUnique: true, Display: userName, ExternalID: fmt.Sprintf("ext-%d", n)},
		})
		return err
	})
}

func (r *running) member(n int, user, userName string) {
	r.t.Helper()
	r.update(func(ctx context.Context, w store.Writer) error {
		return w.InsertMember(ctx, store.MemberRecord{
			ID: id(n), UserID: user, UserName: userName, Active: true, Role: "Staff", Fields: []byte(`{"email":"x"}`), Sequence: 1,
			Created: day, Modified: day,
		})
	})
}

func (r *running) log(user string, subject int64, decision string) {
	r.t.Helper()
	r.update(func(ctx context.Context, w store.Writer) error {
		return w.AppendLog(ctx, store.LogRow{Time: day, UserID: user, Subject: subject, Entry: fmt.Appendf(nil, `{"decision":%q}`, decision)})
	})
}

// ask returns the lines of an answer.
func (r *running) ask(method, path, query, body string) (lines []string, err error) {
	r.t.Helper()
	v, err := url.ParseQuery(query)
	if err != nil {
		r.t.Fatal(err)
	}
	err = r.client.Lines(r.t.Context(), method, "/tenants"+path, v, strings.NewReader(body), func(line []byte) error {
		lines = append(lines, string(line))
		return nil
	})
	return lines, err
}

func (r *running) get(what, query string) []string {
	r.t.Helper()
	lines, err := r.ask("GET", "/"+tenant+"/"+what, query, "")
	if err != nil {
		r.t.Fatalf("%s?%s: %v", what, query, err)
	}
	return lines
}
