package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

//go:embed migration/*.sql
var migrations embed.FS

// migration is a step to a version of the schema. A step only adds what programs of the version before do not mind, so that
// they go on while servers are updated one by one; what they need goes in a later version, which names the oldest program
// that can still use the schema in a first line `-- oldest: VERSION`.
type migration struct {
	version, oldest int
	sql             string
}

// readMigrations reads the steps in their order.
func readMigrations(tree fs.FS) (list []migration, err error) {
	names, err := fs.Glob(tree, "migration/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	oldest := 1
	for i, name := range names {
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, err
		}
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "migration/"), "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %s: want number %d", name, i+1)
		}
		line, _, _ := strings.Cut(string(text), "\n")
		if value, ok := strings.CutPrefix(line, "-- oldest: "); ok {
			if oldest, err = strconv.Atoi(value); err != nil {
				return nil, fmt.Errorf("migration %s: %w", name, err)
			}
		}
		list = append(list, migration{version: i + 1, oldest: oldest, sql: string(text)})
	}
	return list, nil
}

const (
	schemaSQL = "SELECT version, oldest FROM scim_schema WHERE id = 1"
	lockSQL   = schemaSQL + " FOR UPDATE"
	makeSQL   = "CREATE TABLE IF NOT EXISTS scim_schema (id int PRIMARY KEY, version int NOT NULL, oldest int NOT NULL)"
	firstSQL  = "INSERT INTO scim_schema (id, version, oldest) VALUES (1, 0, 1) ON CONFLICT DO NOTHING"
	stepSQL   = "UPDATE scim_schema SET version = $1, oldest = $2 WHERE id = 1"
)

// migrateTries is how often a migration begins again when another replica is in its way.
const migrateTries = 20

// migrate brings the schema up to the last step. Several processes may do so at once: the row of the version is locked.
func migrate(ctx context.Context, conn *pgx.Conn, steps []migration) error {
	for tries := 1; ; tries++ {
		err := migrateOnce(ctx, conn, steps)
		again := passes(err) || sqlstate(err) == uniqueViolation // CREATE IF NOT EXISTS of two at once
		if !again || tries == migrateTries {
			return migrationFault(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(tries) * 10 * time.Millisecond):
		}
	}
}

func migrationFault(err error) error {
	if err == nil || sqlstate(err) == "" || faultOf(err) != nil {
		return err
	}
	return &store.Fault{
		Reason: store.FaultMigrationFailed, Err: err,
		Detail: "the schema cannot be migrated (" + serverText(err) + "): use a database, or a schema in search_path, that nothing else is in",
	}
}

func migrateOnce(ctx context.Context, conn *pgx.Conn, steps []migration) error {
	version, oldest, err := schemaVersion(ctx, conn, schemaSQL)
	switch {
	case sqlstate(err) == undefinedTable, errors.Is(err, pgx.ErrNoRows):
		if err := execAll(ctx, conn, makeSQL, firstSQL); err != nil {
			return err
		}
	case err != nil:
		return err
	case version >= len(steps):
		return checkVersion(version, oldest, len(steps))
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // of a transaction that has failed
	if _, err := tx.Exec(ctx, limitIdleSQL); err != nil {
		return err
	}
	if version, oldest, err = schemaVersion(ctx, tx, lockSQL); err != nil {
		return err
	}
	if err := checkVersion(version, oldest, len(steps)); err != nil {
		return err
	}
	for _, m := range steps[min(version, len(steps)):] {
		if _, err := tx.Exec(ctx, m.sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, stepSQL, m.version, m.oldest); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

// row is what a connection and a transaction have in common.
type rowQuerier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func schemaVersion(ctx context.Context, q rowQuerier, sql string) (version, oldest int, err error) {
	err = q.QueryRow(ctx, sql).Scan(&version, &oldest)
	return version, oldest, err
}

func execAll(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// checkVersion refuses a schema that this program is too old for.
func checkVersion(version, oldest, known int) error {
	if oldest <= known {
		return nil
	}
	return &store.Fault{
		Reason: store.FaultSchemaTooNew,
		Detail: fmt.Sprintf("the schema has version %d, which programs from %d on can use, and this one knows %d: use the program that migrated it, or a newer one",
			version, oldest, known),
	}
}
