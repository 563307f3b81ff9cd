package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
)

// startDatabase starts PostgreSQL for a server, where that is what is to be measured. Its data lie in the server's folder.
func (b *bench) startDatabase(ctx context.Context, data string) (err error) {
	if b.store != "postgres" {
		return nil
	}
	for _, dir := range []string{b.work, data} { // PostgreSQL may run as another user
		if err := os.Chmod(dir, 0o711); err != nil {
			return err
		}
	}
	b.database, err = pgtest.Start(ctx, pgtest.Options{Dir: filepath.Join(data, "postgres"), Durable: true})
	return err
}

// settleDatabase has the planner know the data, as autovacuum does within a minute.
func (b *bench) settleDatabase(ctx context.Context) error {
	if b.database == nil {
		return nil
	}
	return pgtest.Execute(ctx, b.database.URI("postgres"), "VACUUM ANALYZE", "CHECKPOINT")
}

func (b *bench) stopDatabase() error {
	if b.database == nil {
		return nil
	}
	err := errors.Join(b.database.Shutdown(), b.database.Stop())
	b.database = nil
	return err
}
