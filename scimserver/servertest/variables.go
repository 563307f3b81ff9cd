package servertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// variables are the {{names}} of a session and their values, in the order they became known.
type variables struct {
	names  []string
	values map[string]string
}

const (
	baseName  = "base"
	tokenName = "token"
)

func newVariables(baseURL, token string) *variables {
	v := &variables{values: map[string]string{}}
	v.set(baseName, strings.TrimSuffix(baseURL, "/"))
	v.set(tokenName, token)
	return v
}

func (v *variables) base() string { return v.values[baseName] }

func (v *variables) set(name, value string) {
	if _, ok := v.values[name]; !ok {
		v.names = append(v.names, name)
	}
	v.values[name] = value
}

func (v *variables) expand(text string) string {
	for _, name := range v.names {
		text = strings.ReplaceAll(text, "{{"+name+"}}", v.values[name])
	}
	return text
}

// keep reads the captured values from an answer's body.
func (v *variables) keep(captures []capture, body []byte) error {
	if len(captures) == 0 {
		return nil
	}
	var doc any
	if err := json.Unmarshal(body, &doc); err != nil {
		return fmt.Errorf("capture %s from answer %q: %w", captures[0].name, body, err)
	}
	for _, c := range captures {
		where, last := strings.CutSuffix(c.path, "/")
		value, ok := lookup(doc, strings.Split(where, "."))
		if !ok {
			return fmt.Errorf("capture %s: answer has no %s: %s", c.name, where, body)
		}
		if last {
			value = value[strings.LastIndexByte(value, '/')+1:]
		}
		v.set(c.name, value)
	}
	return nil
}

func lookup(doc any, path []string) (string, bool) {
	for _, member := range path {
		switch node := doc.(type) {
		case map[string]any:
			doc = node[member]
		case []any:
			i, err := strconv.Atoi(member)
			if err != nil || i < 0 || i >= len(node) {
				return "", false
			}
			doc = node[i]
		default:
			return "", false
		}
	}
	text, ok := doc.(string)
	return text, ok && text != ""
}

var timestamp = regexp.MustCompile(`("(?:created|lastModified)": ")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"`)

// neutralise replaces what differs from run to run. Later values go first: an id is more telling than a part of it.
func (v *variables) neutralise(text string) string {
	for _, name := range slices.Backward(v.names) {
		if value := v.values[name]; value != "" {
			text = strings.ReplaceAll(text, value, "{{"+name+"}}")
		}
	}
	return timestamp.ReplaceAllString(text, `$1{{time}}"`)
}

// indent prints JSON for people; what is no JSON stays as it is, and shows as a difference.
func indent(body []byte) []byte {
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		return body
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}
