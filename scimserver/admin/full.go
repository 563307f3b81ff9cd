package admin

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// restoring is the state in which a tenant keeps the ID of the full export that is being imported into it.
const restoring = "restoring"

// exportFull answers all that the store keeps of the tenant, as it keeps it: a header, a store.Row a line, and an end.
func (h *handler) exportFull(w http.ResponseWriter, r *http.Request, head Line) error {
	head.Full, head.ID = true, rand.Text()
	out := newLines(w)
	if err := out.write(head); err != nil {
		return err
	}
	var n int64
	err := h.Store.Dump(r.Context(), head.Tenant, func(row store.Row) error {
		if row.Kind == store.RowState && row.Key == restoring {
			return nil
		}
		n++
		return out.write(row)
	})
	if err != nil {
		return err
	}
	return out.write(Line{Kind: "end", Full: true, Rows: n})
}

// Rows that a full import loads in one transaction, and their size in bytes.
const (
	loadRows  = 200
	loadBytes = 1 << 20
)

// restorer loads the rows of a full export into a tenant without any. It may be interrupted: the same export goes on.
type restorer struct {
	store  Store
	tenant string
	rows   []store.Row
	size   int
	loaded int64
	ended  bool
}

// begin makes the tenant ready, or refuses one that has a state of its own.
func (x *restorer) begin(ctx context.Context, head *Line) error {
	if head.ID == "" {
		return errors.New("the header of a full export has an id")
	}
	var state []byte
	err := x.store.View(ctx, x.tenant, func(r store.Reader) (err error) {
		state, err = r.State(ctx, restoring)
		return err
	})
	if err != nil || string(state) == head.ID {
		return err
	}
	if state == nil {
		if err := x.mustBeEmpty(ctx); err != nil {
			return err
		}
	}
	if err := x.dropLog(ctx); err != nil {
		return err
	}
	return x.store.Update(ctx, x.tenant, func(w store.Writer) error { return w.SetState(ctx, restoring, []byte(head.ID)) })
}

func (x *restorer) mustBeEmpty(ctx context.Context) error {
	counts, err := x.store.Counts(ctx, x.tenant)
	if err != nil {
		return err
	}
	backlog, err := x.store.Backlog(ctx, x.tenant)
	if err != nil {
		return err
	}
	if counts.Users+counts.Groups+counts.Members+backlog.Last > 0 {
		return fmt.Errorf("tenant %s has %d users, %d groups, %d members and has had %d events: a full import goes into a tenant that has never had any",
			x.tenant, counts.Users, counts.Groups, counts.Members, backlog.Last)
	}
	return nil
}

// dropLog removes what was logged before: the numbers of the log begin anew.
func (x *restorer) dropLog(ctx context.Context) error {
	for {
		rows, err := x.store.QueryLog(ctx, x.tenant, store.LogQuery{Limit: loadRows})
		if err != nil || len(rows) == 0 {
			return err
		}
		var keys []store.RowKey
		for _, r := range rows {
			keys = append(keys, store.RowKey{Kind: store.RowLog, Key: store.RowNumber(r.Sequence)})
		}
		if err := x.store.Load(ctx, x.tenant, keys, nil); err != nil {
			return err
		}
	}
}

// line takes a line behind the header.
func (x *restorer) line(ctx context.Context, text []byte) error {
	var row store.Row
	if err := json.Unmarshal(text, &row); err != nil {
		return fmt.Errorf("the line is no JSON of a full export: %w", err)
	}
	if row.Kind == "end" {
		return x.end(ctx, text)
	}
	if err := row.Check(); err != nil {
		return err
	}
	x.rows, x.size = append(x.rows, row), x.size+len(text)
	if len(x.rows) < loadRows && x.size < loadBytes {
		return nil
	}
	return x.load(ctx)
}

func (x *restorer) load(ctx context.Context) error {
	if err := x.store.Load(ctx, x.tenant, nil, x.rows); err != nil {
		return err
	}
	x.loaded += int64(len(x.rows))
	x.rows, x.size = nil, 0
	return nil
}

func (x *restorer) end(ctx context.Context, text []byte) error {
	var end Line
	if err := json.Unmarshal(text, &end); err != nil {
		return fmt.Errorf("end of the export: %w", err)
	}
	if err := x.load(ctx); err != nil {
		return err
	}
	if end.Rows != x.loaded {
		return fmt.Errorf("the export has %d rows, of which %d have come", end.Rows, x.loaded)
	}
	x.ended = true
	return x.store.Update(ctx, x.tenant, func(w store.Writer) error { return w.SetState(ctx, restoring, nil) })
}

// importFull reads what comes behind the header of a full export. Unlike an import of users and groups it ends with the first
// error, as nothing in it can be left out.
func (x *importer) importFull(ctx context.Context, head *Line, next func() ([]byte, bool)) error {
	r := &restorer{store: x.store, tenant: x.tenant}
	err := r.begin(ctx, head)
	for err == nil {
		text, ok := next()
		if !ok {
			break
		}
		err = r.line(ctx, text)
		x.Created = r.loaded
		if err == nil {
			if err := x.tell(x.Line, nil); err != nil {
				return err
			}
		}
	}
	if err == nil && !r.ended {
		err = errors.New("the input ends before the export does: repeat the import with all of it")
	}
	if err != nil {
		return x.tell(x.Line, err)
	}
	return nil
}
