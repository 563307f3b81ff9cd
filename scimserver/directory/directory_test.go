package directory_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
)

const userURN = "urn:ietf:params:scim:schemas:core:2.0:User"

// TestUniqueAttributeOfExtension: another user's value is refused in every way it may come, and free once it is gone.
func TestUniqueAttributeOfExtension(t *testing.T) {
	t.Parallel()
	const urn = "urn:ietf:params:scim:schemas:extension:badge:2.0:User"
	tenant := servertest.New(t).NewTenant(t, servertest.Extension(schema.ExtensionSpec{
		ID: urn, Name: "Badge", Resource: "User", Attributes: []*schema.Attribute{{Name: "number", Uniqueness: schema.Server}},
	}))
	user := func(name, badge string) string {
		return fmt.Sprintf(`{"schemas":[%q,%q],"userName":%q,%q:{"number":%q}}`, userURN, urn, name, urn, badge)
	}
	ann := tenant.Create(t, "/Users", user("ann", "X1"))
	bob := tenant.Create(t, "/Users", user("bob", "X2"))
	for name, a := range map[string]servertest.Answer{
		"POST":  tenant.Do(t, http.MethodPost, "/Users", user("eve", "x1")),
		"PUT":   tenant.Do(t, http.MethodPut, "/Users/"+bob, user("bob", "x1")),
		"PATCH": tenant.Do(t, http.MethodPatch, "/Users/"+bob, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"`+urn+`:number","value":"X1"}]}`),
	} {
		if a.Status != http.StatusConflict || !strings.Contains(string(a.Body), urn+":number") || !strings.Contains(string(a.Body), `"uniqueness"`) {
			t.Errorf("%s: %d %s, want 409 that names the attribute", name, a.Status, a.Body)
		}
	}
	if a := tenant.Do(t, http.MethodPut, "/Users/"+ann, user("ann", "X3")); a.Status != http.StatusOK {
		t.Fatalf("PUT: %d %s", a.Status, a.Body)
	}
	tenant.Create(t, "/Users", user("eve", "X1"))
}

// TestTenantsAreApart: what one tenant has, another neither sees nor is hindered by.
func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	server := servertest.New(t)
	a, b := server.NewTenant(t), server.NewTenant(t)
	body := fmt.Sprintf(`{"schemas":[%q],"userName":"ann"}`, userURN)
	id := a.Create(t, "/Users", body)
	group := b.Create(t, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g"}`)
	for _, req := range [][3]string{
		{"GET", "/Users/" + id, ""},
		{"PUT", "/Users/" + id, body},
		{"PATCH", "/Users/" + id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"x"}]}`},
		{"DELETE", "/Users/" + id, ""},
	} {
		if got := b.Do(t, req[0], req[1], req[2]); got.Status != http.StatusNotFound {
			t.Errorf("%s of the other tenant's user: %d %s", req[0], got.Status, got.Body)
		}
	}
	member := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":%q}]}]}`, id)
	if got := b.Do(t, http.MethodPatch, "/Groups/"+group, member); got.Status != http.StatusBadRequest {
		t.Errorf("the other tenant's user as a member: %d %s", got.Status, got.Body)
	}
	if got := b.Do(t, http.MethodGet, "/Users", ""); !strings.Contains(string(got.Body), `"totalResults":0`) {
		t.Errorf("list: %s", got.Body)
	}
	b.Create(t, "/Users", body)
	if got := b.Do(t, http.MethodGet, "/Users", "", "Authorization", "Bearer "+a.Token); got.Status != http.StatusUnauthorized {
		t.Errorf("with the other tenant's token: %d", got.Status)
	}
	if got := a.Do(t, http.MethodGet, "/Users/"+id, ""); got.Status != http.StatusOK || !strings.Contains(string(got.Body), a.BaseURL+"/Users/"+id) {
		t.Errorf("own user: %d %s", got.Status, got.Body)
	}
}
