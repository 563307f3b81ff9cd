package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
)

const acmeURN = "urn:example:acme:2.0:User"

// acme has an attribute of each kind that a tenant may declare.
var acme = schema.ExtensionSpec{ID: acmeURN, Resource: "User", Attributes: []*schema.Attribute{
	{Name: "badge", Type: schema.String, Uniqueness: schema.Server},
	{Name: "size", Type: schema.Integer},
	{Name: "share", Type: schema.Decimal},
	{Name: "remote", Type: schema.Boolean},
	{Name: "born", Type: schema.DateTime},
	{Name: "key", Type: schema.Binary, CaseExact: true},
	{Name: "page", Type: schema.Reference, CaseExact: true, ReferenceTypes: []string{"external"}},
	{Name: "tags", Type: schema.String, MultiValued: true},
	{Name: "exact", Type: schema.String, CaseExact: true},
	{Name: "shift", Type: schema.String, CanonicalValues: []string{"day", "night"}},
	{Name: "fixed", Type: schema.String, Mutability: schema.Immutable},
	{Name: "ours", Type: schema.String, Mutability: schema.ReadOnly},
	{Name: "pin", Type: schema.String, Mutability: schema.WriteOnly, Returned: schema.Never},
	{Name: "asked", Type: schema.String, Returned: schema.OnRequest},
	{Name: "desk", Type: schema.Complex, SubAttributes: []*schema.Attribute{
		{Name: "site", Type: schema.String, Required: true}, {Name: "floor", Type: schema.Integer},
	}},
}}

const eveWithAll = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","` + acmeURN + `"],"userName":"eve","` + acmeURN + `":{` +
	`"badge":"B1","size":3,"share":0.5,"remote":true,"born":"2020-01-01T00:00:00Z","key":"AQID","page":"https://example.com/eve",` +
	`"tags":["x","y"],"exact":"Ab","shift":"DAY","fixed":"f","ours":"no","pin":"1234","asked":"q","desk":{"site":"Oslo","floor":3}}}`

// TestExtension: each kind of attribute of an extension is typed, validated, found, sorted by, patched and returned as it
// says of itself.
func TestExtension(t *testing.T) {
	t.Parallel()
	tenant := servertest.New(t).NewTenant(t, servertest.Strict(), servertest.Extension(acme))
	created := tenant.Do(t, http.MethodPost, "/Users", eveWithAll)
	shown := `"` + acmeURN + `":{"badge":"B1","size":3,"share":0.5,"remote":true,"born":"2020-01-01T00:00:00Z","key":"AQID","page":"https://example.com/eve",` +
		`"tags":["x","y"],"exact":"Ab","shift":"day","fixed":"f","asked":"q","desk":{"site":"Oslo","floor":3}}`
	if created.Status != http.StatusCreated || !strings.Contains(string(created.Body), shown) {
		t.Fatalf("%d %s", created.Status, created.Body)
	}
	var user struct{ ID string }
	created.Decode(t, &user)
	tryFilters(t, tenant)
	tryExtension(t, tenant, user.ID)
}

func tryFilters(t *testing.T, tenant *servertest.Tenant) {
	t.Helper()
	for filter, found := range map[string]string{
		`badge eq "b1"`: "1", `size eq 3.0`: "1", `size gt 3`: "0", `share lt 0.75`: "1", `remote eq true`: "1", `remote ne true`: "0",
		`born lt "2020-01-01T01:30:00+02:00"`: "0", `born le "2020-01-01T02:00:00+02:00"`: "1", `key eq "AQID"`: "1", `key eq "aqid"`: "0",
		`page sw "https://example.com"`: "1", `page sw "HTTPS://example.com"`: "0", `tags eq "Y"`: "1", `tags pr`: "1", `exact eq "ab"`: "0", `exact eq "Ab"`: "1",
		`shift eq "day"`: "1", `desk.floor ge 3`: "1", `desk.site co "sl"`: "1", `asked eq "q"`: "1", `ours pr`: "0",
	} {
		a := tenant.Do(t, http.MethodGet, "/Users?filter="+url.QueryEscape(acmeURN+":"+filter), "")
		if !strings.Contains(string(a.Body), `"totalResults":`+found+",") {
			t.Errorf("%s: %d %s, want %s", filter, a.Status, a.Body, found)
		}
	}
	for filter, status := range map[string]int{
		`pin sw "1"`: 403, `size co 3`: 400, `size eq "3"`: 400, `remote gt true`: 400, `born eq "yesterday"`: 400, `key gt "A"`: 400, `desk eq "x"`: 400, `none pr`: 400, `desk.none pr`: 400,
	} {
		wantError(t, tenant.Do(t, http.MethodGet, "/Users?filter="+url.QueryEscape(acmeURN+":"+filter), ""), status)
	}
}

func tryExtension(t *testing.T, tenant *servertest.Tenant, id string) {
	t.Helper()
	op := func(op, attribute, value string) string {
		if value != "" {
			value = `,"value":` + value
		}
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"` + op + `","path":"` + acmeURN + attribute + `"` + value + `}]}`
	}
	put := func(attributes string) string {
		return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","` + acmeURN + `"],"userName":"eve","` + acmeURN + `":{` + attributes + `}}`
	}
	one, other := "/Users/"+id, tenant.Create(t, "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"bob"}`)
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		holds, lacks             string
	}{
		{"not asked for", "GET", one, "", 200, `"badge"`, `"asked"`},
		{"asked for", "GET", one + "?attributes=" + acmeURN + ":asked", "", 200, `{"asked":"q"}`, `"badge"`},
		{"never", "GET", one + "?attributes=" + acmeURN + ":pin", "", 200, `"id"`, "1234"},
		{"sub-attribute", "GET", one + "?attributes=" + acmeURN + ":desk.floor", "", 200, `{"desk":{"floor":3}}`, "Oslo"},
		{"without", "GET", one + "?excludedAttributes=" + acmeURN, "", 200, `"userName"`, `"badge"`},
		{"sorted", "GET", "/Users?sortBy=" + acmeURN + ":size&sortOrder=descending&count=1", "", 200, `"userName":"bob"`, `"eve"`},
		{"no number", "PATCH", one, op("replace", ":size", `"4"`), 400, "invalidValue", ""},
		{"no whole number", "PATCH", one, op("replace", ":size", "4.5"), 400, "invalidValue", ""},
		{"out of range", "PATCH", one, op("replace", ":size", "9223372036854775808"), 400, "invalidValue", ""},
		{"decimal out of range", "PATCH", one, op("replace", ":share", "1e999"), 400, "invalidValue", ""},
		{"no boolean", "PATCH", one, op("replace", ":remote", `"true"`), 400, "invalidValue", ""},
		{"no time", "PATCH", one, op("replace", ":born", `"2020-13-01T00:00:00Z"`), 400, "invalidValue", ""},
		{"no base64", "PATCH", one, op("replace", ":key", `"%%"`), 400, "invalidValue", ""},
		{"no reference", "PATCH", one, op("replace", ":page", `"not a uri"`), 400, "invalidValue", ""},
		{"no array", "PATCH", one, op("add", ":tags", `"z"`), 400, "invalidValue", ""},
		{"immutable", "PATCH", one, op("replace", ":fixed", `"g"`), 400, "mutability", ""},
		{"immutable in PUT", "PUT", one, put(`"fixed":"g"`), 400, "mutability", ""},
		{"readOnly", "PATCH", one, op("add", ":ours", `"x"`), 400, "mutability", ""},
		{"unknown", "PATCH", one, op("add", ":none", `"x"`), 400, "invalidSyntax", ""},
		{"unknown in PUT", "PUT", one, put(`"none":1`), 400, "invalidSyntax", ""},
		{"required of a part", "PATCH", one, op("remove", ":desk.site", ""), 400, "mutability", ""},
		{"unique", "PATCH", "/Users/" + other, op("add", ":badge", `"b1"`), 409, "uniqueness", ""},
		{"nothing has changed", "GET", one + "?attributes=meta", "", 200, `"version":"W/\"1\""`, ""},
		{"added to", "PATCH", one, op("add", ":tags", `["z","x"]`), 200, `"tags":["x","y","z"]`, `"asked"`},
		{"written, so shown", "PATCH", one, op("replace", ":asked", `"r"`), 200, `"asked":"r"`, ""},
		{"in part", "PATCH", one, op("replace", ":desk.floor", "4"), 200, `"desk":{"site":"Oslo","floor":4}`, ""},
		{"removed", "PATCH", one, op("remove", ":tags", ""), 200, `"badge"`, `"tags"`},
		{"removed with an immutable value", "PATCH", one, op("remove", "", ""), 400, "mutability", ""},
		{"replaced", "PUT", one, put(`"size":5`), 200, `"` + acmeURN + `":{"size":5,"fixed":"f"}`, `"badge"`},
		{"value is free", "PATCH", "/Users/" + other, op("add", ":badge", `"B1"`), 200, `"badge":"B1"`, ""},
		{"extension is removed", "PATCH", "/Users/" + other, op("remove", "", ""), 200, `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]`, acmeURN},
		{"schema", "GET", "/Schemas/" + acmeURN, "", 200, `"name":"born","type":"dateTime"`, ""},
		{"resource type", "GET", "/ResourceTypes/User", "", 200, `{"schema":"` + acmeURN + `","required":false}`, ""},
	} {
		a := tenant.Do(t, tc.method, tc.path, tc.body)
		body := string(a.Body)
		if a.Status != tc.status || !strings.Contains(body, tc.holds) || tc.lacks != "" && strings.Contains(body, tc.lacks) {
			t.Errorf("%s: %d %s", tc.name, a.Status, body)
		}
	}
}
