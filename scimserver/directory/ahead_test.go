package directory_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/servertest"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// toldStore notes what the last Update has told of its reads, and what it then read first.
type toldStore struct {
	store.Store
	told, read store.Ahead
}

func (s *toldStore) Update(ctx context.Context, tenant string, fn func(store.Writer) error) error {
	s.told, _ = store.AheadOf(ctx)
	s.read = store.Ahead{}
	return s.Store.Update(ctx, tenant, func(w store.Writer) error { return fn(&readingWriter{w, s}) })
}

func (w *readingWriter) AddMembers(ctx context.Context, group string, ids []string) (int, []string, error) {
	w.s.read.Members = append(w.s.read.Members, ids...)
	return w.Writer.AddMembers(ctx, group, ids)
}

func (w *readingWriter) RemoveMembers(ctx context.Context, group string, ids []string) (int, error) {
	w.s.read.Members = append(w.s.read.Members, ids...)
	return w.Writer.RemoveMembers(ctx, group, ids)
}

type readingWriter struct {
	store.Writer
	s *toldStore
}

func (w *readingWriter) Get(ctx context.Context, typ, id string) (store.Record, error) {
	if w.s.read.ID == "" {
		w.s.read = store.Ahead{Type: typ, ID: id}
	}
	return w.Writer.Get(ctx, typ, id)
}

func (w *readingWriter) Insert(ctx context.Context, r store.Record) (store.Record, error) {
	w.s.read = store.Ahead{Type: r.Type, ID: r.ID, Insert: true}
	if r.Type == store.TypeUser {
		w.s.read.Name = r.Keys.Name
	}
	return w.Writer.Insert(ctx, r)
}

// TestAhead: the store is told of each change what that reads first.
func TestAhead(t *testing.T) {
	t.Parallel()
	s := &toldStore{Store: servertest.OpenSQLite(t)}
	tenant := servertest.New(t, servertest.WithStore(s)).NewTenant(t)
	told := func(step string) {
		t.Helper()
		if diff := cmp.Diff(s.read, s.told); diff != "" || s.told.ID == "" {
			t.Errorf("%s (-read +told):\n%s", step, diff)
		}
	}
	id := tenant.Create(t, "/Users", `{"schemas":["`+userURN+`"],"userName":"ann"}`)
	told("a user made")
	group := "/Groups/" + tenant.Create(t, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g"}`)
	told("a group made")
	const patch = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`
	for _, req := range [][3]string{
		{http.MethodPatch, "/Users/" + id, patch + `{"op":"replace","path":"title","value":"x"}]}`},
		{http.MethodPatch, group, patch + `{"op":"add","path":"members","value":[{"value":"` + id + `"}]}]}`},
		{http.MethodPatch, group, patch + `{"op":"remove","path":"members[value eq \"` + id + `\"]"},{"op":"add","path":"members","value":[{"value":"` + id + `"}]}]}`},
		{http.MethodPut, "/Users/" + id, `{"schemas":["` + userURN + `"],"userName":"bob"}`},
		{http.MethodDelete, "/Users/" + id, ""},
	} {
		if a := tenant.Do(t, req[0], req[1], req[2]); a.Status >= http.StatusBadRequest {
			t.Fatalf("%s %s: %d %s", req[0], req[1], a.Status, a.Body)
		}
		told(req[0] + " " + req[1])
	}
}
