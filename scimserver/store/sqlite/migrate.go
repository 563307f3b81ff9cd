package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver that goose needs
)

//go:embed migration/*.sql
var migrations embed.FS

// applicationID marks the file as one of this program.
const applicationID = 0x5343494d // "SCIM"

// migrate brings the schema of the file up to date.
func migrate(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if err := checkOwn(ctx, db); err != nil {
		return err
	}
	tree, err := fs.Sub(migrations, "migration")
	if err != nil {
		return err
	}
	return migrateTo(ctx, db, tree)
}

func dsn(path string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
	}}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}

// checkOwn refuses the database of another program. A new file has nothing in it.
func checkOwn(ctx context.Context, db *sql.DB) error {
	var id, tables int64
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return driverError(err)
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return driverError(err)
	}
	if id != applicationID && tables > 0 {
		return fmt.Errorf("the file is the database of another program (application id %d)", id)
	}
	return nil
}

func migrateTo(ctx context.Context, db *sql.DB, tree fs.FS) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, tree,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	have, known, err := p.GetVersions(ctx)
	if err != nil {
		return driverError(err)
	}
	if have > known {
		return fmt.Errorf("its schema has version %d and this program knows %d: use the program that wrote it, or a newer one",
			have, known)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate schema from version %d to %d: %w", have, known, driverError(err))
	}
	return nil
}
