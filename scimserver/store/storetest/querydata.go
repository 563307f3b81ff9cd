package storetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

const (
	customURN = "urn:example:scim:schemas:extension:acme:2.0:User"
	teamURN   = "urn:example:scim:schemas:extension:acme:2.0:Group"
	baseURL   = "https://scim.example.com/acme-ns/acme/scim/v2"
)

// customAttributes has one attribute of every type, single and multi-valued. Changed, it has the same
// names with other types, as a tenant may change its extension while documents stay.
func customAttributes(changed bool) []*schema.Attribute {
	types := []schema.Type{schema.String, schema.Boolean, schema.Decimal, schema.Integer, schema.DateTime, schema.Binary, schema.Reference}
	var list []*schema.Attribute
	for i, typ := range types {
		if changed {
			typ = types[(i+3)%len(types)]
		}
		list = append(list,
			&schema.Attribute{Name: fmt.Sprint("one", i), Type: typ, CaseExact: exact(typ)},
			&schema.Attribute{Name: fmt.Sprint("many", i), Type: typ, CaseExact: exact(typ), MultiValued: true},
		)
	}
	return append(list,
		&schema.Attribute{Name: "exact$-_", Type: schema.String, CaseExact: true},
		&schema.Attribute{Name: "single", Type: schema.Complex, SubAttributes: subAttributes()},
		&schema.Attribute{Name: "several", Type: schema.Complex, MultiValued: true, SubAttributes: subAttributes()},
	)
}

func exact(t schema.Type) bool { return t == schema.Binary || t == schema.Reference }

func subAttributes() []*schema.Attribute {
	return []*schema.Attribute{
		{Name: "value", Type: schema.String},
		{Name: "type", Type: schema.String, CaseExact: true},
		{Name: "primary", Type: schema.Boolean},
		{Name: "number", Type: schema.Decimal},
		{Name: "at", Type: schema.DateTime},
		{Name: "tags", Type: schema.String, MultiValued: true},
	}
}

func newRegistry(tb testing.TB, changed bool) *schema.Registry {
	tb.Helper()
	r, err := schema.New(schema.Options{Groups: true, Extensions: []schema.ExtensionSpec{
		{ID: customURN, Name: "Acme", Resource: "User", Attributes: customAttributes(changed)},
		{ID: teamURN, Name: "Team", Resource: "Group", Attributes: customAttributes(changed)},
	}})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// texts are full of what SQL, LIKE, GLOB, JSON and case folding treat in their own ways.
var texts = []string{
	"ann", "Ann", "ANN", "anna", "bob", "work", "Work", "home", "a", "A", "b", " ", "ann@example.com", "Ann@Example.com",
	"%", "_", "a%", "a_b", "a*b", "[a]", "?", `\`, `'`, `"`, `\u0041`, "null", "true", "1", "01", "1.0", "{}", "[]", "$",
	"ä", "Ä", "äö", "ß", "ẞ", "ss", "k", "K", "\u212a", "s", "ſ", "σ", "ς", "Σ", "i", "I", "İ", "ı", "é", "e\u0301", "Å", "\u212b",
	"😀", "😀😀", "\U0010ffff", "\uffff", "ﬀ", "ǅ", "ǆ", "\t", "\n", "\u007f", "日本", strings.Repeat("long ", 50),
}

var times = []string{
	"2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2025-12-31T19:00:00-05:00", "2026-01-01T00:00:00.001Z",
	"2026-01-01T00:00:00.0010000001Z", "2026-01-01T00:00:00.000000001Z", "1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z",
	"9999-12-31T23:59:59Z", "2026-01-02T10:20:30.456Z", "2026-01-02T10:20:30.4565Z", "2026-01-02T10:20:30",
}

var numbers = []string{
	"0", "-0", "1", "-1", "2", "10", "1.0", "1.5", "-1.5", "1e2", "100", "0.1", "0.1000000000000000055511151231257827",
	"9007199254740992", "9007199254740993", "9223372036854775807", "-9223372036854775808", "1e308", "1e-308", "123456789012345678901234567890",
}

var blobs = []string{"AA==", "aA==", "QUJD", "qUJD", "/+8="}

var links = []string{"https://example.com/a", "https://example.com/A", "urn:x:y", "/Users/1"}

// source makes documents at random.
type source struct{ *rand.Rand }

func newSource(seed uint64) source { return source{rand.New(rand.NewPCG(seed, 42))} }

func pick[T any](s source, list []T) T { return list[s.IntN(len(list))] }

func (s source) chance(percent int) bool { return s.IntN(100) < percent }

// scalar is a value of a simple attribute.
func (s source) scalar(a *schema.Attribute) resource.Value {
	switch a.Type {
	case schema.Boolean:
		return resource.Bool(s.chance(50))
	case schema.Decimal:
		return resource.Number(pick(s, numbers))
	case schema.Integer:
		return resource.Number(pick(s, []string{"0", "1", "-1", "10", "9007199254740993", "9223372036854775807"}))
	case schema.DateTime:
		return resource.String(pick(s, times))
	case schema.Binary:
		return resource.String(pick(s, blobs))
	case schema.Reference:
		return resource.String(pick(s, links))
	}
	if s.chance(5) && !a.Required {
		return resource.String("")
	}
	return resource.String(pick(s, texts))
}

func (s source) single(a *schema.Attribute) resource.Value {
	if a.Type != schema.Complex {
		return s.scalar(a)
	}
	o := resource.NewObject(len(a.SubAttributes))
	for _, sub := range a.SubAttributes {
		if s.chance(55) && sub.Name != "primary" {
			o.Set(sub.Name, s.value(sub))
		}
	}
	return resource.Obj(o)
}

func (s source) value(a *schema.Attribute) resource.Value {
	if !a.MultiValued {
		return s.single(a)
	}
	elems := make([]resource.Value, s.IntN(4))
	chosen := s.IntN(6) // the primary one, if there are so many
	for i := range elems {
		elems[i] = s.single(a)
		if p := a.Primary(); p != nil && (i == chosen || i < chosen && s.chance(20)) {
			elems[i].Object().Set(p.Name, resource.Bool(i == chosen))
		}
	}
	return resource.Array(elems...)
}

// object sets some of the attributes.
func (s source) object(attrs []*schema.Attribute) *resource.Object {
	o := resource.NewObject(len(attrs))
	for _, a := range attrs {
		if a.Mutability != schema.ReadOnly && a.Returned != schema.Never && a.Name != "members" && s.chance(45) {
			o.Set(a.Name, s.value(a))
		}
	}
	return o
}

// record makes the n-th resource of a type.
func (s source) record(tb testing.TB, rt *schema.ResourceType, n int) store.Record {
	tb.Helper()
	body := s.object(rt.Core.Attributes)
	urns := []resource.Value{resource.String(rt.Core.ID)}
	for _, x := range rt.Extensions {
		if s.chance(70) {
			body.Set(x.Schema.ID, resource.Obj(s.object(x.Schema.Attributes)))
			urns = append(urns, resource.String(x.Schema.ID))
		}
	}
	body.Set("schemas", resource.Array(urns...))
	name := store.NameAttribute(rt.Name)
	body.Set(name, resource.String(pick(s, texts)+fmt.Sprint(n%7)))
	if rt.Name == store.TypeUser {
		body.Set(name, resource.String(fmt.Sprint(pick(s, texts), n)))
	}
	if s.chance(50) {
		body.Set("externalId", resource.String(pick(s, texts)))
	}
	doc, err := resource.Canonical(rt, body, tolerance.Strict())
	if err != nil {
		tb.Fatalf("make a document: %v in %s", err, body.AppendJSON(nil))
	}
	return newRecord(rt, doc, s.id(n), s.time(), s.time())
}

// id is a UUID mostly.
func (s source) id(n int) string {
	if n%5 == 0 {
		return fmt.Sprint("Id-", n)
	}
	return id(n)
}

func (s source) time() time.Time {
	t, _ := resource.ParseTime(pick(s, times))
	return t.Truncate(time.Millisecond)
}

// newRecord derives the keys from a canonical document.
func newRecord(rt *schema.ResourceType, doc *resource.Object, id string, created, modified time.Time) store.Record {
	name := doc.Value(store.NameAttribute(rt.Name)).Text()
	r := store.Record{
		Type: rt.Name, ID: id, Created: created, Modified: modified, Doc: doc.AppendJSON(nil),
		Active: doc.Value("active").IsNull() || doc.Value("active").Bool(),
		Keys: store.Keys{
			Name: filter.Fold(name), NameUnique: rt.Name == store.TypeUser,
			Display: doc.Value("displayName").Text(), ExternalID: doc.Value("externalId").Text(),
			Active: doc.Value("active").Bool(),
		},
	}
	if r.Keys.Display == "" {
		r.Keys.Display = name
	}
	for _, e := range doc.Value("emails").Elems() {
		if v := e.Object().Value("value").Text(); v != "" && rt.Name == store.TypeUser {
			r.Keys.Values = append(r.Keys.Values, store.Key{Path: "emails.value", Value: filter.Fold(v)})
		}
	}
	return r
}
