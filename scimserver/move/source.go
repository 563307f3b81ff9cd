package move

import (
	"crypto/hmac"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/transfer"
)

// Party is one server's part in a move.
type Party struct {
	config.Move
	Tenant string // key
	Owner  string // of this server
}

// Source answers the target of moves.
type Source struct {
	Store store.Store
	// Party finds a move by its id.
	Party func(id string) (Party, bool)
	// Seals are watched, so that none lasts.
	Seals *Seals
	// Changed is called when an ownership has changed.
	Changed func()
	Log     *slog.Logger
}

const maxOrder = 1 << 20 // bytes

// ServeHTTP implements http.Handler for what is under Path.
func (s *Source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, ok := s.Party(r.Header.Get(headerMove))
	if !ok {
		http.Error(w, "no such move here", http.StatusNotFound)
		return
	}
	if r.URL.Path == pathHello {
		hello(w, r, p.Key)
		return
	}
	if !hmac.Equal([]byte(r.Header.Get(headerKey)), []byte(p.Key)) || r.Method != http.MethodPost {
		http.Error(w, "no such move here", http.StatusNotFound)
		return
	}
	if p.Role == config.MoveTarget {
		http.Error(w, "this server is the target of the move", http.StatusConflict)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a large tenant takes long
	var o order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrder)).Decode(&o); err != nil {
		http.Error(w, "the body is no order", http.StatusBadRequest)
		return
	}
	if err := s.serve(w, r, p, o); err != nil {
		s.Log.Warn("a part of a move failed", "tenant", p.Tenant, "move", p.ID, "path", r.URL.Path, "error", err)
		status := http.StatusServiceUnavailable
		if _, no := errors.AsType[*store.NotOwnerError](err); no {
			status = http.StatusConflict
		}
		http.Error(w, err.Error(), status) // behind the first byte it is just a line that is none
	}
}

func (s *Source) serve(w http.ResponseWriter, r *http.Request, p Party, o order) error {
	switch r.URL.Path {
	case Path + "standing":
		return s.standing(w, r, p)
	case Path + "sums":
		return s.sums(w, r, p)
	case Path + "rows":
		return s.rows(w, r, p, o)
	case Path + "seal":
		return s.pass(w, r, p, store.Ownership{Owner: p.Owner}, sealed(p, o))
	case Path + "unseal":
		return s.pass(w, r, p, sealed(p, o), store.Ownership{Owner: p.Owner})
	case Path + "give":
		return s.pass(w, r, p, sealed(p, o), store.Ownership{Owner: p.Owner, Mark: store.Moved(p.ID)})
	case Path + "yield":
		return s.pass(w, r, p, sealed(p, o), store.Ownership{Owner: p.PeerOwner})
	}
	http.NotFound(w, r)
	return nil
}

// sealed is the ownership under a seal. Each has a nonce of its own, so that no old order is taken for one about a later seal.
func sealed(p Party, o order) store.Ownership {
	return store.Ownership{Owner: p.Owner, Mark: store.Sealed(p.ID + "." + o.Nonce)}
}

func (s *Source) standing(w http.ResponseWriter, r *http.Request, p Party) error {
	st := standing{Protocol: protocol, Stream: transfer.Version}
	var err error
	if st.Database, err = Database(r.Context(), s.Store); err != nil {
		return err
	}
	if st.Owner, err = s.Store.Owner(r.Context(), p.Tenant); err != nil {
		return err
	}
	if st.Counts, err = s.Store.Counts(r.Context(), p.Tenant); err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(st)
}

func (s *Source) sums(w http.ResponseWriter, r *http.Request, p Party) error {
	lines := json.NewEncoder(w)
	err := store.Sums(r.Context(), s.Store, p.Tenant, func(x store.RowSum) error { return lines.Encode(lineOf(x)) })
	if err != nil {
		return err
	}
	return lines.Encode(line{End: true})
}

func (s *Source) rows(w http.ResponseWriter, r *http.Request, p Party, o order) error {
	lines := json.NewEncoder(w)
	err := s.Store.Rows(r.Context(), p.Tenant, o.Kind, o.Keys, func(x store.Row) error { return lines.Encode(line{Row: &x}) })
	if err != nil {
		return err
	}
	return lines.Encode(line{End: true})
}

// pass changes the ownership, once: an order that was carried out and comes again is all right.
func (s *Source) pass(w http.ResponseWriter, r *http.Request, p Party, from, to store.Ownership) error {
	passed, err := s.Store.PassOwner(r.Context(), p.Tenant, from, to)
	if err != nil {
		return err
	}
	if !passed {
		now, err := s.Store.Owner(r.Context(), p.Tenant)
		if err != nil {
			return err
		}
		if now != to {
			return &store.NotOwnerError{Tenant: p.Tenant, Ownership: now}
		}
	}
	s.Seals.Note(p.Tenant)
	s.Changed()
	s.Log.Info("ownership of a tenant changed", "tenant", p.Tenant, "move", p.ID, "owner", to.Owner, "mark", to.Mark)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
