package crash

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestCompare: the test must be able to fail.
func TestCompare(t *testing.T) {
	t.Parallel()
	acknowledged := cells{"user/a": "a at revision 1", "member/g/a": in}
	pending := cells{"user/a": "", "member/g/a": ""}
	for name, tc := range map[string]struct {
		pending, found cells
		ok             bool
	}{
		"as acknowledged":             {pending, cells{"user/a": "a at revision 1", "member/g/a": in}, true},
		"with all that was under way": {pending, cells{}, true},
		"half of it":                  {pending, cells{"user/a": "a at revision 1"}, false},
		"the other half":              {pending, cells{"member/g/a": in}, false},
		"lost":                        {nil, cells{}, false},
		"an earlier revision":         {pending, cells{"user/a": "a at revision 0", "member/g/a": in}, false},
		"more than was written":       {pending, cells{"user/a": "a at revision 1", "member/g/a": in, "user/b": "b at revision 1"}, false},
	} {
		if err := compare(acknowledged, tc.pending, tc.found); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCellShowsHalfAppliedChanges(t *testing.T) {
	t.Parallel()
	whole := userBody("w1.1", "w1.1", 7)
	if got := representation(t, whole).cell(); got != person("w1.1", 7) {
		t.Errorf("whole user: %s", got)
	}
	other := userBody("w1.1", "w1.2", 8)
	for attribute := range whole {
		if attribute == "schemas" || attribute == "externalId" {
			continue
		}
		torn := userBody("w1.1", "w1.1", 7)
		torn[attribute] = other[attribute]
		if got := representation(t, torn).cell(); got == person("w1.1", 7) || got == person("w1.2", 8) {
			t.Errorf("%s of another revision: %s", attribute, got)
		}
	}
	if got := (user{}).cell(); got == person("", 0) {
		t.Errorf("empty user: %s", got)
	}
}

func representation(t *testing.T, body map[string]any) (u user) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &u); err != nil {
		t.Fatal(err)
	}
	return u
}

// TestLookFindsContradictions shows the test directories that no crash may leave.
func TestLookFindsContradictions(t *testing.T) {
	t.Parallel()
	const ann = `{"id":"1","externalId":"w1.1","userName":"w1.1@example.com","title":"title 1","groups":[{"value":"g"}]}`
	const ben = `{"id":"2","externalId":"w1.2","userName":"w1.2@example.com","title":"title 1"}`
	const admins = `{"id":"g","externalId":"shared.0","displayName":"admins","members":[{"value":"1"}]}`
	for name, tc := range map[string]struct{ users, groups, want string }{
		"nothing wrong":    {list(ann, ben), list(admins), ""},
		"orphan":           {list(ben), list(admins), "group shared.0 has an orphan: no user 1"},
		"in the user only": {list(ann), list(strings.Replace(admins, `{"value":"1"}`, "", 1)), "user w1.1 names the group g, which does not have it"},
		"in the group only": {
			list(strings.Replace(ann, `{"value":"g"}`, "", 1)), list(admins), "membership g 1 is in the group only",
		},
		"member twice": {list(ann), list(strings.Replace(admins, `]`, `,{"value":"1"}]`, 1)), "group shared.0 has the member w1.1 twice"},
		"name twice": {
			list(ann, strings.Replace(ben, "w1.2@", "W1.1@", 1)), list(admins), "users w1.1 and w1.2 have the same userName",
		},
		"user twice":  {list(ann, strings.Replace(ann, `"1"`, `"2"`, 1)), list(admins), "user w1.1 is there twice"},
		"wrong count": {strings.Replace(list(ann, ben), ":2", ":3", 1), list(admins), "/Users lists 2 resources, but counts 3"},
		"failure":     {`<html>`, list(admins), "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Query().Get("startIndex") != "1":
					_, _ = w.Write([]byte(`{"totalResults":3}`))
				case r.URL.Path == "/Users":
					_, _ = w.Write([]byte(tc.users))
				default:
					_, _ = w.Write([]byte(tc.groups))
				}
			}))
			t.Cleanup(server.Close)
			f, err := look(t.Context(), &client{http: server.Client(), base: server.URL})
			if tc.want == "" {
				if err != nil || len(f.cells) != 4 || f.cells[memberCell("shared.0", "w1.1")] != in {
					t.Errorf("%v, %v", f, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func list(resources ...string) string {
	return `{"totalResults":` + string(rune('0'+len(resources))) + `,"Resources":[` + strings.Join(resources, ",") + `]}`
}

// TestApplicationFindsLosses shows the application feeds and directories that no crash may leave.
func TestApplicationFindsLosses(t *testing.T) {
	t.Parallel()
	event := func(sequence, typ, id, active string) string {
		return `{"sequence":` + sequence + `,"event":{"type":"member.` + typ + `","sequence":` + sequence + `,"member":{"id":"` + id +
			`","userName":"w1.1@example.com","externalId":"w1.1","role":"Staff","active":` + active + `,"fields":{"title":"title 2","department":"department 2"}}}}`
	}
	ann := user{UserName: "w1.1@example.com", Title: "title 2", Active: true}
	ann.Enterprise.Department = "department 2"
	inactive := ann
	inactive.Active = false
	for name, tc := range map[string]struct {
		events []string
		users  map[string]user
		cells  cells
		want   string
	}{
		"nothing wrong":      {[]string{event("1", "created", "m", "true")}, map[string]user{"w1.1": ann}, nil, ""},
		"removed":            {[]string{event("1", "created", "m", "true"), event("2", "removed", "m", "false")}, nil, nil, ""},
		"never active":       {nil, map[string]user{"w1.1": inactive}, nil, ""},
		"gap":                {[]string{event("2", "created", "m", "true")}, map[string]user{"w1.1": ann}, nil, "event 2 follows event 0"},
		"event is missing":   {nil, map[string]user{"w1.1": ann}, nil, "user w1.1 has no member"},
		"write is missing":   {[]string{event("1", "created", "m", "true")}, nil, nil, "user w1.1, who is not there"},
		"created twice":      {[]string{event("1", "created", "m", "true"), event("2", "created", "m", "true")}, map[string]user{"w1.1": ann}, nil, "known: true"},
		"of nobody":          {[]string{event("1", "updated", "m", "true")}, map[string]user{"w1.1": ann}, nil, "known: false"},
		"two members":        {[]string{event("1", "created", "m", "true"), event("2", "created", "n", "true")}, map[string]user{"w1.1": ann}, nil, "two members"},
		"update is missing":  {[]string{event("1", "created", "m", "true")}, map[string]user{"w1.1": inactive}, nil, "want {ID:m"},
		"no role by a group": {[]string{event("1", "created", "m", "true")}, map[string]user{"w1.1": ann}, cells{memberCell(sharedGroup(0), "w1.1"): in}, "Role:Administrator"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				page := ""
				if r.URL.Query().Get("after") == "0" {
					page = strings.Join(tc.events, ",")
				}
				_, _ = w.Write([]byte(`{"events":[` + page + `]}`))
			}))
			t.Cleanup(server.Close)
			a := application{members: map[string]member{}}
			err := a.read(t.Context(), &client{http: server.Client(), base: server.URL + "/scim/v2"})
			if err == nil {
				err = a.compare(&found{users: tc.users, cells: tc.cells})
			}
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}
