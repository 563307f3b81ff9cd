package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// pingTimeout is less than the timeout of a usual readiness probe.
const pingTimeout = 800 * time.Millisecond

// check is one condition of readiness.
type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// opsHandler serves health and metrics.
func (a *App) opsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.Metrics.Handler())
	mux.HandleFunc("GET /livez", a.serveLive)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		checks := a.checks(r.Context())
		if r.URL.Query().Has("verbose") {
			writeVerbose(w, checks)
			return
		}
		writePlain(w, checks)
	})
	if a.Profiles {
		mountProfiles(mux)
	}
	return mux
}

// serveLive asks for a restart where nothing else helps. What passes by itself, as a full disk, is a matter of readiness.
func (a *App) serveLive(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), pingTimeout)
	defer cancel()
	if err := a.Store.Ping(ctx); errors.Is(err, store.ErrBroken) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("the store must be opened anew\n"))
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

// mountProfiles serves the profiles of the Go runtime, as net/http/pprof does on the default mux, which nobody serves here.
func mountProfiles(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}

// checks are what must hold for requests to be sent here. A refused configuration is none: the earlier one serves.
func (a *App) checks(ctx context.Context) []check {
	return []check{a.configCheck(), a.storeCheck(ctx), {Name: "running", OK: !a.live.stopping.Load()}}
}

func (a *App) configCheck() check {
	c := check{Name: "config"}
	if s := a.live.current.Load(); s != nil {
		c.OK, c.Detail = true, "hash "+s.hash
	}
	if why := a.live.rejected.Load(); why != nil {
		c.Detail = strings.TrimSpace(c.Detail + " (the latest was refused: " + *why + ")")
	}
	return c
}

func (a *App) storeCheck(ctx context.Context) check {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := a.Store.Ping(ctx); err != nil {
		return check{Name: "store", Detail: err.Error()}
	}
	return check{Name: "store", OK: true}
}

func statusOf(checks []check) (code int, failed []string) {
	code = http.StatusOK
	for _, c := range checks {
		if !c.OK {
			code, failed = http.StatusServiceUnavailable, append(failed, c.Name)
		}
	}
	return code, failed
}

func writePlain(w http.ResponseWriter, checks []check) {
	code, failed := statusOf(checks)
	w.WriteHeader(code)
	if len(failed) == 0 {
		_, _ = w.Write([]byte("ok\n"))
		return
	}
	_, _ = w.Write([]byte("not ready: " + strings.Join(failed, ", ") + "\n"))
}

func writeVerbose(w http.ResponseWriter, checks []check) {
	code, failed := statusOf(checks)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": len(failed) == 0, "checks": checks})
}
