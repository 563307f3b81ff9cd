package kubeutil

import (
	"encoding/json"
	"testing"
)

func TestCovers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		want, have string
		same       bool
	}{
		"equal":                       {`{"a": {"b": [1, "x", true]}}`, `{"a": {"b": [1, "x", true]}}`, true},
		"defaults of the API server":  {`{"spec": {"a": 1}}`, `{"spec": {"a": 1, "b": 2}, "status": {}}`, true},
		"another value":               {`{"a": "x"}`, `{"a": "y"}`, false},
		"false is a value":            {`{"a": false}`, `{}`, false},
		"missing":                     {`{"a": {"b": 1}}`, `{"a": {}}`, false},
		"missing as a whole":          {`{"a": {"b": 1}}`, `{}`, false},
		"empty and missing":           {`{"a": {}}`, `{}`, true},
		"kind of a typed object":      {`{"kind": "Role", "apiVersion": "v1", "a": 1}`, `{"a": 1}`, true},
		"another kind":                {`{"kind": "Role"}`, `{"kind": "Service"}`, false},
		"named elements in any order": {`{"l": [{"name": "a", "v": 1}]}`, `{"l": [{"name": "injected"}, {"name": "a", "v": 1}]}`, true},
		"named element changed":       {`{"l": [{"name": "a", "v": 1}]}`, `{"l": [{"name": "a", "v": 2}]}`, false},
		"named element missing":       {`{"l": [{"name": "a"}]}`, `{"l": []}`, false},
		"list longer":                 {`{"l": ["a"]}`, `{"l": ["a", "b"]}`, false},
		"list shorter":                {`{"l": ["a", "b"]}`, `{"l": ["a"]}`, false},
		"list reordered":              {`{"l": ["a", "b"]}`, `{"l": ["b", "a"]}`, false},
		"list missing":                {`{"l": ["a"]}`, `{}`, false},
		"names twice, by place":       {`{"l": [{"name": "a", "v": 1}, {"name": "a", "v": 2}]}`, `{"l": [{"name": "a", "v": 1}, {"name": "a", "v": 2}]}`, true},
		"names twice, changed":        {`{"l": [{"name": "a", "v": 1}, {"name": "a", "v": 2}]}`, `{"l": [{"name": "a", "v": 1}, {"name": "a", "v": 3}]}`, false},
		"quantities":                  {`{"memory": "1024Mi", "cpu": "1000m"}`, `{"memory": "1Gi", "cpu": "1"}`, true},
		"other quantity":              {`{"memory": "1024Mi"}`, `{"memory": "1G"}`, false},
		"object for a text":           {`{"a": {"b": 1}}`, `{"a": "b"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want, have map[string]any
			for text, into := range map[string]*map[string]any{tc.want: &want, tc.have: &have} {
				if err := json.Unmarshal([]byte(text), into); err != nil {
					t.Fatal(err)
				}
			}
			if tc.want == tc.have {
				have = want
			}
			if got := covers(want, have); got != tc.same {
				t.Errorf("covers is %v", got)
			}
		})
	}
	if !covers(map[string]any{"a": int64(1)}, map[string]any{"a": float64(1)}) {
		t.Error("1 and 1.0 differ")
	}
}
