package admin

import (
	"encoding/json"
	"net/http"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Replay asks for events to be sent again. Zero values select all.
type Replay struct {
	From       int64  `json:"from,omitempty"` // sequences, both included
	To         int64  `json:"to,omitempty"`
	Member     string `json:"member,omitempty"` // id
	ParkedOnly bool   `json:"parkedOnly,omitempty"`
}

// Replayed is how many events will be sent again.
type Replayed struct {
	Events int64 `json:"events"`
}

// replay makes events due again: an application that has seen them knows them by their webhook-id.
func (h *handler) replay(w http.ResponseWriter, r *http.Request, tenant string) error {
	var q Replay
	if err := decode(w, r, &q); err != nil {
		return err
	}
	if q.To != 0 && q.To < q.From {
		return problem(http.StatusBadRequest, "the events from %d to %d are none", q.From, q.To)
	}
	n, err := h.Store.Replay(r.Context(), tenant, store.ReplayQuery{From: q.From, To: q.To, Member: q.Member, ParkedOnly: q.ParkedOnly, At: h.Clock()})
	if err != nil {
		return err
	}
	return newLines(w).write(Replayed{Events: n})
}

// maxRequest bounds the body of a request that is one JSON value, in bytes.
const maxRequest = 4 << 20

func decode(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return problem(http.StatusBadRequest, "the request cannot be read: %v", err)
	}
	return nil
}
