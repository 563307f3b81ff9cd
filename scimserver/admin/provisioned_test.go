package admin_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/member"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

const inEffect = `{"attributes":[{"field":"email","from":"emails.value"},{"field":"title","from":"title","default":"none"}],
 "role":{"from":"userType","default":"Viewer","unknown":"Reject","order":"GroupsFirst","assign":"Always"}}`

// provisioned is a tenant whose application has two fields and two roles.
func provisioned(t *testing.T) func(store.Store) *admin.View {
	t.Helper()
	return func(s store.Store) *admin.View {
		registry, err := schema.New(schema.Options{Groups: true})
		if err != nil {
			t.Fatal(err)
		}
		app := &config.Application{
			Name:   "acme-ns/app",
			Fields: []config.Field{{Name: "email", Type: "String", Required: true}, {Name: "title", Type: "String"}},
			Roles:  []string{"Admin", "Viewer"},
		}
		var m config.Mapping
		if err := json.Unmarshal([]byte(inEffect), &m); err != nil {
			t.Fatal(err)
		}
		program, err := mapping.Compile(mapping.Spec{Application: app, Mapping: &m}, registry)
		if err != nil {
			t.Fatal(err)
		}
		members := member.New(member.Deps{Store: s}).Tenant(member.Config{
			Key: tenant, Application: app, Mapper: program, HasRole: true, Hash: "1",
			Lifecycle: config.Lifecycle{
				OnCreate: config.CreatePolicy{Action: config.Create}, OnDeactivate: config.Offboarding{Action: config.Deactivate}, OnDelete: config.Offboarding{Action: config.Remove},
			},
		})
		return &admin.View{Directory: &directory.Tenant{Key: tenant, Schemas: registry, Provisioner: members}, Members: members}
	}
}

func (r *running) post(what, body string) string {
	r.t.Helper()
	lines, err := r.ask("POST", "/"+tenant+"/"+what, "", body)
	if err != nil {
		return "error: " + err.Error()
	}
	return strings.Join(lines, "\n")
}

// people are lines of an export.
func people(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"kind":"User","id":%q,"created":"2026-01-01T00:00:00Z","document":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u%d","active":true,"emails":[{"value":"u%d@example.com"}],"userType":"Viewer"}}`+"\n", id(i+1), i+1, i+1)
	}
	return b.String()
}

func TestImport(t *testing.T) {
	t.Parallel()
	r := runWith(t, []string{tenant}, provisioned(t))
	group := func(n int, members ...string) string {
		list, _ := json.Marshal(members)
		return fmt.Sprintf(`{"kind":"Group","id":%q,"document":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g%d"},"members":%s}`+"\n", id(n), n, list)
	}
	input := `{"kind":"header","version":1}` + "\n" + people(3) +
		group(100, id(1), id(101)) + group(101, id(2)) + // the first refers to the second
		group(102, id(999)) +
		`{"kind":"User","id":"x","document":{"emails":[]}}` + "\nnonsense\n" + `{"kind":"end"}` + "\n"
	want := `{"line":8,"created":3,"present":0,"failed":1,"skipped":1,"error":"400 invalidValue: userName: a value is required"}`
	got := r.post("import", input)
	lines := strings.Split(got, "\n")
	var last admin.Progress
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	if diff := cmp.Diff(admin.Progress{Line: 10, Created: 5, Failed: 3, Skipped: 2, End: true}, last); diff != "" {
		t.Errorf("%s\n%s", diff, got)
	}
	if len(lines) != 4 || !strings.Contains(lines[0], `"line":8`) || !strings.Contains(lines[1], `"line":9`) || !strings.Contains(lines[2], `"line":7`) {
		t.Errorf("failures:\n%s\nwant lines 8, 9 and 7, as %s", got, want)
	}
	again := r.post("import", people(3))
	if !strings.Contains(again, `"present":3`) || !strings.Contains(again, `"created":0`) {
		t.Errorf("again: %s", again)
	}
	if got := len(r.get("members", "")); got != 3 {
		t.Errorf("%d members, want 3", got)
	}
	exported := r.get("export", "")
	if !strings.Contains(strings.Join(exported, "\n"), `"created":"2026-01-01T00:00:00Z"`) {
		t.Error("the time of creation is lost")
	}
	if got := r.post("import", `{"kind":"header","version":2}`); !strings.Contains(got, "has the version 2; this server reads 1") {
		t.Errorf("another version: %s", got)
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	r := runWith(t, []string{tenant}, provisioned(t))
	r.post("import", people(2)+strings.ReplaceAll(strings.ReplaceAll(people(1), id(1), id(3)), `"u1`, `"u3`))
	altered := strings.NewReplacer(`"default":"none"`, `"default":"staff"`, `"from":"userType"`, `"from":"userName","values":{"u1":"Admin","u2":"Viewer"}`).Replace(inEffect)
	got := strings.Split(r.post("diff", `{"mapping":`+altered+`}`), "\n")
	var counts admin.Change
	if err := json.Unmarshal([]byte(got[len(got)-1]), &counts); err != nil {
		t.Fatal(err)
	}
	want := &admin.Counts{
		Users: 3, Rejected: 1, Decisions: map[member.Kind]int64{member.Update: 2, member.Reject: 1},
		Roles: map[string]int64{"Viewer → Admin": 1}, Fields: map[string]int64{"title": 2},
	}
	if diff := cmp.Diff(want, counts.Counts); diff != "" {
		t.Errorf("%s\n%s", diff, strings.Join(got, "\n"))
	}
	if strings.Contains(strings.Join(got, ""), "staff") || strings.Contains(strings.Join(got, ""), "u3") {
		t.Errorf("values of users without values:\n%s", got)
	}
	if got := r.post("diff", `{"values":true,"mapping":`+altered+`}`); !strings.Contains(got, `"values":{"title":{"before":"none","after":"staff"}}`) {
		t.Errorf("with values:\n%s", got)
	}
	if got := r.post("diff", `{"mapping":`+inEffect+`}`); !strings.Contains(got, `"decisions":{}`) {
		t.Errorf("the same mapping: %s", got)
	}
	if got := r.post("diff", `{"mapping":{"attributes":[{"field":"mail","from":"userName"}]}}`); !strings.Contains(got, "error: the mapping is not valid") {
		t.Errorf("a wrong mapping: %s", got)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	r := runWith(t, []string{tenant}, provisioned(t))
	for name, tc := range map[string]struct{ in, want string }{
		"sound":        {`{"values":true,"payload":{"userName":"a","active":"True","emails":[{"value":"a@b"}],"userType":"Admin"}}`, `"role":"Admin","member":"created`},
		"tolerated":    {`{"payload":{"userName":"a","active":"True","emails":[{"value":"a@b"}]}}`, `{"tolerances":[`},
		"unknown role": {`{"payload":{"userName":"a","emails":[{"value":"a@b"}],"userType":"King"}}`, `"reason":"UnknownRole"`},
		"with values":  {`{"values":true,"payload":{"userName":"a","emails":[{"value":"a"}],"userType":"Rook"}}`, `no role \"Rook\"`},
		"inactive":     {`{"payload":{"userName":"a","active":false,"emails":[{"value":"a@b"}]}}`, `"member":"none until the user is active"`},
		"no userName":  {`{"payload":{"active":true}}`, `"refused":{"status":400,"scimType":"invalidValue"`},
		"no object":    {`{"payload":[]}`, `"refused":{"status":400,"scimType":"invalidSyntax"`},
		"group":        {`{"groups":["Admins"],"mapping":{"attributes":[{"field":"email","from":"emails.value"}],"role":{"groups":[{"displayName":"Admins","role":"Admin"}],"default":"Viewer","order":"GroupsFirst","unknown":"Reject","assign":"Always"}},"payload":{"userName":"a","emails":[{"value":"a@b"}]}}`, `"role":"Admin"`},
		"no request":   {`{"pay":1}`, "error: the request cannot be read"},
	} {
		got := r.post("check", tc.in)
		if !strings.Contains(got, tc.want) {
			t.Errorf("%s: %s\nwant %s", name, got, tc.want)
		}
		if name != "sound" && (strings.Contains(got, "a@b") || strings.Contains(got, "King")) {
			t.Errorf("%s: a value of the user shows: %s", name, got)
		}
	}
}

func TestResyncAndRelease(t *testing.T) {
	t.Parallel()
	r := runWith(t, []string{tenant}, provisioned(t))
	r.post("import", people(3))
	if got := r.post("resync", ""); got != `{"events":3}` {
		t.Errorf("resync: %s", got)
	}
	if got := r.post("release", ""); got != `{"released":"acme-ns/acme"}` {
		t.Errorf("release: %s", got)
	}
}

func TestPlainDirectory(t *testing.T) {
	t.Parallel()
	r := runWith(t, []string{tenant}, func(s store.Store) *admin.View {
		v := provisioned(t)(s)
		v.Members, v.Directory.Provisioner = nil, nil
		return v
	})
	for _, what := range []string{"resync", "release", "diff"} {
		if got := r.post(what, "{}"); !strings.Contains(got, "is a plain directory: it has no applicationRef") {
			t.Errorf("%s: %s", what, got)
		}
	}
	if got := r.post("check", `{"payload":{"userName":"a"}}`); !strings.Contains(got, "none: the tenant is a plain directory") {
		t.Errorf("check: %s", got)
	}
	if got := r.post("import", people(1)); !strings.Contains(got, `"created":1`) {
		t.Errorf("import: %s", got)
	}
	gone := run(t, tenant)
	if got := gone.post("resync", ""); !strings.Contains(got, "is not served now") {
		t.Errorf("not served: %s", got)
	}
}
