package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	text := func(name string) *schema.Attribute { return &schema.Attribute{Name: name} }
	ext := func(id string, attributes ...*schema.Attribute) schema.ExtensionSpec {
		return schema.ExtensionSpec{ID: id, Resource: "User", Attributes: attributes}
	}
	many := make([]*schema.Attribute, 513)
	for i := range many {
		many[i] = text(fmt.Sprintf("a%d", i))
	}
	tests := map[string]struct {
		options schema.Options
		want    []string // all of them, in one error
	}{
		"unique identifier":  {schema.Options{UniqueIdentifier: "mail"}, []string{`uniqueIdentifier "mail": use userName, email or externalId`}},
		"no URN":             {one(ext("acme", text("a"))), []string{`extension "acme": id: use a URN`}},
		"URN missing":        {one(ext("", text("a"))), []string{`extension 0: id: use a URN`}},
		"URN with a bracket": {one(ext("urn:a:b]c", text("a"))), []string{"id: use a URN"}},
		"URN with a blank":   {one(ext("urn:a:b c", text("a"))), []string{"id: use a URN"}},
		"URN with a quote":   {one(ext(`urn:a:b"c`, text("a"))), []string{"id: use a URN"}},
		"URN ends in colon":  {one(ext("urn:a:b:", text("a"))), []string{"id: use a URN"}},
		"URN too long":       {one(ext("urn:a:"+strings.Repeat("b", 250), text("a"))), []string{"id: use a URN"}},
		"namespace too long": {one(ext("urn:"+strings.Repeat("a", 33)+":b", text("a"))), []string{"id: use a URN"}},
		"core URN":           {one(ext(schema.UserID, text("a"))), []string{"id: the URN is reserved"}},
		"core URN, case":     {one(ext(strings.ToUpper(schema.GroupID), text("a"))), []string{"reserved"}},
		"enterprise URN":     {one(ext(schema.EnterpriseUserID, text("a"))), []string{"reserved"}},
		"legacy URN":         {one(ext("urn:scim:schemas:extension:x:1.0", text("a"))), []string{"reserved"}},
		"twice":              {one(ext("urn:a:b", text("a")), ext("URN:A:B", text("a"))), []string{`extension "URN:A:B": id: the same as`}},
		"below another":      {one(ext("urn:a:b", text("a")), ext("urn:a:b:c", text("a"))), []string{`or below, that of another`}},
		"resource":           {one(schema.ExtensionSpec{ID: "urn:a:b", Resource: "Device", Attributes: []*schema.Attribute{text("a")}}), []string{`resource "Device": use User or Group`}},
		"no attributes":      {one(ext("urn:a:b")), []string{"no attributes"}},
		"empty attribute":    {one(ext("urn:a:b", nil)), []string{"attribute 0 is empty"}},
		"too many":           {one(ext("urn:a:b", many...)), []string{"513 attributes: at most 512"}},
		"name with a digit":  {one(ext("urn:a:b", text("1a"))), []string{`attribute "1a": name: use a letter`}},
		"name with a dot":    {one(ext("urn:a:b", text("a.b"))), []string{"name: use a letter"}},
		"name empty":         {one(ext("urn:a:b", text(""))), []string{"name: use a letter"}},
		"name too long":      {one(ext("urn:a:b", text(strings.Repeat("a", 65)))), []string{"at most 64"}},
		"$ref at the top":    {one(ext("urn:a:b", text("$ref"))), []string{"name: use a letter"}},
		"declared twice":     {one(ext("urn:a:b", text("a"), text("A"))), []string{`attribute "A": declared twice`}},
		"two problems":       {one(ext("acme", text("1a"))), []string{"use a URN", "use a letter"}},
		"complex, no subs":   {one(ext("urn:a:b", &schema.Attribute{Name: "a", Type: schema.Complex})), []string{"a complex attribute needs sub-attributes"}},
		"subs, not complex":  {one(ext("urn:a:b", &schema.Attribute{Name: "a", SubAttributes: []*schema.Attribute{text("b")}})), []string{"only an attribute of type complex"}},
		"too many subs":      {one(ext("urn:a:b", &schema.Attribute{Name: "a", Type: schema.Complex, SubAttributes: many[:65]})), []string{"65 sub-attributes: at most 64"}},
		"nested complex": {one(ext("urn:a:b", &schema.Attribute{Name: "a", Type: schema.Complex, SubAttributes: []*schema.Attribute{
			{Name: "b", Type: schema.Complex, SubAttributes: []*schema.Attribute{text("c")}}}})), []string{`attribute "a": attribute "b": a sub-attribute cannot be complex`}},
		"sub twice": {one(ext("urn:a:b", &schema.Attribute{Name: "a", Type: schema.Complex, SubAttributes: []*schema.Attribute{text("b"), text("B")}})), []string{`attribute "B": declared twice`}},
		"sub returned never": {one(ext("urn:a:b", &schema.Attribute{Name: "a", Type: schema.Complex, SubAttributes: []*schema.Attribute{
			{Name: "b", Returned: schema.Never}}})), []string{"a sub-attribute cannot be returned never"}},
		"required, readOnly": {one(ext("urn:a:b", &schema.Attribute{Name: "a", Required: true, Mutability: schema.ReadOnly})), []string{"no client could send it"}},
		"required, never":    {one(ext("urn:a:b", &schema.Attribute{Name: "a", Required: true, Returned: schema.Never})), []string{"nobody could tell"}},
		"writeOnly returned": {one(ext("urn:a:b", &schema.Attribute{Name: "a", Mutability: schema.WriteOnly})), []string{"writeOnly: returned must be never"}},
		"unique boolean":     {one(ext("urn:a:b", &schema.Attribute{Name: "a", Type: schema.Boolean, Uniqueness: schema.Server})), []string{"boolean cannot be unique"}},
		"unknown type":       {one(ext("urn:a:b", &schema.Attribute{Name: "a", Type: 99})), []string{"a characteristic is unknown"}},
	}
	group := ext("urn:a:b", text("a"))
	group.Resource = "Group"
	tests["groups are disabled"] = struct {
		options schema.Options
		want    []string
	}{one(group), []string{"resource Group: groups are disabled"}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := schema.New(tt.options)
			if err == nil || r != nil {
				t.Fatal("accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func one(specs ...schema.ExtensionSpec) schema.Options {
	return schema.Options{Extensions: specs}
}

func TestExtensionOfGroup(t *testing.T) {
	t.Parallel()
	spec := schema.ExtensionSpec{ID: "urn:example:acme:Group", Resource: "Group", Required: true, Attributes: []*schema.Attribute{{Name: "cost"}}}
	r := registry(t, schema.Options{Groups: true, Extensions: []schema.ExtensionSpec{spec}})
	rt, _ := r.ResourceType("Group")
	e, ok := rt.Extension("URN:EXAMPLE:ACME:GROUP")
	if !ok || !e.Required || e.Schema.Name != "Group" || e.Lookup("COST") == nil {
		t.Errorf("got %+v, %v", e, ok)
	}
	if user, _ := r.ResourceType("User"); len(user.Extensions) != 1 {
		t.Error("the extension is one of User too")
	}
}
