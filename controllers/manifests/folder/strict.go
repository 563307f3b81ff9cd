package folder

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	kjson "sigs.k8s.io/json"
)

// maxIssues that are told of one folder: more of them help nobody.
const maxIssues = 10

// strict decodes JSON as an API server does with strict validation: unknown and repeated fields are issues.
func strict[T any](data []byte) (*T, []issue) {
	into := new(T)
	repeated, err := kjson.UnmarshalStrict(data, into)
	if err != nil {
		return nil, []issue{misfit[T](data, err)}
	}
	var list []issue
	for _, err := range repeated {
		if f := kjson.FieldError(nil); errors.As(err, &f) {
			list = append(list, issue{path: f.FieldPath(), text: fieldProblem(err.Error())})
		}
	}
	return into, list
}

// misfit says what of the data cannot be decoded.
func misfit[T any](data []byte, err error) issue {
	fails := func(v any) bool {
		text, err := json.Marshal(v)
		return err == nil && kjson.UnmarshalCaseSensitivePreserveInts(text, new(T)) != nil
	}
	return issue{path: culprit(data, fails), text: wrongType(err)}
}

func fieldProblem(text string) string {
	var name string
	if _, err := fmt.Sscanf(text, "unknown field %q", &name); err == nil {
		return "there is no such field"
	}
	if _, err := fmt.Sscanf(text, "duplicate field %q", &name); err == nil {
		return "the field is repeated"
	}
	return text
}

// wrongType says in the words of YAML what encoding/json says in those of Go.
func wrongType(err error) string {
	wrong := new(json.UnmarshalTypeError)
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	hint := ""
	if wrong.Type.Kind() == reflect.String && wrong.Value != "array" && wrong.Value != "object" {
		hint = "; put it in quotes"
	}
	return fmt.Sprintf("is a JSON %s, must be %s%s", wrong.Value, nameOf(wrong.Type), hint)
}

func nameOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "an object"
	}
	return t.String()
}

// culprit is the path of the field that cannot be decoded. Not every error tells it; so the fields are tried one by one.
func culprit(data []byte, fails func(any) bool) string {
	var whole any
	if kjson.UnmarshalCaseSensitivePreserveInts(data, &whole) != nil {
		return ""
	}
	return search(whole, fails)
}

// search returns the path below a node that fails; fails tells it for another value in the node's place.
func search(node any, fails func(any) bool) string {
	switch node := node.(type) {
	case map[string]any:
		if fails(map[string]any{}) {
			return ""
		}
		for _, name := range slices.Sorted(maps.Keys(node)) {
			inner := func(v any) bool { return fails(map[string]any{name: v}) }
			if inner(node[name]) {
				return join(name, search(node[name], inner))
			}
		}
	case []any:
		if fails([]any{}) {
			return ""
		}
		for i, v := range node {
			inner := func(v any) bool { return fails([]any{v}) }
			if inner(v) {
				return join(fmt.Sprintf("[%d]", i), search(v, inner))
			}
		}
	}
	return ""
}

func join(a, b string) string {
	if a == "" || b == "" || b[0] == '[' {
		return a + b
	}
	return a + "." + b
}
