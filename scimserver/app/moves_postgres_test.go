package app

import (
	"context"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
)

// onPostgres opens a database of PostgreSQL each time.
func onPostgres(t *testing.T, uri string) func() store.Store {
	return func() store.Store {
		s, err := postgres.Open(context.Background(), postgres.Options{URI: uri, Log: testLog(t)})
		if err != nil {
			t.Error(err)
		}
		return s
	}
}

// TestMovePostgres moves a tenant to PostgreSQL, away from it, and between servers there.
func TestMovePostgres(t *testing.T) {
	t.Parallel()
	database := func(t *testing.T) func() store.Store { return onPostgres(t, pgtest.Database(t)) }
	for name, change := range map[string]func(t *testing.T, from, to *mover){
		"to PostgreSQL":   func(t *testing.T, _, to *mover) { to.open = database(t) },
		"from PostgreSQL": func(t *testing.T, from, _ *mover) { from.open = database(t) },
		"two databases":   func(t *testing.T, from, to *mover) { from.open, to.open = database(t), database(t) },
		"one database":    func(t *testing.T, from, to *mover) { from.open = database(t); to.open = from.open },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var from, to mover
			change(t, &from, &to)
			moveUnderLoad(t, &from, &to)
		})
	}
}

// TestMovePostgresKilled: both are killed again and again while a tenant moves to PostgreSQL and back.
func TestMovePostgresKilled(t *testing.T) {
	t.Parallel()
	open := onPostgres(t, pgtest.Database(t))
	slow := provisioned()
	slow.Limits.RequestsPerSecond, slow.Limits.Burst = 200, 20 // so that it can be copied faster than it changes
	moveKilled(t, slow, newMover(t, "east", nil), newMover(t, "west", func(m *mover) { m.open = open }))
}

// TestTwoServersOnPostgres is TestTwoServers with connections of their own.
func TestTwoServersOnPostgres(t *testing.T) {
	t.Parallel()
	twoServers(t, onPostgres(t, pgtest.Database(t)))
}
