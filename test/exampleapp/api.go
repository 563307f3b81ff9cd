package exampleapp

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
)

// api is what people and tests do with the inventory.
func (a *App) api() {
	a.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	a.mux.HandleFunc("GET /api/members/{namespace}/{name}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, a.Members(tenantOf(r)))
	})
	a.mux.HandleFunc("DELETE /api/members/{namespace}/{name}/{id}", a.remove)
	a.mux.HandleFunc("GET /api/deliveries", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, a.Deliveries()) })
	a.mux.HandleFunc("GET /api/assets", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, copyOf(a, a.inventory.assets)) })
	a.mux.HandleFunc("GET /api/devices", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, copyOf(a, a.inventory.devices)) })
	a.mux.HandleFunc("PUT /api/assets/{asset}", a.link)
	a.mux.HandleFunc("DELETE /api/assets/{asset}", a.unlink)
	a.mux.HandleFunc("PUT /api/devices/{device}", a.assign)
	a.mux.HandleFunc("DELETE /api/devices/{device}", func(w http.ResponseWriter, r *http.Request) {
		a.change(w, entry{Device: r.PathValue("device")})
	})
	a.mux.HandleFunc("PUT /api/behaviour", a.behave)
}

func tenantOf(r *http.Request) string { return r.PathValue("namespace") + "/" + r.PathValue("name") }

func copyOf[T any](a *App, m map[string]T) map[string]T {
	a.inventory.mu.Lock()
	defer a.inventory.mu.Unlock()
	return maps.Clone(m)
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(into)
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"detail": err.Error()})
	}
	return err == nil
}

// change writes an entry of somebody here.
func (a *App) change(w http.ResponseWriter, e entry) {
	a.inventory.mu.Lock()
	err := a.record(e)
	a.inventory.mu.Unlock()
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"detail": err.Error()})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// link gives an asset to a member. With a feed, the identity provider is kept from off-boarding the member by a hold.
func (a *App) link(w http.ResponseWriter, r *http.Request) {
	var to Asset
	if !read(w, r, &to) || !a.known(w, to.Tenant, to.Member) {
		return
	}
	name := r.PathValue("asset")
	err := a.hold(r.Context(), to, func(ctx context.Context, f Feed) error {
		return f.Hold(ctx, to.Member, "asset-"+name, "the member still has "+name+": take it back first")
	})
	if err != nil {
		answer(w, http.StatusBadGateway, map[string]string{"detail": err.Error()})
		return
	}
	a.change(w, entry{Asset: name, Link: &to})
}

func (a *App) unlink(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("asset")
	from, ok := copyOf(a, a.inventory.assets)[name]
	if !ok {
		answer(w, http.StatusNotFound, map[string]string{"detail": "there is no such asset"})
		return
	}
	a.change(w, entry{Asset: name})
	err := a.hold(r.Context(), from, func(ctx context.Context, f Feed) error { return f.Release(ctx, from.Member, "asset-"+name) })
	if err != nil {
		a.Log.Error("hold was not released", "asset", name, "error", err)
	}
}

func (a *App) hold(ctx context.Context, of Asset, do func(context.Context, Feed) error) error {
	f, ok := a.feed(of.Tenant)
	if !ok {
		return nil
	}
	return do(ctx, f)
}

func (a *App) assign(w http.ResponseWriter, r *http.Request) {
	d := Device{Policy: DefaultPolicy}
	if read(w, r, &d) && (d.Member == "" || a.known(w, d.Tenant, d.Member)) {
		a.change(w, entry{Device: r.PathValue("device"), Owner: &d})
	}
}

func (a *App) known(w http.ResponseWriter, tenant, member string) bool {
	a.inventory.mu.Lock()
	defer a.inventory.mu.Unlock()
	if !a.inventory.find(tenant, member) {
		answer(w, http.StatusNotFound, map[string]string{"detail": "there is no such member"})
		return false
	}
	return true
}

// remove removes a member here and says so in the feed.
func (a *App) remove(w http.ResponseWriter, r *http.Request) {
	f, ok := a.feed(tenantOf(r))
	if !ok {
		answer(w, http.StatusConflict, map[string]string{"detail": "there is no feed to say that in"})
		return
	}
	if err := f.Remove(r.Context(), r.PathValue("id")); err != nil {
		answer(w, http.StatusBadGateway, map[string]string{"detail": err.Error()})
		return
	}
	w.WriteHeader(http.StatusNoContent) // the feed or the webhook tells that it is gone
}

func (a *App) behave(w http.ResponseWriter, r *http.Request) {
	var b behaviour
	if read(w, r, &b) {
		a.behaviour.Store(&b)
		w.WriteHeader(http.StatusNoContent)
	}
}
