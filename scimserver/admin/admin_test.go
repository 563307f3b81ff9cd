package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

func TestLog(t *testing.T) {
	t.Parallel()
	r := run(t, tenant)
	r.user(1, "Ann@example.com")
	r.log(id(1), 0, "create")
	r.log("", int64(len("bob@example.com")), "reject")
	r.log(id(2), 0, "create")
	r.log(id(1), 0, "update")
	for query, want := range map[string]string{
		"":                           "create reject create update",
		"limit=2":                    "create update",
		"after=2":                    "create update",
		"after=1&limit=2":            "reject create",
		"user=" + id(1):              "create update",
		"user=ann@EXAMPLE.com":       "create reject update", // as long as bob's: the test's hash
		"user=ext-1":                 "create update",
		"user=ext-1&after=2":         "update",
		"user=somebody":              "",
		"since=2026-03-01T12:00:00Z": "create reject create update",
		"since=2026-03-01T12:00:01Z": "",
	} {
		var got []string
		for _, line := range r.get("log", query) {
			var row struct{ Entry struct{ Decision string } }
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			got = append(got, row.Entry.Decision)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	r := run(t, tenant)
	r.log(id(1), 0, "first")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var got []string
	err := r.client.Lines(ctx, "GET", "/tenants/"+tenant+"/log", url.Values{"follow": {"1"}}, nil, func(line []byte) error {
		got = append(got, string(line))
		switch len(got) {
		case 1:
			go r.log(id(1), 0, "second")
		case 2:
			stop()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("end of following: %v", err)
	}
	if len(got) < 2 || !strings.Contains(got[1], "second") {
		t.Errorf("followed %q", got)
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	r := run(t, tenant)
	r.user(1, "ann")
	r.member(11, id(1), "ann")
	r.member(12, "", "gone")
	r.update(func(ctx context.Context, w store.Writer) error {
		return w.PutHold(ctx, store.Hold{MemberID: id(11), Name: "asset-1", Reason: "a laptop", Created: day})
	})
	want := []admin.Member{
		{ID: id(11), UserID: id(1), UserName: "ann", Active: true, Role: "Staff", Sequence: 1, Created: day, Modified: day, Holds: []admin.Hold{{Name: "asset-1", Reason: "a laptop", Created: day}}},
		{ID: id(12), UserName: "gone", Active: true, Role: "Staff", Sequence: 1, Created: day, Modified: day},
	}
	for query, want := range map[string][]admin.Member{"": want, "user=ann": want[:1], "user=" + id(1): want[:1], "user=" + id(11): want[:1], "user=ext-1": want[:1]} {
		var got []admin.Member
		for _, line := range r.get("members", query) {
			var m admin.Member
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			got = append(got, m)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(admin.Member{}, "Fields")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	r := run(t, tenant)
	r.update(func(ctx context.Context, w store.Writer) error {
		return w.AppendEvent(ctx, store.Event{Sequence: 1, MemberID: id(11), Type: store.MemberCreated, Created: day, Body: []byte(`{}`), NextAttempt: day}, 0)
	})
	if err := r.store.Delivered(t.Context(), tenant, []int64{1}); err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{"parkedOnly":true}`:         `{"events":0}`,
		`{"from":2}`:                  `{"events":0}`,
		`{"from":3,"to":2}`:           "error: the events from 3 to 2 are none",
		`{"all":true}`:                `error: the request cannot be read: json: unknown field "all"`,
		`{"member":"` + id(11) + `"}`: `{"events":1}`,
	} {
		lines, err := r.ask("POST", "/"+tenant+"/replay", "", body)
		got := strings.Join(lines, " ")
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	r := run(t, tenant)
	for n := range 501 { // more than a page
		r.user(n+1, fmt.Sprintf("user%d", n+1))
	}
	r.update(func(ctx context.Context, w store.Writer) error {
		if err := w.SetPassword(ctx, store.TypeUser, id(1), "hash"); err != nil {
			return err
		}
		if _, err := w.Insert(ctx, store.Record{Type: store.TypeGroup, ID: id(900), Created: day, Modified: day, Active: true, Doc: []byte(`{"displayName":"Staff"}`), Keys: store.Keys{Name: "staff"}}); err != nil {
			return err
		}
		_, _, err := w.AddMembers(ctx, id(900), []string{id(2), id(1)})
		return err
	})
	r.member(11, id(1), "user1")
	kinds := map[string]int{}
	var last admin.Line
	for _, text := range r.get("export", "") {
		last = admin.Line{}
		if err := json.Unmarshal([]byte(text), &last); err != nil {
			t.Fatal(err)
		}
		kinds[last.Kind]++
		switch {
		case last.ID == id(1) && last.Password != "hash":
			t.Error("the hash of the password is missing")
		case last.Kind == "Group" && !cmp.Equal(last.Members, []string{id(2), id(1)}):
			t.Errorf("members of the group: %v", last.Members)
		}
	}
	if diff := cmp.Diff(map[string]int{"header": 1, "User": 501, "Group": 1, "member": 1, "end": 1}, kinds); diff != "" {
		t.Error(diff)
	}
	if last.Kind != "end" || last.Users != 501 || last.Groups != 1 {
		t.Errorf("last line %+v", last)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	r := run(t, tenant, "b/b")
	for request, want := range map[string]string{
		"/x/y/log":                        "tenant x/y is not on this server; it has acme-ns/acme, b/b",
		"/" + tenant + "/log?since=soon":  `since "soon" is not a time such as`,
		"/" + tenant + "/log?limit=-1":    `limit "-1" is not a whole number`,
		"/" + tenant + "/log?after=x":     `after "x" is not a whole number`,
		"/" + tenant + "/members?user=no": "no member has this id, and no user",
		"/" + tenant + "/nothing":         "404 Not Found",
	} {
		path, query, _ := strings.Cut(request, "?")
		if _, err := r.ask("GET", path, query, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", request, err, want)
		}
	}
	many := run(t, "a/1", "a/2", "a/3", "a/4", "a/5", "a/6")
	if _, err := many.ask("GET", "/x/y/log", "", ""); err == nil || !strings.Contains(err.Error(), "`scimserver admin tenants` lists") {
		t.Errorf("many tenants: %v", err)
	}
	none := run(t)
	if _, err := none.ask("GET", "/x/y/log", "", ""); err == nil || !strings.Contains(err.Error(), "no tenants yet") {
		t.Errorf("no tenants: %v", err)
	}
}

// TestCutOff: an answer that fails in its midst must not look whole.
func TestCutOff(t *testing.T) {
	t.Parallel()
	r := run(t, tenant)
	r.store.broken.Store(true)
	lines, err := r.ask("GET", "/"+tenant+"/export", "", "")
	if err == nil || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("export that failed behind its header: %q, %v", lines, err)
	}
	if _, err := r.ask("GET", "/"+tenant+"/members", "", ""); err == nil || !strings.Contains(err.Error(), "store unavailable") {
		t.Errorf("members: %v", err)
	}
}

func TestSocket(t *testing.T) {
	t.Parallel()
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	if _, err := admin.Listen(long); err == nil || !strings.Contains(err.Error(), "choose another folder") {
		t.Errorf("long path: %v", err)
	}
	dir, err := os.MkdirTemp("", "admin") //nolint:usetesting // as above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	nobody := admin.NewClient(dir)
	defer nobody.Close()
	if err := nobody.Lines(t.Context(), "GET", "/tenants", nil, nil, nil); err == nil || !strings.Contains(err.Error(), "no server listens on") {
		t.Errorf("nobody there: %v", err)
	}
	for range 2 { // the second finds what the first has left
		l, err := admin.Listen(dir)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, admin.SocketName))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("socket: %v, %v", info.Mode(), err)
		}
		defer l.Close()
	}
}

func TestTenants(t *testing.T) {
	t.Parallel()
	r := run(t, tenant, "b/b")
	r.user(1, "ann")
	var got bytes.Buffer
	err := r.client.Lines(t.Context(), "GET", "/tenants", nil, nil, func(line []byte) error {
		_, err := fmt.Fprintf(&got, "%s\n", line)
		return err
	})
	want := `{"tenant":"acme-ns/acme","users":1,"activeUsers":1,"groups":0,"pendingEvents":0,"parkedEvents":0}
{"tenant":"b/b","users":0,"activeUsers":0,"groups":0,"pendingEvents":0,"parkedEvents":0}
`
	if err != nil || got.String() != want {
		t.Errorf("%v\n%s", err, got.String())
	}
}
