package admin_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// full is a full export without what tells one from another.
func (r *running) full() (header admin.Line, rows []string) {
	r.t.Helper()
	lines := r.get("export", "full=true")
	if err := json.Unmarshal([]byte(lines[0]), &header); err != nil || !header.Full || header.ID == "" {
		r.t.Fatalf("header %s, %v", lines[0], err)
	}
	return header, lines[1:]
}

func (r *running) lastProgress(answer string) (p admin.Progress) {
	r.t.Helper()
	lines := strings.Split(answer, "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &p); err != nil {
		r.t.Fatalf("%v\n%s", err, answer)
	}
	return p
}

// TestFullImport carries members with ids, holds, events, the log and hashes into an empty tenant, also after an interruption.
func TestFullImport(t *testing.T) {
	t.Parallel()
	from := runWith(t, []string{tenant}, provisioned(t))
	from.post("import", people(450))
	from.update(func(ctx context.Context, w store.Writer) error {
		if err := w.PutHold(ctx, store.Hold{MemberID: id(2), Name: "laptop", Reason: "has laptop 7", Created: day}); err != nil {
			return err
		}
		return w.SetPassword(ctx, store.TypeUser, id(1), "hash")
	})
	header, rows := from.full()
	export := strings.Join(append([]string{mustJSON(t, header)}, rows...), "\n") + "\n"

	to := runWith(t, []string{tenant}, provisioned(t))
	to.log("", 7, "reject") // an identity provider has come too early
	half := strings.Join(strings.Split(export, "\n")[:700], "\n") + "\n"
	if p := to.lastProgress(to.post("import", half)); p.Failed != 1 || !p.End || p.Created < 400 {
		t.Errorf("an export that was cut off: %+v", p)
	}
	if answer := to.post("import", people(1)); to.lastProgress(answer).Failed != 0 {
		t.Errorf("import of users: %s", answer)
	}
	if p := to.lastProgress(to.post("import", export)); p.Failed != 0 || !p.End || p.Created != int64(len(rows)-1) {
		t.Errorf("the whole export: %+v, want %d rows", p, len(rows)-1)
	}
	again, imported := to.full()
	if diff := cmp.Diff(rows, imported); diff != "" {
		t.Errorf("(-exported +imported):\n%.2000s", diff)
	}
	if again.ID == header.ID || again.Users != 450 {
		t.Errorf("header %+v", again)
	}
	members := strings.Join(to.get("members", ""), "\n")
	if !strings.Contains(members, "has laptop 7") || !strings.Contains(members, id(450)) {
		t.Error("members or holds are missing")
	}
	answer := to.post("import", export)
	if p := to.lastProgress(answer); p.Failed != 1 || !strings.Contains(answer, "has 450 users") {
		t.Errorf("import into a tenant that is not empty: %s", answer)
	}
	to.update(func(ctx context.Context, w store.Writer) error { // the log goes on behind what was imported
		return w.AppendLog(ctx, store.LogRow{Time: day, Entry: []byte(`{"decision":"none"}`)})
	})
}

func TestFullImportRefuses(t *testing.T) {
	t.Parallel()
	header := `{"kind":"header","version":1,"full":true,"id":"x"}` + "\n"
	for name, tc := range map[string]struct{ input, want string }{
		"no id":           {`{"kind":"header","version":1,"full":true}` + "\n", "has an id"},
		"another version": {`{"kind":"header","version":2,"full":true,"id":"x"}` + "\n", "has the version 2"},
		"cut off":         {header, "repeat the import with all of it"},
		"no row":          {header + "nonsense\n", "no JSON of a full export"},
		"unknown row":     {header + `{"kind":"planet","key":"x"}` + "\n", "of a newer version"},
		"rows missing":    {header + `{"kind":"end","rows":3}` + "\n", "has 3 rows, of which 0 have come"},
		"header later":    {people(1) + header, `"skipped":1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runWith(t, []string{tenant}, provisioned(t))
			if got := r.post("import", tc.input); !strings.Contains(got, tc.want) {
				t.Errorf("got %s, want %s in it", got, tc.want)
			}
		})
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
