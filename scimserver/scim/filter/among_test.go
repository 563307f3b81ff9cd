package filter_test

import (
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

func TestParseAmong(t *testing.T) {
	t.Parallel()
	registry, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		t.Fatal(err)
	}
	group, _ := registry.ResourceType("Group")
	for text, want := range map[string]string{
		`displayName eq "a"`:                            `displayName eq "a"`,
		`userName eq "a"`:                               `not (id pr)`,
		`userName ne "a"`:                               `id pr`,
		`userName eq null`:                              `id pr`,
		`userName pr or displayName pr`:                 `not (id pr) or displayName pr`,
		`not (userName pr) and displayName pr`:          `not (not (id pr)) and displayName pr`,
		`emails[type eq "work" and value co "@"]`:       `not (id pr)`,
		`meta.resourceType eq "User" or active eq true`: `meta.resourceType eq "User" or not (id pr)`,
	} {
		e, err := filter.ParseAmong(text, group, registry.Types(), tolerance.Strict(), filter.Limits{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := filter.String(e); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{`shoeSize eq "42"`, `userName gt`, `userName eq 5`, `emails[shoeSize eq "42"]`, `members[userName pr]`} {
		if e, err := filter.ParseAmong(text, group, registry.Types(), tolerance.Strict(), filter.Limits{}); err == nil {
			t.Errorf("%s: accepted as %s", text, filter.String(e))
		}
	}
	if _, err := filter.Parse(`userName pr`, group, tolerance.Strict(), filter.Limits{}); err == nil {
		t.Error("a search of groups alone knows userName")
	}
}
