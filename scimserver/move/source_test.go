package move

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

func known() http.Header { return http.Header{headerMove: {"m1"}, headerKey: {key}} }

// TestOrders: an order changes the ownership once, from what it is about only, and may be repeated.
func TestOrders(t *testing.T) {
	t.Parallel()
	open := store.Ownership{Owner: east}
	sealed := store.Ownership{Owner: east, Mark: store.Sealed("m1.x")}
	other := store.Ownership{Owner: east, Mark: store.Sealed("m1.y")}
	moved := store.Ownership{Owner: east, Mark: store.Moved("m1")}
	theirs := store.Ownership{Owner: west}
	done := map[string]store.Ownership{"seal": sealed, "unseal": open, "give": moved, "yield": theirs}
	for _, from := range []store.Ownership{open, sealed, other, moved, theirs, {Owner: "north"}, {Owner: east, Mark: store.Loading("m0")}} {
		for order, to := range done {
			w := twoDatabases(t)
			_, err := w.source.PassOwner(t.Context(), tenant, w.owner(w.source), from)
			w.must(err)
			want, now := http.StatusConflict, from
			if from == to || from == sealed || from == open && order == "seal" {
				if want = http.StatusNoContent; order != "seal" || from == open {
					now = to
				}
			}
			for range 2 {
				if code, _ := w.ask(order, known(), `{"nonce":"x"}`); code != want {
					t.Errorf("%s of %+v: %d, want %d", order, from, code, want)
				}
				if got := w.owner(w.source); got != now {
					t.Errorf("%s of %+v led to %+v", order, from, got)
				}
			}
			if told := w.changed > 0; told != (want == http.StatusNoContent) {
				t.Errorf("%s of %+v: told %t", order, from, told)
			}
		}
	}
}

func TestOrdersRefused(t *testing.T) {
	t.Parallel()
	w := twoDatabases(t)
	for what, c := range map[string]struct {
		path   string
		header http.Header
		body   string
		role   string
		want   int
	}{
		"unknown order":     {"steal", known(), "{}", config.MoveSource, http.StatusNotFound},
		"no JSON":           {"seal", known(), "{", config.MoveSource, http.StatusBadRequest},
		"other JSON":        {"seal", known(), `{"nonce":1}`, config.MoveSource, http.StatusBadRequest},
		"too large":         {"seal", known(), `{"nonce":"` + strings.Repeat("x", maxOrder) + `"}`, config.MoveSource, http.StatusBadRequest},
		"target":            {"seal", known(), "{}", config.MoveTarget, http.StatusConflict},
		"another move":      {"seal", http.Header{headerMove: {"m2"}, headerKey: {key}}, "{}", config.MoveSource, http.StatusNotFound},
		"another key":       {"seal", http.Header{headerMove: {"m1"}, headerKey: {strings.Repeat("0", 64)}}, "{}", config.MoveSource, http.StatusNotFound},
		"hello without TLS": {"hello", http.Header{headerMove: {"m1"}}, "{}", config.MoveSource, http.StatusBadRequest},
	} {
		w.role = c.role
		if code, text := w.ask(c.path, c.header, c.body); code != c.want {
			t.Errorf("%s: %d %s, want %d", what, code, text, c.want)
		}
	}
	w.owners(store.Ownership{Owner: east}, store.Ownership{})
}

// TestSeals: a seal is broken when it lasts, at once where nothing moves any more, and the time of each begins anew.
func TestSeals(t *testing.T) {
	t.Parallel()
	w := twoDatabases(t)
	open, first, second := store.Ownership{Owner: east}, store.Ownership{Owner: east, Mark: store.Sealed("m1.x")}, store.Ownership{Owner: east, Mark: store.Sealed("m1.y")}
	pass := func(from, to store.Ownership) {
		t.Helper()
		if ok, err := w.source.PassOwner(t.Context(), tenant, from, to); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	look := func(moving bool, want store.Ownership) {
		t.Helper()
		got, err := w.seals.Look(context.Background(), tenant, east, moving)
		if err != nil || got != want || w.owner(w.source) != want {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
	}
	look(true, open)
	pass(open, first)
	look(true, first)
	w.advance(SealLimit - time.Second)
	look(true, first)
	pass(first, second)
	w.advance(time.Second)
	look(true, second) // which is seen for the first time
	w.advance(SealLimit - time.Second)
	look(true, second)
	w.seals.Note(tenant)
	w.advance(time.Second)
	look(true, second) // as if for the first time
	w.advance(SealLimit)
	look(true, open)
	pass(open, first)
	look(false, open)
	for _, o := range []store.Ownership{{Owner: east, Mark: store.Moved("m1")}, {Owner: east, Mark: store.Loading("m1")}, {Owner: west, Mark: store.Sealed("m1.x")}} {
		pass(w.owner(w.source), o)
		look(false, o)
	}
}

// TestSealsRace: a tenant that was given away in the meantime is not taken back.
func TestSealsRace(t *testing.T) {
	t.Parallel()
	w := twoDatabases(t)
	sealed := store.Ownership{Owner: east, Mark: store.Sealed("m1.x")}
	moved := store.Ownership{Owner: east, Mark: store.Moved("m1")}
	_, err := w.source.PassOwner(t.Context(), tenant, store.Ownership{Owner: east}, sealed)
	w.must(err)
	late := &Seals{Store: outdated{w.source, moved}, Clock: w.clock, Log: slog.New(slog.DiscardHandler)}
	if got, err := late.Look(t.Context(), tenant, east, false); err != nil || got == (store.Ownership{Owner: east}) {
		t.Errorf("got %+v, %v", got, err)
	}
	w.owners(moved, store.Ownership{})
}

// outdated is a store in which the ownership changes right after it was asked for.
type outdated struct {
	store.Store
	then store.Ownership
}

func (o outdated) Owner(ctx context.Context, key string) (store.Ownership, error) {
	now, err := o.Store.Owner(ctx, key)
	if err == nil {
		_, err = o.PassOwner(ctx, key, now, o.then)
	}
	return now, err
}
