package directory_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/password"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// TestPasswords: what is kept after each request, under both policies. "" is nothing.
func TestPasswords(t *testing.T) {
	t.Parallel()
	const user = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann"`
	patch := func(op string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + op + `]}`
	}
	long := strings.Repeat("x", password.MaxBytes+1)
	steps := []struct {
		name, method, body string
		status             int
		kept               string
		version            int64
	}{
		{"put", http.MethodPut, `{` + user + `,"password":"second"}`, 200, "second", 2},
		{"put the same", http.MethodPut, `{` + user + `,"password":"second"}`, 200, "second", 2},
		{"put without", http.MethodPut, `{` + user + `,"title":"Boss"}`, 200, "second", 3},
		{"put null", http.MethodPut, `{` + user + `,"title":"Boss","password":null}`, 200, "second", 3},
		{"patch", http.MethodPatch, patch(`{"op":"replace","path":"password","value":"third"}`), 200, "third", 4},
		{"patch without a path", http.MethodPatch, patch(`{"op":"add","value":{"password":"fourth"}}`), 200, "fourth", 5},
		{"the last one counts", http.MethodPatch, patch(`{"op":"remove","path":"password"},{"op":"add","path":"password","value":"fifth"}`), 200, "fifth", 6},
		{"too long", http.MethodPatch, patch(`{"op":"replace","path":"password","value":"` + long + `"}`), 400, "fifth", 6},
		{"no text", http.MethodPatch, patch(`{"op":"replace","path":"password","value":{}}`), 400, "fifth", 6},
		{"with a mistake beside it", http.MethodPatch, patch(`{"op":"replace","path":"password","value":"x"},{"op":"remove","path":"userName"}`), 400, "fifth", 6},
		{"remove", http.MethodPatch, patch(`{"op":"remove","path":"password"}`), 200, "", 7},
		{"remove again", http.MethodPatch, patch(`{"op":"remove","path":"password"}`), 200, "", 7},
		{"null is remove", http.MethodPatch, patch(`{"op":"replace","path":"password","value":null}`), 200, "", 7},
	}
	for name, keep := range map[string]bool{"Hash": true, "Drop": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var opts []servertest.TenantOption
			if keep {
				opts = append(opts, servertest.KeepPasswords())
			}
			server := servertest.New(t)
			tenant := server.NewTenant(t, opts...)
			id := tenant.Create(t, "/Users", `{`+user+`,"password":"first"}`)
			checkKept(t, server, tenant, id, "create", "first", keep)
			for _, step := range steps {
				a := tenant.Do(t, step.method, "/Users/"+id, step.body)
				want := step.status
				if !keep && step.name == "too long" {
					want = http.StatusOK
				}
				if a.Status != want || strings.Contains(string(a.Body), step.kept+`"`) && step.kept != "" {
					t.Errorf("%s: %d %s", step.name, a.Status, a.Body)
				}
				checkKept(t, server, tenant, id, step.name, step.kept, keep)
				if rec := record(t, server, tenant, id); keep && rec.Version != step.version || strings.Contains(string(rec.Doc), "password") {
					t.Errorf("%s: version %d, document %s", step.name, rec.Version, rec.Doc)
				}
			}
		})
	}
}

func record(t *testing.T, s *servertest.Server, tenant *servertest.Tenant, id string) (rec store.Record) {
	t.Helper()
	err := s.Store.View(t.Context(), tenant.Key, func(r store.Reader) (err error) {
		rec, err = r.Get(t.Context(), store.TypeUser, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func checkKept(t *testing.T, s *servertest.Server, tenant *servertest.Tenant, id, step, want string, keep bool) {
	t.Helper()
	var hash string
	err := s.Store.View(t.Context(), tenant.Key, func(r store.Reader) (err error) {
		hash, err = r.Password(t.Context(), store.TypeUser, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !keep || want == "" {
		if hash != "" {
			t.Errorf("%s: %q is kept", step, hash)
		}
		return
	}
	if ok, err := password.NewHasher().Matches(t.Context(), hash, want); err != nil || !ok {
		t.Errorf("%s: %q is not the hash of %q: %v", step, hash, want, err)
	}
}
