package mapping_test

import (
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

// page is docs/mapping.md. Its examples are tried, so that they are true.
type page struct {
	blocks map[string][]string // fenced blocks by language
	tables map[string][][]string
	in     mapping.Input
}

func readPage(t *testing.T) page {
	t.Helper()
	text, err := os.ReadFile("../../docs/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	p := page{blocks: map[string][]string{}, tables: map[string][][]string{}}
	var language, header string
	var block []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```") && language == "":
			language, block = line[3:], nil
		case strings.HasPrefix(line, "```"):
			p.blocks[language] = append(p.blocks[language], strings.Join(block, "\n"))
			language = ""
		case language != "":
			block = append(block, line)
		case !strings.HasPrefix(line, "|"):
			header = ""
		case header == "":
			header = line
		case !strings.HasPrefix(line, "|---"):
			p.tables[header] = append(p.tables[header], cells(line))
		}
	}
	u, err := resource.Decode([]byte(p.blocks["json"][0]), resource.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p.in = mapping.Input{User: u, Groups: groups}
	return p
}

// cells are those of a row, without backquotes.
func cells(line string) []string {
	var out []string
	for _, c := range strings.Split(strings.Trim(line, "|"), "|") {
		out = append(out, strings.Trim(strings.TrimSpace(c), "`"))
	}
	return out
}

func (p page) table(t *testing.T, header string, rows int) [][]string {
	t.Helper()
	if len(p.tables[header]) < rows {
		t.Fatalf("table %s has %d rows", header, len(p.tables[header]))
	}
	return p.tables[header]
}

// value maps one rule and compares the field's JSON.
func (p page) value(t *testing.T, want string, f config.Field, r config.AttributeRule) {
	t.Helper()
	program, err := rule(t, f, r)
	if err != nil {
		t.Errorf("%+v: %v", r, err)
		return
	}
	out := program.Map(t.Context(), p.in)
	if out.Rejection != nil || string(out.Fields[0].AppendJSON(nil)) != want {
		t.Errorf("%+v: %+v, want %s", r, out, want)
	}
}

func TestPageValues(t *testing.T) {
	t.Parallel()
	p := readPage(t)
	for _, row := range p.table(t, "| `from` | Type of the field | Value |", 10) {
		p.value(t, row[2], config.Field{Type: row[1]}, config.AttributeRule{From: row[0]})
	}
	for _, row := range p.table(t, "| `expression` | Type of the field | Value |", 10) {
		p.value(t, row[2], config.Field{Type: row[1]}, config.AttributeRule{Expression: row[0]})
	}
	for _, row := range p.table(t, "| `from` | `values` | `default` | Value |", 5) {
		r := config.AttributeRule{From: row[0]}
		if key, value, ok := strings.Cut(row[1], ": "); ok {
			r.Values = map[string]string{key: value}
		}
		if row[2] != "" {
			r.Default = &row[2]
		}
		p.value(t, row[3], config.Field{}, r)
	}
}

// TestPageMapping: the values stand behind the rules as comments.
func TestPageMapping(t *testing.T) {
	t.Parallel()
	p := readPage(t)
	var m struct{ Spec config.Mapping }
	if err := yaml.UnmarshalStrict([]byte(p.blocks["yaml"][0]), &m, yaml.DisallowUnknownFields); err == nil {
		t.Error("the page shows no whole SCIMMapping")
	}
	if err := yaml.Unmarshal([]byte(p.blocks["yaml"][0]), &m); err != nil {
		t.Fatal(err)
	}
	app := &config.Application{Name: "ns/app", Roles: []string{"Administrator", "Staff User"}}
	var want []string
	for _, r := range m.Spec.Attributes {
		app.Fields = append(app.Fields, config.Field{Name: r.Field})
	}
	for line := range strings.Lines(p.blocks["yaml"][0]) {
		if _, comment, ok := strings.Cut(line, "# "); ok {
			want = append(want, strings.TrimSpace(comment))
		}
	}
	program, err := mapping.Compile(mapping.Spec{Application: app, Mapping: &m.Spec}, registry(t, true))
	out := must(t, program, err).Map(t.Context(), p.in)
	var got []string
	for _, v := range out.Fields {
		got = append(got, string(v.AppendJSON(nil)))
	}
	got = append(got, `"`+out.Role+`"`)
	if strings.Join(got, " ") != strings.Join(want, " ") || len(got) != 5 {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPageRoles(t *testing.T) {
	t.Parallel()
	p := readPage(t)
	var m config.Mapping
	if err := yaml.UnmarshalStrict([]byte(p.blocks["yaml"][1]), &m); err != nil {
		t.Fatal(err)
	}
	for _, row := range p.table(t, "| Department | `unknown` | Groups | Role |", 6) {
		r := *m.Role
		r.Unknown = row[1]
		program, err := roles(t, r)
		in := p.in
		in.User, in.Groups = user(t, strings.Replace(p.blocks["json"][0], `"Legal"`, `"`+row[0]+`"`, 1)), []string{row[2]}
		out := must(t, program, err).Map(t.Context(), in)
		if (out.Rejection != nil) != (row[3] == "refused") || out.Rejection == nil && out.Role != row[3] {
			t.Errorf("%v: %+v", row, out)
		}
	}
}

func TestPageMessages(t *testing.T) {
	t.Parallel()
	p := readPage(t)
	for _, row := range p.table(t, "| Rule | Message |", 12) {
		kind, text, _ := strings.Cut(row[0], ": ")
		r := config.AttributeRule{From: text}
		if kind == "expression" {
			r = config.AttributeRule{Expression: text}
		}
		refuse(t, row[0], row[1], config.Field{}, r)
	}
	for reason := range map[mapping.Reason]bool{
		mapping.RequiredField: true, mapping.UnknownRole: true, mapping.WrongType: true, mapping.TooLarge: true, mapping.ExpressionFailed: true, mapping.CostLimit: true,
	} {
		found := false
		for _, row := range p.table(t, "| Reason | |", 6) {
			found = found || row[0] == string(reason)
		}
		if !found {
			t.Errorf("the page doesn't explain %s", reason)
		}
	}
}
