package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

func TestOps(t *testing.T) {
	t.Parallel()
	s := &storeStub{}
	a := &App{Options: Options{Store: s, Metrics: telemetry.New("test")}, live: newLive(t, "")}
	h := a.opsHandler()
	check := func(path string, code int, body string) {
		t.Helper()
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		if rec.Code != code || body != "" && rec.Body.String() != body {
			t.Errorf("%s: %d %s, want %d %s", path, rec.Code, rec.Body, code, body)
		}
	}
	check("/livez", 200, "ok\n")
	check("/metrics", 200, "")
	check("/", 404, "")
	check("/readyz", 503, "not ready: config\n")
	_ = a.live.Offer([]byte("damaged"))
	check("/readyz?verbose", 503, `{"checks":[{"name":"config","ok":false,"detail":"(the latest was refused: config: damaged: unexpected EOF)"},{"name":"store","ok":true},{"name":"running","ok":true}],"ready":false}`+"\n")
	offer(t, a.live, server())
	check("/readyz", 200, "ok\n")
	hash := server().Hash()
	check("/readyz?verbose", 200, `{"checks":[{"name":"config","ok":true,"detail":"hash `+hash+`"},{"name":"store","ok":true},{"name":"running","ok":true}],"ready":true}`+"\n")
	_ = a.live.Offer([]byte("damaged again"))
	check("/readyz", 200, "ok\n")
	s.set(func() { s.broken = errDisk })
	check("/readyz", 503, "not ready: store\n")
	check("/readyz?verbose", 503, `{"checks":[{"name":"config","ok":true,"detail":"hash `+hash+` (the latest was refused: config: damaged: gzip: invalid header)"},{"name":"store","ok":false,"detail":"disk on fire"},{"name":"running","ok":true}],"ready":false}`+"\n")
	check("/livez", 200, "ok\n")
	s.set(func() { s.broken = fmt.Errorf("%w: %w", store.ErrUnavailable, store.ErrBroken) })
	check("/livez", 503, "the store must be opened anew\n")
	s.set(func() { s.broken = nil })
	a.live.stopping.Store(true)
	check("/readyz", 503, "not ready: running\n")
	check("/livez", 200, "ok\n")
}

func TestProfilesOnRequestOnly(t *testing.T) {
	t.Parallel()
	for profiles, want := range map[bool]int{false: http.StatusNotFound, true: http.StatusOK} {
		a := &App{Options: Options{Store: &storeStub{}, Metrics: telemetry.New("test"), Profiles: profiles}, live: newLive(t, "")}
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/allocs", "/debug/pprof/profile?seconds=1", "/debug/pprof/trace?seconds=0.01"} {
			rec := httptest.NewRecorder()
			a.opsHandler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
			if rec.Code != want {
				t.Errorf("profiles %t: %s: %d", profiles, path, rec.Code)
			}
		}
	}
}
