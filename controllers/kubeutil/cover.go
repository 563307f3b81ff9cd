package kubeutil

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ToUnstructured turns an apply configuration into the form that Applier takes.
func ToUnstructured(config any) (*unstructured.Unstructured, error) {
	m, err := toMap(config)
	if err != nil {
		return nil, err
	}
	return &unstructured.Unstructured{Object: m}, nil
}

func toMap(v any) (map[string]any, error) {
	if u, ok := v.(*unstructured.Unstructured); ok {
		return u.Object, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	m := map[string]any{}
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("decode %T: %w", v, err)
	}
	return m, nil
}

// covers tells whether have has everything that want has. What the API server fills in, and what others add, doesn't
// count as a difference.
func covers(want, have any) bool {
	switch w := want.(type) {
	case map[string]any:
		return coversMap(w, have)
	case []any:
		return coversList(w, have)
	}
	return want == have || sameNumber(want, have) || sameQuantity(want, have)
}

func coversMap(want map[string]any, have any) bool {
	h, ok := have.(map[string]any)
	if !ok {
		return len(want) == 0 && have == nil
	}
	for key, w := range want {
		if (key == "apiVersion" || key == "kind") && h[key] == nil {
			continue // typed objects from the cache lack them
		}
		if !covers(w, h[key]) {
			return false
		}
	}
	return true
}

// coversList compares lists of named elements by name, since others may add elements of their own, and other lists by
// place.
func coversList(want []any, have any) bool {
	h, _ := have.([]any)
	byName := named(h)
	for i, w := range want {
		var found any
		if name, ok := nameOf(w); ok && byName != nil {
			found = byName[name]
		} else if len(want) == len(h) {
			found = h[i]
		}
		if found == nil || !covers(w, found) {
			return false
		}
	}
	return byName != nil || len(want) == len(h)
}

func named(list []any) map[string]any {
	out := map[string]any{}
	for _, e := range list {
		name, ok := nameOf(e)
		if !ok || out[name] != nil {
			return nil
		}
		out[name] = e
	}
	return out
}

func nameOf(v any) (string, bool) {
	m, _ := v.(map[string]any)
	name, ok := m["name"].(string)
	return name, ok
}

func sameNumber(a, b any) bool {
	x, ok := number(a)
	y, same := number(b)
	return ok && same && x == y
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// sameQuantity tells whether a and b are spellings of one quantity, as 1000m and 1.
func sameQuantity(a, b any) bool {
	x, ok := a.(string)
	y, same := b.(string)
	if !ok || !same {
		return false
	}
	p, err := resource.ParseQuantity(x)
	if err != nil {
		return false
	}
	q, err := resource.ParseQuantity(y)
	return err == nil && p.Cmp(q) == 0
}
