package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// splitLookup undoes migration 6, so that it has something to do.
var splitLookup = []string{
	"ALTER TABLE lookup RENAME TO both",
	`CREATE TABLE lookup (tenant INTEGER NOT NULL, attr INTEGER NOT NULL, value TEXT NOT NULL, resource INTEGER NOT NULL,
		PRIMARY KEY (tenant, attr, value, resource)) STRICT, WITHOUT ROWID`,
	`CREATE TABLE member_key (tenant INTEGER NOT NULL, field INTEGER NOT NULL, value TEXT NOT NULL, member ANY NOT NULL,
		PRIMARY KEY (tenant, field, value, member)) STRICT, WITHOUT ROWID`,
	"INSERT INTO lookup SELECT tenant, attr, value, resource FROM both WHERE typeof(resource) = 'integer'",
	"INSERT INTO member_key SELECT tenant, attr, value, resource FROM both WHERE typeof(resource) <> 'integer'",
	"DROP TABLE both",
	"DELETE FROM goose_db_version WHERE version_id >= 6",
}

// keyed inserts users, and members whose unique fields have the users' values, and one of its own. Ids are of both kinds: the
// last one looks like a number.
func keyed(ctx context.Context, w store.Writer) error {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i, id := range []string{"01900000-0000-7000-8000-000000000001", "another", "1"} {
		name := string(rune('a'+i)) + "@example.com"
		values := []store.Key{{Path: "emails.value", Value: name}, {Path: "emails.value", Value: "all@example.com"}}
		_, err := w.Insert(ctx, store.Record{
			Type: store.TypeUser, ID: id, Created: at, Modified: at, Doc: []byte(`{"userName":"` + name + `"}`),
			Keys: store.Keys{Name: name, NameUnique: true, Values: values},
		})
		if err != nil {
			return err
		}
		err = w.InsertMember(ctx, store.MemberRecord{
			ID: id, UserID: id, UserName: name, Active: true, Created: at, Modified: at, Fields: []byte(`{}`),
			Keys: []store.Key{{Path: "email", Value: name}, {Path: "number", Value: id}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// TestUpgradeKeys upgrades a database whose values are in two tables.
func TestUpgradeKeys(t *testing.T) {
	t.Parallel()
	ctx, path, tenants := t.Context(), filepath.Join(t.TempDir(), "scim.db"), []string{"a/b", "a/c"}
	s := mustOpen(t, path)
	for _, tenant := range tenants {
		if err := s.Update(ctx, tenant, func(w store.Writer) error { return keyed(ctx, w) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := conn.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	before := count(t, c, "SELECT count(*) FROM lookup")
	for _, sql := range splitLookup {
		if err := c.Exec(sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if old := count(t, c, "SELECT (SELECT count(*) FROM lookup) + (SELECT count(*) FROM member_key)"); old != before || before != 24 {
		t.Fatalf("got %d rows, and %d in two tables", before, old)
	}
	c.Close()

	s = mustOpen(t, path)
	for _, tenant := range tenants {
		err := s.View(ctx, tenant, func(r store.Reader) error { return haveKeys(ctx, t, r) })
		if err != nil {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkDatabase(t, path)
}

func mustOpen(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// haveKeys looks for what keyed has inserted.
func haveKeys(ctx context.Context, t *testing.T, r store.Reader) error {
	for text, want := range map[string]int64{`emails.value eq "b@example.com"`: 1, `emails eq "all@example.com"`: 3, `emails.value eq "1"`: 0} {
		q := parseQuery(t, "User: "+text)
		q.Limit = 10
		page, err := r.Find(ctx, q)
		if err != nil {
			return err
		}
		equal(t, text, page.Total, want)
	}
	for k, want := range map[store.Key]string{
		{Path: "email", Value: "a@example.com"}: "01900000-0000-7000-8000-000000000001",
		{Path: "email", Value: "b@example.com"}: "another",
		{Path: "number", Value: "1"}:            "1",
		{Path: "email", Value: "1"}:             "",
	} {
		members, err := r.Holders(ctx, k)
		if err != nil {
			return err
		}
		got := ""
		for _, m := range members {
			got += m.ID
		}
		equal(t, k.Path+" "+k.Value, got, want)
	}
	return nil
}
