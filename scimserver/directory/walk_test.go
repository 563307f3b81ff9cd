package directory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite"
)

// listed is a ListResponse, or an error.
type listed struct {
	TotalResults, ItemsPerPage, StartIndex int
	NextCursor, PreviousCursor             string
	Resources                              []struct{ ID string }
	ScimType, Detail                       string
}

func (l listed) ids() (ids []string) {
	for _, r := range l.Resources {
		ids = append(ids, r.ID)
	}
	return ids
}

type logger interface {
	Helper()
	Fatalf(string, ...any)
}

// list gets a page; the query has %s for the cursor.
func list(t testing.TB, log logger, tenant *servertest.Tenant, path, cursor string, status int) (l listed) {
	log.Helper()
	path = strings.ReplaceAll(path, "%s", url.QueryEscape(cursor))
	a := tenant.Do(t, http.MethodGet, path, "")
	if a.Status != status {
		log.Fatalf("GET %s: %d %s, want %d", path, a.Status, a.Body, status)
	}
	if err := json.Unmarshal(a.Body, &l); err != nil {
		log.Fatalf("GET %s: %v: %s", path, err, a.Body)
	}
	return l
}

func createUsers(t testing.TB, tenant *servertest.Tenant, n int) (ids []string) {
	for i := range n {
		ids = append(ids, tenant.Create(t, "/Users", fmt.Sprintf(`{"schemas":[%q],"userName":"u%03d"}`, userURN, i)))
	}
	return ids
}

func TestCursorExpires(t *testing.T) {
	t.Parallel()
	var late atomic.Int64
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	server := servertest.New(t, servertest.WithClock(func() time.Time { return start.Add(time.Duration(late.Load())) }))
	for name, tenant := range map[string]*servertest.Tenant{"Compatible": server.NewTenant(t), "Strict": server.NewTenant(t, servertest.Strict())} {
		late.Store(0)
		createUsers(t, tenant, 3)
		const path = "/Users?cursor=%s&count=1"
		next := list(t, t, tenant, path, "", http.StatusOK).NextCursor
		late.Store(int64(directory.CursorLifetime - time.Second))
		renewed := list(t, t, tenant, path, next, http.StatusOK).NextCursor
		late.Store(int64(directory.CursorLifetime))
		if got := list(t, t, tenant, path, next, http.StatusBadRequest); got.ScimType != "expiredCursor" || !strings.Contains(got.Detail, "1h0m0s") {
			t.Errorf("%s: %+v", name, got)
		}
		if got := list(t, t, tenant, path, renewed, http.StatusOK); len(got.Resources) != 1 || got.NextCursor != "" {
			t.Errorf("%s: with the cursor of the page before: %+v", name, got)
		}
		if got := list(t, t, tenant, path+"&filter=title+pr", next, http.StatusBadRequest); got.ScimType != "invalidCursor" {
			t.Errorf("%s: one that is of another search, too: %+v", name, got)
		}
	}
}

// TestCursorOfAnotherTenant: neither reads a word of the other's.
func TestCursorOfAnotherTenant(t *testing.T) {
	t.Parallel()
	server := servertest.New(t, servertest.WithStore(memory.New()))
	a, b := server.NewTenant(t), server.NewTenant(t)
	createUsers(t, a, 3)
	createUsers(t, b, 3)
	next := list(t, t, a, "/Users?cursor=%s&count=1", "", http.StatusOK).NextCursor
	got := list(t, t, b, "/Users?cursor=%s&count=1", next, http.StatusBadRequest)
	forged := list(t, t, b, "/Users?cursor=%s&count=1", "A"+next[1:], http.StatusBadRequest)
	if got.ScimType != "invalidCursor" || got.Detail != forged.Detail {
		t.Errorf("%+v, and for a forged one %+v", got, forged)
	}
}

// TestCursorsOutliveTheServer: the database has the key, so that another server at it goes on with the walk.
func TestCursorsOutliveTheServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "scim.db")
	var next string
	var all, met []string
	for restart := range 2 {
		s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // servers side by side
			tenant := servertest.New(t, servertest.WithStore(s)).NewTenant(t)
			if restart == 0 && all == nil {
				all = createUsers(t, tenant, 8)
			}
			page := list(t, t, tenant, "/Users?cursor=%s&count=2&sortBy=userName", next, http.StatusOK)
			met, next = append(met, page.ids()...), page.NextCursor
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if next != "" || !slices.Equal(met, all) {
		t.Errorf("met %v, want %v, and then %q", met, all, next)
	}
}

// TestWalkIsWhatIsListed walks in pages of any size through one or both types, turning round at times. What a page shows is
// the part of the list that the index pages show, and its neighbours are where the cursors say.
func TestWalkIsWhatIsListed(t *testing.T) {
	t.Parallel()
	tenant := servertest.New(t, servertest.WithStore(memory.New())).NewTenant(t)
	createUsers(t, tenant, 11)
	for i := range 7 {
		tenant.Create(t, "/Groups", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g%d"}`, i%4))
	}
	rapid.Check(t, func(rt *rapid.T) {
		path := rapid.SampledFrom([]string{"/Users", "/Groups", "", ""}).Draw(rt, "path") + "?" + rapid.SampledFrom([]string{
			"", "&sortBy=userName&sortOrder=descending", "&sortBy=displayName", "&filter=userName+ge+%22u005%22", "&filter=displayName+eq+%22g1%22",
			"&filter=userName+ew+%223%22+or+displayName+pr&sortBy=displayName&sortOrder=descending", "&filter=externalId+pr",
		}).Draw(rt, "search")
		if strings.HasPrefix(path, "/Users?&filter=displayName") || strings.HasPrefix(path, "/Groups?") && strings.Contains(path, "userName") {
			rt.Skip("another type's attribute")
		}
		all := list(t, rt, tenant, path+"&count=100", "", http.StatusOK)
		count := rapid.IntRange(1, 20).Draw(rt, "count")
		page := fmt.Sprintf("%s&count=%d&cursor=%%s", path, count)
		at, cursor := 0, ""
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			got := list(t, rt, tenant, page, cursor, http.StatusOK)
			want := all.ids()[at:min(at+count, len(all.Resources))]
			if !slices.Equal(got.ids(), want) || got.TotalResults != all.TotalResults || got.ItemsPerPage != len(want) || got.StartIndex != 0 {
				rt.Fatalf("at %d of %v: got %+v, want %v", at, all.ids(), got, want)
			}
			if (got.NextCursor != "") != (at+count < len(all.Resources)) || (got.PreviousCursor != "") != (at > 0) {
				rt.Fatalf("at %d of %d, pages of %d: next %q, previous %q", at, len(all.Resources), count, got.NextCursor, got.PreviousCursor)
			}
			switch back := rapid.Bool().Draw(rt, "back"); {
			case back && at > 0:
				at, cursor = max(0, at-count), got.PreviousCursor
			case at+count < len(all.Resources):
				at, cursor = at+count, got.NextCursor
			}
		}
	})
}

// TestBackToTheDeleted: where nothing is left before a page, there is the first one.
func TestBackToTheDeleted(t *testing.T) {
	t.Parallel()
	tenant := servertest.New(t, servertest.WithStore(memory.New())).NewTenant(t)
	ids := createUsers(t, tenant, 5)
	const path = "/Users?cursor=%s&count=2"
	second := list(t, t, tenant, path, list(t, t, tenant, path, "", http.StatusOK).NextCursor, http.StatusOK)
	for _, id := range ids[:2] {
		tenant.Do(t, http.MethodDelete, "/Users/"+id, "")
	}
	got := list(t, t, tenant, path, second.PreviousCursor, http.StatusOK)
	if !slices.Equal(got.ids(), ids[2:4]) || got.PreviousCursor != "" || got.NextCursor == "" || got.TotalResults != 3 {
		t.Errorf("%+v", got)
	}
	for _, id := range ids[2:] {
		tenant.Do(t, http.MethodDelete, "/Users/"+id, "")
	}
	for _, cursor := range []string{got.NextCursor, second.PreviousCursor, second.NextCursor} {
		if got := list(t, t, tenant, path, cursor, http.StatusOK); len(got.Resources) != 0 || got.TotalResults != 0 || got.NextCursor+got.PreviousCursor != "" {
			t.Errorf("of nothing: %+v", got)
		}
	}
}

// keyless is a store that cannot make a key.
type keyless struct {
	store.Store
	failing atomic.Bool
}

func (k *keyless) Secret(ctx context.Context, name string) ([]byte, error) {
	if k.failing.Load() {
		return nil, fmt.Errorf("%w: the disk is full", store.ErrUnavailable)
	}
	return k.Store.Secret(ctx, name)
}

// TestCursorsWaitForTheKey: where the database cannot make one there are no cursors, and then there are.
func TestCursorsWaitForTheKey(t *testing.T) {
	t.Parallel()
	s := &keyless{Store: memory.New()}
	s.failing.Store(true)
	tenant := servertest.New(t, servertest.WithStore(s)).NewTenant(t)
	createUsers(t, tenant, 2)
	if got := tenant.Do(t, http.MethodGet, "/Users?cursor&count=1", ""); got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	list(t, t, tenant, "/Users?count=1", "", http.StatusOK)
	s.failing.Store(false)
	if got := list(t, t, tenant, "/Users?cursor=%s&count=1", "", http.StatusOK); got.NextCursor == "" {
		t.Errorf("%+v", got)
	}
}
