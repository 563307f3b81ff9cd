package manifests

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

func TestQuickstart(t *testing.T) {
	t.Parallel()
	sample, err := os.ReadFile("../../config/samples/quickstart/tenant.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, string(sample))
	got, token := b.tenant("default/acme"), b.token("default/acme")
	if !config.CheckToken(token) || !b.accepts("default/acme", token) || got.UID == "" {
		t.Errorf("token %q, entry %+v", token, got)
	}
	want := config.Tenant{
		Key: "default/acme", UID: got.UID, IdentityProvider: "Okta", Protocol: "Compatible", UniqueIdentifier: "userName", Groups: true, Tokens: got.Tokens,
		Limits: config.Limits{RequestsPerSecond: 50, Burst: 100, ConcurrentRequests: 10, Users: 100_000, Groups: 10_000, BodyBytes: 2 << 20},
	}
	if diff := cmp.Diff(want, got); diff != "" || b.served().BaseURL != "http://localhost:8080" {
		t.Errorf("%s (-want +got):\n%s", b.served().BaseURL, diff)
	}
	files := filepath.Join(b.data, "credentials", "default", "acme")
	header, err := os.ReadFile(files + ".header")
	if err != nil || string(header) != "Authorization: Bearer "+token+"\n" {
		t.Errorf("header %q, %v", header, err)
	}
	if want := "\nSCIMTenant default/acme is served.\n  Base URL  http://localhost:8080/default/acme/scim/v2\n  Token     in " + files + ".yaml\n" +
		"  Try it    curl -H @" + files + ".header http://localhost:8080/default/acme/scim/v2/Users\n\n"; b.out.String() != want {
		t.Errorf("people read\n%s\nwant\n%s", b.out.String(), want)
	}
	b.logged("token issued", "url=http://localhost:8080/default/acme/scim/v2")
	if strings.Contains(b.logs.String()+b.out.String(), token) {
		t.Error("the token is shown")
	}
	private(t, b.data, token)

	b.pass()
	if len(b.offers) != 1 || b.logs.Len()+b.out.Len() > 0 || !b.next.IsZero() {
		t.Errorf("without a change: %d offers, next %s\n%s%s", len(b.offers), b.next, b.logs.String(), b.out.String())
	}
}

// private checks that nobody else can read what is kept, and that only the credentials hold the token.
func private(t *testing.T, data, token string) {
	t.Helper()
	err := filepath.WalkDir(data, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
		if d.IsDir() || strings.Contains(path, "credentials") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(text), token) {
			t.Errorf("%s holds the token, or cannot be read: %v", path, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestLastGood: what is wrong changes nothing, also over a restart.
func TestLastGood(t *testing.T) {
	t.Parallel()
	b := newBench(t, acme)
	good := b.tenant("default/acme")
	same := func(when string) {
		t.Helper()
		if diff := cmp.Diff(good, b.tenant("default/acme")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	b.write("a.yaml", acme+"  limits: {users: -1}\n")
	b.pass()
	same("invalid value")
	b.logged("is not accepted", "name=default/acme", "reason=Invalid", "spec.limits.users: Invalid value: -1", "at=a.yaml:7")
	b.pass()
	if b.logs.Len() > 0 {
		t.Errorf("told again: %s", b.logs.String())
	}
	b.restart()
	same("invalid value at the start")
	b.logged("is not accepted")

	b.write("a.yaml", acme+"  limits: {user: 1}\n")
	b.pass()
	same("unknown field")
	b.logged("a.yaml:7: document 1, SCIMTenant acme: spec.limits.user: there is no such field")
	b.write("b.yaml", "a: b: c\n")
	b.pass()
	b.logged("a.yaml:7: ", "b.yaml:1: ")
	if n := strings.Count(b.logs.String(), "level=ERROR"); n != 2 || b.next.IsZero() {
		t.Errorf("%d errors logged, next pass at %s", n, b.next)
	}
	b.restart()
	same("unknown field at the start")
	b.logged("serving the configuration of the last run")

	b.remove(filepath.Join(b.dir, "b.yaml"))
	b.write("a.yaml", acme+"  limits: {users: 7}\n")
	b.pass()
	if got := b.tenant("default/acme"); got.Limits.Users != 7 || got.UID != good.UID || !b.accepts("default/acme", b.token("default/acme")) {
		t.Errorf("mended: %+v", got)
	}
	b.logged("manifests are in order again")
}

// TestNothingGood: there is nothing to fall back to.
func TestNothingGood(t *testing.T) {
	t.Parallel()
	b := newBench(t, "a: b: c")
	if len(b.offers) > 0 {
		t.Errorf("offered: %+v", b.served())
	}
	b.write("a.yaml", acme+"  suspended: maybe\n")
	b.pass()
	b.write("a.yaml", acme+"  lifecycle: {onDeactivate: {action: Remove}}\n")
	b.pass()
	b.notServed("default/acme")
	b.logged("reason=Invalid", "lifecycle needs an applicationRef")
	if b.token("default/acme") != "" {
		t.Error("a tenant that never was accepted has a token")
	}
	b.write("a.yaml", acme)
	b.pass()
	b.tenant("default/acme")
	b.logged("object is accepted", "kind=SCIMTenant")
}

func TestRefusedByTheServer(t *testing.T) {
	t.Parallel()
	b := newBench(t, acme)
	b.refuse = errors.New("too hot")
	b.write("a.yaml", acme+"  suspended: true\n")
	b.pass()
	b.logged("the configuration was refused: too hot")
	b.restart()
	if b.state.config.Tenants[0].Suspended {
		t.Error("what was refused is the last good one")
	}
	b.refuse = nil
	b.pass()
	if !b.tenant("default/acme").Suspended {
		t.Error("it is not offered again")
	}
}

// TestState: without its state a Source is as good as new, save that it knows no deletions.
func TestState(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "other form": `{"version": 1, "x": 1}`, "other version": `{"version": 2}`,
		"damaged": `{"version": 1, "config": "AAAA"}`, "null": `{"version": 1, "tenants": {"default/acme": null}}`,
	} {
		b := newBench(t, acme)
		before, token := b.tenant("default/acme"), b.token("default/acme")
		if err := os.WriteFile(b.state.file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b.restart()
		b.logged("state of the last run is lost")
		if got := b.tenant("default/acme"); got.UID == before.UID || b.token("default/acme") != token || !b.accepts("default/acme", token) {
			t.Errorf("%s: %+v", name, got)
		}
		if b.restart(); strings.Contains(b.logs.String(), "lost") {
			t.Errorf("%s: not written anew", name)
		}
	}
}

func TestStateCannotBeKept(t *testing.T) {
	t.Parallel()
	b := newBench(t, acme)
	b.state.file = filepath.Join(b.dir, "a.yaml", "state")
	b.write("a.yaml", acme+"  suspended: true\n")
	b.pass()
	b.logged("state was not kept")
	if !b.tenant("default/acme").Suspended {
		t.Error("the change is not served")
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		o    Options
		want string
	}{
		"no folder":     {Options{Dir: filepath.Join(dir, "none"), Data: dir}, "no such file"},
		"a file":        {Options{Dir: file, Data: dir}, "file is not a folder"},
		"no data":       {Options{Dir: dir}, "a folder for the data is needed"},
		"bad base URL":  {Options{Dir: dir, Data: dir, BaseURL: "scim.example.com"}, "not an absolute http or https URL"},
		"good base URL": {Options{Dir: dir, Data: dir, BaseURL: "https://scim.example.com/"}, ""},
	} {
		s, err := New(tc.o)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
		if err == nil && s.BaseURL != "https://scim.example.com" {
			t.Errorf("base URL %s", s.BaseURL)
		}
	}
}

func TestLocalURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"[::]:8080": "http://localhost:8080", "0.0.0.0:80": "http://localhost:80", ":1": "http://localhost:1", "127.0.0.1:8080": "http://127.0.0.1:8080",
		"[::1]:8080": "http://[::1]:8080", "scim.example.com:443": "http://scim.example.com:443", "nonsense": "",
	} {
		if got := localURL(address, false); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	if got := localURL("127.0.0.1:443", true); got != "https://127.0.0.1:443" {
		t.Errorf("TLS: %s", got)
	}
}

func TestEarlier(t *testing.T) {
	t.Parallel()
	var never time.Time
	now := time.Now()
	later := now.Add(1)
	for _, tc := range [][3]time.Time{{never, never, never}, {never, now, now}, {now, never, now}, {now, later, now}, {later, now, now}} {
		if got := earlier(tc[0], tc[1]); !got.Equal(tc[2]) {
			t.Errorf("earlier(%s, %s) = %s", tc[0], tc[1], got)
		}
	}
}
