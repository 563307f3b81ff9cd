package manifests

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"
)

// Bounds of a document, so that aliases of aliases, and of themselves, cannot fill the memory.
const (
	maxNodes = 200_000
	maxDepth = 64
)

// problem is something wrong at a place of a file.
type problem struct {
	line  int
	field string // "" for the document
	text  string
}

// checker turns a YAML document into JSON values and collects what is wrong with it.
type checker struct {
	problems []problem
	nodes    int
	depth    int
}

func (c *checker) add(n *yaml.Node, field, format string, args ...any) {
	c.problems = append(c.problems, problem{line: n.Line, field: field, text: fmt.Sprintf(format, args...)})
}

// value reads a node and checks it. A nil schema allows everything.
func (c *checker) value(n *yaml.Node, s *schema, field string) any {
	if c.nodes++; c.nodes > maxNodes {
		if c.nodes == maxNodes+1 && c.depth <= maxDepth {
			c.add(n, field, "the document has more than %d values", maxNodes)
		}
		return nil
	}
	if c.depth++; c.depth > maxDepth {
		c.add(n, field, "the document is nested more than %d deep", maxDepth)
		c.nodes = maxNodes + 1
	}
	defer func() { c.depth-- }()
	switch n.Kind {
	case yaml.AliasNode:
		return c.value(n.Alias, s, field)
	case yaml.MappingNode:
		return c.object(n, s, field)
	case yaml.SequenceNode:
		return c.list(n, s, field)
	case yaml.ScalarNode:
		return c.scalar(n, s, field)
	}
	c.add(n, field, "this cannot be read")
	return nil
}

func (c *checker) object(n *yaml.Node, s *schema, field string) any {
	if !c.typed(n, s, field, "object") {
		return nil
	}
	out := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := join(field, key.Value)
		if _, twice := out[key.Value]; twice {
			c.add(key, at, "is given twice")
			continue
		}
		p, known := c.member(key, s, at)
		if !known {
			continue
		}
		if v := c.value(value, p, at); v != nil {
			out[key.Value] = v
		}
	}
	if s != nil {
		c.members(n, s, field, out)
	}
	return out
}

// member is the schema of an object's member, and whether the object may have it.
func (c *checker) member(key *yaml.Node, s *schema, at string) (*schema, bool) {
	if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
		c.add(key, at, "only plain names are allowed here")
		return nil, false
	}
	if s == nil || s.PreserveUnknown || (s.Properties == nil && s.AdditionalProperties == nil) {
		return nil, true
	}
	if p := s.property(key.Value); p != nil {
		return p, true
	}
	c.add(key, at, "there is no such field")
	return nil, false
}

func (c *checker) members(n *yaml.Node, s *schema, field string, out map[string]any) {
	for _, name := range s.Required {
		if _, ok := out[name]; !ok && s.Properties[name].Default == nil {
			c.add(n, join(field, name), "is required")
		}
	}
	c.size(n, field, len(out), "entries", s.MinProperties, s.MaxProperties)
}

func (c *checker) list(n *yaml.Node, s *schema, field string) any {
	if !c.typed(n, s, field, "array") {
		return nil
	}
	out := make([]any, 0, len(n.Content))
	var items *schema
	if s != nil {
		items = s.Items
		c.size(n, field, len(n.Content), "items", s.MinItems, s.MaxItems)
	}
	seen := map[string]bool{}
	for i, e := range n.Content {
		at := field + "[" + strconv.Itoa(i) + "]"
		v := c.value(e, items, at)
		out = append(out, v)
		key, unique := s.key(v)
		if unique && seen[key] {
			c.add(e, at, "is given twice: %s", key)
		}
		seen[key] = true
	}
	return out
}

// key is what must not occur twice in the list, if that matters.
func (s *schema) key(v any) (string, bool) {
	switch {
	case s == nil:
		return "", false
	case s.ListType == "set":
		return fmt.Sprint(v), true
	case s.ListType == "map":
		m, _ := v.(map[string]any)
		var parts []string
		for _, name := range s.ListMapKeys {
			parts = append(parts, fmt.Sprint(m[name]))
		}
		return strings.Join(parts, ", "), true
	}
	return "", false
}

func (c *checker) scalar(n *yaml.Node, s *schema, field string) any {
	v := decode(n)
	if v == nil || s == nil {
		return v // null: as if it were not there
	}
	if !c.typed(n, s, field, typeOf(v)) {
		return nil
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		c.add(n, field, "%q is none of %s", n.Value, names(s.Enum))
	}
	switch v := v.(type) {
	case string:
		c.size(n, field, utf8.RuneCountInString(v), "characters", s.MinLength, s.MaxLength)
		if s.pattern != nil && !s.pattern.MatchString(v) {
			c.add(n, field, "%q does not match %s", v, s.Pattern)
		}
	case int64:
		c.number(n, field, float64(v), s)
	case float64:
		c.number(n, field, v, s)
	}
	return v
}

// decode reads a scalar as JSON has it. Times stay text.
func decode(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		var v any
		if n.Decode(&v) != nil {
			return n.Value
		}
		switch v := v.(type) {
		case int:
			return int64(v)
		case bool, float64:
			return v
		}
	}
	return n.Value
}

func typeOf(v any) string {
	switch v.(type) {
	case bool:
		return "boolean"
	case int64:
		return "integer"
	case float64:
		return "number"
	}
	return "string"
}

// typed checks the type of a value.
func (c *checker) typed(n *yaml.Node, s *schema, field, got string) bool {
	switch {
	case s == nil, s.Type == "", s.Type == got, s.Type == "number" && got == "integer":
		if s == nil || !s.IntOrString || got == "integer" || got == "string" {
			return true
		}
	case s.IntOrString && (got == "integer" || got == "string"):
		return true
	}
	want := s.Type
	if s.IntOrString {
		want = "string or an integer"
	}
	hint := ""
	if want == "string" && n.Kind == yaml.ScalarNode {
		hint = "; put it in quotes"
	}
	c.add(n, field, "must be %s, not %s%s", article(want), article(got), hint)
	return false
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

func (c *checker) size(n *yaml.Node, field string, got int, what string, low, high *int) {
	if low != nil && got < *low {
		c.add(n, field, "has %d %s, at least %d are needed", got, what, *low)
	}
	if high != nil && got > *high {
		c.add(n, field, "has %d %s, at most %d are allowed", got, what, *high)
	}
}

func (c *checker) number(n *yaml.Node, field string, got float64, s *schema) {
	if s.Minimum != nil && got < *s.Minimum {
		c.add(n, field, "is %s, must be at least %v", n.Value, *s.Minimum)
	}
	if s.Maximum != nil && got > *s.Maximum {
		c.add(n, field, "is %s, must be at most %v", n.Value, *s.Maximum)
	}
}

func names(list []any) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = fmt.Sprint(v)
	}
	return strings.Join(out, ", ")
}

func join(field, name string) string {
	if field == "" {
		return name
	}
	return field + "." + name
}
