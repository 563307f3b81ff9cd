package mapping_test

import (
	"context"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

// TestChoice: of several values a path takes the one that this expression, which is written out, takes.
func TestChoice(t *testing.T) {
	t.Parallel()
	const filled = `user.emails.filter(e, e.type == "work" && e.value.trim() != "")`
	byPath, err := rule(t, config.Field{}, config.AttributeRule{From: `emails[type eq "work"].value`})
	byPath = must(t, byPath, err)
	byExpression, err := rule(t, config.Field{}, config.AttributeRule{Expression: filled + `.filter(e, e.primary)[?0].or(` + filled + `[?0]).?value`})
	byExpression = must(t, byExpression, err)
	all, err := rule(t, config.Field{Type: "StringList"}, config.AttributeRule{From: `emails[type eq "work"].value`})
	all = must(t, all, err)
	allByExpression, err := rule(t, config.Field{Type: "StringList"}, config.AttributeRule{Expression: filled + `.map(e, e.value)`})
	allByExpression = must(t, allByExpression, err)
	rapid.Check(t, func(t *rapid.T) {
		in := mapping.Input{User: person(t)}
		for _, pair := range [][2]*mapping.Program{{byPath, byExpression}, {all, allByExpression}} {
			a, b := pair[0].Map(context.Background(), in), pair[1].Map(context.Background(), in)
			if a.Rejection != nil || b.Rejection != nil || !a.Fields[0].Equal(b.Fields[0]) {
				t.Fatalf("path %+v, expression %+v", a, b)
			}
		}
	})
}

// person is a user with up to five e-mail addresses.
func person(t *rapid.T) *resource.Object {
	var emails []resource.Value
	for i := range rapid.IntRange(0, 5).Draw(t, "n") {
		e := resource.NewObject(3)
		value := rapid.SampledFrom([]string{"", " ", "a", " b ", "c"}).Draw(t, "value")
		if value != "" {
			e.Set("value", resource.String(strings.Repeat(value, i+1)))
		}
		if kind := rapid.SampledFrom([]string{"", "work", "home"}).Draw(t, "type"); kind != "" {
			e.Set("type", resource.String(kind))
		}
		if rapid.Bool().Draw(t, "marked") {
			e.Set("primary", resource.Bool(rapid.Bool().Draw(t, "primary")))
		}
		emails = append(emails, resource.Obj(e))
	}
	user := resource.NewObject(1)
	if len(emails) > 0 {
		user.Set("emails", resource.Array(emails...))
	}
	return user
}
