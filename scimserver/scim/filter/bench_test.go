package filter_test

import (
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

var benchFilters = map[string]string{
	"userName": `userName eq "ann.lee@example.com"`,
	"entra":    `emails[type eq "work"].value eq "ann@work.com"`,
	"large":    `userType eq "Employee" and (emails co "example.com" or emails.value co "example.org") and not (meta.lastModified lt "2011-05-13T04:42:34Z")`,
}

func BenchmarkParse(b *testing.B) {
	rt := scimtest.Type(b, "User")
	for name, text := range benchFilters {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := filter.Parse(text, rt, tolerance.Compatible(), filter.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	r := decode(b, ann)
	for name, text := range benchFilters {
		b.Run(name, func(b *testing.B) {
			e := parse(b, text, tolerance.Compatible())
			b.ReportAllocs()
			for b.Loop() {
				filter.Match(e, r)
			}
		})
	}
}

func BenchmarkParsePath(b *testing.B) {
	rt := scimtest.Type(b, "User")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := filter.ParsePath(`emails[type eq "work"].value`, rt, tolerance.Compatible()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	for name, s := range map[string]string{"lower": "ann.lee@example.com", "mixed": "Ann.Lee@Example.com", "unicode": "Ånn.Lée@Example.com"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				filter.Fold(s)
			}
		})
	}
}
