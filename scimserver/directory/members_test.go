package directory_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/servertest"
)

// change is one operation on the members of a group, as its own PATCH or one of several in it.
type change struct {
	kind  string // add, remove, removeFilter, removeAll, replace
	users []int
}

// json is the operation with the ids of the users.
func (c change) json(ids []string) string {
	var values []string
	for _, u := range c.users {
		values = append(values, fmt.Sprintf(`{"value":%q}`, ids[u]))
	}
	list := "[" + strings.Join(values, ",") + "]"
	switch c.kind {
	case "removeFilter":
		return fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%s\"]"}`, ids[c.users[0]])
	case "removeAll":
		return `{"op":"remove","path":"members"}`
	default:
		return fmt.Sprintf(`{"op":%q,"path":"members","value":%s}`, c.kind, list)
	}
}

// apply is the model: members are a list without doubles, in the order of their addition.
func (c change) apply(members []int) []int {
	switch c.kind {
	case "removeAll":
		return nil
	case "remove", "removeFilter":
		return slices.DeleteFunc(slices.Clone(members), func(u int) bool { return slices.Contains(c.users, u) })
	case "replace":
		members = slices.DeleteFunc(slices.Clone(members), func(u int) bool { return !slices.Contains(c.users, u) })
	}
	for _, u := range c.users {
		if !slices.Contains(members, u) {
			members = append(members, u)
		}
	}
	return members
}

func drawChange(t *rapid.T, kinds []string, users []int) change {
	c := change{kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
	most := len(users)
	if c.kind == "removeFilter" {
		most = 1
	}
	c.users = rapid.SliceOfNDistinct(rapid.SampledFrom(users), 1, most, rapid.ID[int]).Draw(t, "users")
	return c
}

func patchBody(changes []change, ids []string) string {
	var ops []string
	for _, c := range changes {
		ops = append(ops, c.json(ids))
	}
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + strings.Join(ops, ",") + `]}`
}

// directoryOf makes a tenant with users and returns their ids.
func directoryOf(t testing.TB, users int) (tenant *servertest.Tenant, ids []string) {
	t.Helper()
	tenant = servertest.New(t).NewTenant(t)
	for i := range users {
		ids = append(ids, tenant.Create(t, "/Users", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u%d"}`, i)))
	}
	return tenant, ids
}

func newGroup(t testing.TB, tenant *servertest.Tenant) string {
	t.Helper()
	return tenant.Create(t, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g"}`)
}

// membersOf reads a group's members as numbers of users.
func membersOf(t testing.TB, tenant *servertest.Tenant, group string, ids []string) (members []int, version string) {
	t.Helper()
	a := tenant.Do(t, http.MethodGet, "/Groups/"+group, "")
	var body struct{ Members []struct{ Value string } }
	a.Decode(t, &body)
	for _, m := range body.Members {
		members = append(members, slices.Index(ids, m.Value))
	}
	return members, a.Header.Get("Etag")
}

func upTo(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

// TestMembersAgainstModel makes random changes, several in one PATCH, one after the other: members, their order, and
// whether there is a new version are as in the model.
func TestMembersAgainstModel(t *testing.T) {
	t.Parallel()
	const users = 6
	tenant, ids := directoryOf(t, users)
	rapid.Check(t, func(rt *rapid.T) {
		group := newGroup(t, tenant)
		var model []int
		version := `W/"1"`
		for range rapid.IntRange(1, 6).Draw(rt, "patches") {
			var changes []change
			for range rapid.IntRange(1, 3).Draw(rt, "operations") {
				changes = append(changes, drawChange(rt, []string{"add", "remove", "removeFilter", "removeAll", "replace"}, upTo(users)))
			}
			before := model
			for _, c := range changes {
				model = c.apply(model)
			}
			if a := tenant.Do(t, http.MethodPatch, "/Groups/"+group, patchBody(changes, ids)); a.Status != http.StatusNoContent {
				rt.Fatalf("%+v: %d %s", changes, a.Status, a.Body)
			}
			got, next := membersOf(t, tenant, group, ids)
			if diff := cmp.Diff(append([]int{}, model...), append([]int{}, got...)); diff != "" {
				rt.Fatalf("after %+v (-model +server):\n%s", changes, diff)
			}
			if next == version && !slices.Equal(before, model) {
				rt.Fatalf("after %+v: members have changed, the version %s has not", changes, version)
			}
			version = next
		}
	})
}

// TestParallelPatchesLoseNobody lets each of several clients add and remove its own users in one group, at the same time,
// while another one renames it: at the end every client's members are there.
func TestParallelPatchesLoseNobody(t *testing.T) {
	t.Parallel()
	const clients, each, patches = 6, 4, 6
	tenant, ids := directoryOf(t, clients*each)
	rapid.Check(t, func(rt *rapid.T) {
		group := newGroup(t, tenant)
		plans := make([][]change, clients)
		var want []int
		for client := range clients {
			var model []int
			own := upTo(clients * each)[client*each : (client+1)*each]
			for range patches {
				c := drawChange(rt, []string{"add", "remove", "removeFilter"}, own)
				plans[client] = append(plans[client], c)
				model = c.apply(model)
			}
			want = append(want, model...)
		}
		perform(t, tenant, group, ids, plans)
		got, _ := membersOf(t, tenant, group, ids)
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(append([]int{}, want...), append([]int{}, got...)); diff != "" {
			rt.Fatalf("members (-model +server):\n%s", diff)
		}
	})
}

func perform(t *testing.T, tenant *servertest.Tenant, group string, ids []string, plans [][]change) {
	t.Helper()
	var wg sync.WaitGroup
	for _, plan := range plans {
		wg.Go(func() {
			for _, c := range plan {
				expect(t, tenant, group, patchBody([]change{c}, ids))
			}
		})
	}
	wg.Go(func() {
		for i := range plans[0] {
			expect(t, tenant, group, fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"g%d"}]}`, i))
		}
	})
	wg.Wait()
}

func expect(t *testing.T, tenant *servertest.Tenant, group, body string) {
	if a := tenant.Do(t, http.MethodPatch, "/Groups/"+group, body); a.Status != http.StatusNoContent {
		t.Errorf("%s: %d %s", body, a.Status, a.Body)
	}
}

// TestIfMatchUnderContention lets clients count up a number by reading, adding one and writing with If-Match: without lost
// updates the end is the number of all additions.
func TestIfMatchUnderContention(t *testing.T) {
	t.Parallel()
	const clients, additions = 6, 10
	tenant, ids := directoryOf(t, 1)
	path := "/Users/" + ids[0]
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range additions {
				for done := false; !done; {
					done = countUp(t, tenant, path)
				}
			}
		})
	}
	wg.Wait()
	if got := count(t, tenant.Do(t, http.MethodGet, path, "")); got != clients*additions {
		t.Errorf("counted %d, want %d", got, clients*additions)
	}
}

func countUp(t *testing.T, tenant *servertest.Tenant, path string) bool {
	a := tenant.Do(t, http.MethodGet, path, "")
	body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u0","title":"%d"}`, count(t, a)+1)
	a = tenant.Do(t, http.MethodPut, path, body, "If-Match", a.Header.Get("Etag"))
	if a.Status != http.StatusOK && a.Status != http.StatusPreconditionFailed {
		t.Errorf("PUT: %d %s", a.Status, a.Body)
	}
	return a.Status != http.StatusPreconditionFailed
}

func count(t *testing.T, a servertest.Answer) (n int) {
	var body struct{ Title string }
	a.Decode(t, &body)
	if body.Title != "" {
		if _, err := fmt.Sscan(body.Title, &n); err != nil {
			t.Error(err)
		}
	}
	return n
}

// TestParallelCreatesOfOneName lets one of many win.
func TestParallelCreatesOfOneName(t *testing.T) {
	t.Parallel()
	tenant, _ := directoryOf(t, 0)
	statuses := make([]int, 16)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() {
			name := []string{"ann", "ANN", "Ann"}[i%3]
			statuses[i] = tenant.Do(t, http.MethodPost, "/Users", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q}`, name)).Status
		})
	}
	wg.Wait()
	slices.Sort(statuses)
	want := append([]int{http.StatusCreated}, slices.Repeat([]int{http.StatusConflict}, len(statuses)-1)...)
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}
