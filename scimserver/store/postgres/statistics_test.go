package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// TestAnalyse: the planner knows a new database as soon as there is something to be known, whichever tenant has it.
func TestAnalyse(t *testing.T) {
	t.Parallel()
	s := openNew(t).(*Store)
	defer func() { _ = s.Close() }()
	ctx := context.Background()
	unknown := func() (n int64) {
		t.Helper()
		err := s.single(ctx, ask{sql: unknownSQL, args: []any{firstRows}, scan: func(rows pgx.Rows) error { return rows.Scan(&n) }})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	add := func(tenant string, from, to int) {
		t.Helper()
		err := s.Update(ctx, tenant, func(w store.Writer) error {
			for i := from; i < to; i++ {
				if _, err := w.Insert(ctx, counter(i, 0)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	add("tenants/t1", 0, firstRows-1)
	add("tenants/t2", 0, firstRows-1)
	if s.analysed.Load() || unknown() != 1 {
		t.Error("small tenants were taken for worth it")
	}
	add("tenants/t1", firstRows-1, firstRows)
	if unknown() != 0 {
		t.Error("the tables are not known")
	}
}
