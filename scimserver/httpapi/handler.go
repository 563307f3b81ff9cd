package httpapi

import (
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// Deps is what the handler needs.
type Deps struct {
	Tenants   Tenants
	Directory *directory.Directory
	Observe   Observer         // told of every request, nil: nobody
	Log       *slog.Logger     // nil: nothing is logged
	Clock     func() time.Time // nil: time.Now
}

// handler serves every tenant.
type handler struct {
	Deps
	mux       *http.ServeMux
	exchanges sync.Pool
	streams   streamCount
}

// New returns the handler of /{namespace}/{name}/scim/v2/… of every tenant. Every answer is a SCIM document or a SCIM
// error, also for paths outside the protocol.
func New(d Deps) http.Handler {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Clock == nil {
		d.Clock = time.Now
	}
	h := &handler{Deps: d, mux: http.NewServeMux()}
	h.exchanges.New = func() any { return newExchange(h) }
	h.mountDiscovery()
	h.mountResources()
	h.mountUnknown()
	return h
}

// ServeHTTP implements http.Handler. The exchange goes through the mux as its ResponseWriter.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := h.exchanges.Get().(*exchange)
	x.begin(w, r)
	defer x.end()
	if !strings.HasPrefix(r.URL.Path, "/") || !normalise(r.URL) { // CONNECT host, GET *
		x.fail(scimerr.NotFound("no SCIM endpoint at this path"))
		return
	}
	h.mux.ServeHTTP(x, r)
	letOthersCatchUp(r.Method)
}

// letOthersCatchUp is called before the answer is sent, which net/http does once the handler returns. Reads that came together are
// so answered one right after the other, which wakes a client that has asked for several less often. Writes of one commit are anyway.
func letOthersCatchUp(method string) {
	if method != http.MethodGet {
		return
	}
	for range catchUps {
		runtime.Gosched()
	}
}

// catchUps is how often the scheduler is asked: the second time for those whose requests came meanwhile. More gains nothing.
const catchUps = 2

// endpoint answers one method of one route. It sends the answer itself, or returns an error before it has sent anything.
type endpoint func(*exchange) error

// methods are the endpoints of a route. HEAD is GET; any is for what has none of its own.
type methods struct{ get, post, put, patch, delete, any endpoint }

func (m methods) find(method string) endpoint {
	if e := m.own(method); e != nil {
		return e
	}
	return m.any
}

func (m methods) own(method string) endpoint {
	switch method {
	case http.MethodGet, http.MethodHead:
		return m.get
	case http.MethodPost:
		return m.post
	case http.MethodPut:
		return m.put
	case http.MethodPatch:
		return m.patch
	case http.MethodDelete:
		return m.delete
	}
	return nil
}

// allow is the value of the header Allow.
func (m methods) allow() (value string) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if m.own(method) != nil {
			if value != "" {
				value += ", "
			}
			value += method
		}
	}
	return value
}

const prefix = "/{namespace}/{name}/scim/v2"

// mount serves a route below the tenant's prefix; its pattern is what metrics show.
func (h *handler) mount(route string, m methods) {
	allow := m.allow()
	h.mux.HandleFunc(prefix+route, func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange)
		x.route = route
		if err := x.serve(r, m, allow); err != nil {
			x.fail(err)
		}
	})
}

// mountUnknown answers for every other path. Its route is empty, as the paths of strangers are without number.
func (h *handler) mountUnknown() {
	unknown := func(*exchange) error { return scimerr.NotFound("no SCIM endpoint at this path") }
	h.mux.HandleFunc(prefix+"/{rest...}", func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange)
		x.fail(x.serve(r, methods{any: unknown}, ""))
	})
	h.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.(*exchange).fail(scimerr.NotFound("no SCIM endpoint at this path: a base URL ends in /scim/v2"))
	})
}
