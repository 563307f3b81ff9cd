package feed

import (
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// event is one element of a page of events.
type event struct {
	ID       string          `json:"id"` // the same as webhook-id
	Sequence int64           `json:"sequence"`
	Created  time.Time       `json:"created"`
	Event    json.RawMessage `json:"event"` // the envelope
}

type eventPage struct {
	Events []event `json:"events"`
	Next   int64   `json:"next"` // what to ask for after
}

// events answers GET events?after=SEQUENCE&limit=N&wait=SECONDS. Who asks for what comes after an event is answered with the
// next one, or with none when the time to wait is over. Without after and wait the answer comes at once.
func (x *exchange) events() error {
	after, err := x.number("after", 0, 0, math.MaxInt64)
	if err != nil {
		return err
	}
	limit, err := x.number("limit", DefaultLimit, 1, MaxLimit)
	if err != nil {
		return err
	}
	otherwise := time.Duration(0)
	if x.r.URL.Query().Has("after") {
		otherwise = DefaultWait
	}
	wait, err := x.duration("wait", otherwise, MaxWait)
	if err != nil {
		return err
	}
	list, err := x.await(after, int(limit), wait)
	if err != nil {
		return err
	}
	page := eventPage{Events: make([]event, len(list)), Next: after}
	for i, e := range list {
		page.Events[i] = event{ID: e.ID, Sequence: e.Sequence, Created: e.Created, Event: e.Body}
		page.Next = e.Sequence
	}
	return x.ok(page)
}

func (x *exchange) await(after int64, limit int, wait time.Duration) ([]store.Event, error) {
	rang, leave, ok := x.h.bell.listen(x.tenant.Key, wait > 0)
	if !ok {
		return nil, tooMany(time.Second, "too many long polls of this tenant at a time; one is enough")
	}
	defer leave()
	over := time.NewTimer(wait)
	defer over.Stop()
	for {
		signal := rang() // before the look: what is written meanwhile rings
		list, err := x.read(after, limit)
		if err != nil || len(list) > 0 || wait == 0 {
			return list, err
		}
		select {
		case <-signal:
		case <-over.C:
			return nil, nil
		case <-x.h.bell.ended:
			return nil, nil
		case <-x.r.Context().Done():
			return nil, x.r.Context().Err()
		}
	}
}

// read gets events behind a sequence. A sequence that has not been yet is of an earlier life of the tenant.
func (x *exchange) read(after int64, limit int) ([]store.Event, error) {
	ctx, key := x.r.Context(), x.tenant.Key
	list, err := x.h.Store.Events(ctx, key, after, limit)
	if err == nil && len(list) > 0 || err != nil && !errors.Is(err, store.ErrGone) {
		return list, err
	}
	b, berr := x.h.Store.Backlog(ctx, key)
	switch {
	case berr != nil:
		return nil, berr
	case err != nil:
		return nil, gone(max(b.First-1, 0), "events after %d are no longer kept: list the members, and go on after the sequence that comes with them", after)
	case after > b.Last:
		return nil, gone(max(b.First-1, 0), "there are %d events, and none after %d: the tenant began anew; list the members", b.Last, after)
	}
	return nil, nil
}
