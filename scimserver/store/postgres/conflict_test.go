package postgres

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
)

// TestConflicts: a transaction that others were in the way of is begun anew, up to maxTries times; another failure ends it.
func TestConflicts(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	err := pgtest.Execute(t.Context(), uri, `CREATE FUNCTION conflict(tenant text, code text) RETURNS text LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'in the way of %', tenant USING ERRCODE = code; END $$`)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{URI: uri})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, tc := range map[string]struct {
		code      string
		conflicts int // so many tries fail
		tries     int // so many there are
		fails     bool
	}{
		"serialization failure":    {serializationFailure, 3, 4, false},
		"deadlock":                 {deadlockDetected, 3, 4, false},
		"conflicts without an end": {serializationFailure, 1000, maxTries, true},
		"another failure":          {"22012", 1000, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tries := 0
			err := s.Update(t.Context(), "conflicts/"+name, func(w store.Writer) error {
				if tries++; tries > tc.conflicts {
					return nil
				}
				return w.(*tx).query(context.Background(), "SELECT conflict($1::text, $2::text)", func(pgx.Rows) error { return nil }, tc.code)
			})
			if tries != tc.tries || (err != nil) != tc.fails || errors.Is(err, context.Canceled) {
				t.Errorf("%d tries, %v; want %d", tries, err, tc.tries)
			}
		})
	}
}
