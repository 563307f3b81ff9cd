package directory

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestManagerSpan(t *testing.T) {
	t.Parallel()
	const enterprise = `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":`
	for name, tc := range map[string]struct{ doc, span, id string }{
		"none":                 {doc: `{"schemas":[],"userName":"a"}`},
		"extension without":    {doc: `{"userName":"a",` + enterprise + `{"department":"x"}}`},
		"the only field":       {doc: `{` + enterprise + `{"manager":{"value":"7"}}}`, span: `{"value":"7"}`, id: "7"},
		"with other fields":    {doc: `{` + enterprise + `{"department":"x}{\"","manager":{"value":"7","$ref":"a}\\\"b"}},"x":{"y":{}}}`, span: `{"value":"7","$ref":"a}\\\"b"}`, id: "7"},
		"of another extension": {doc: `{` + enterprise + `{"department":"x"},"urn:example:other":{"manager":{"value":"7"}}}`},
		"as text":              {doc: `{"title":"\"manager\":{\"value\":\"7\"}",` + enterprise + `{"department":"\"manager\":{\"value\":\"7"}}`},
		"escaped id":           {doc: `{` + enterprise + `{"manager":{"value":"7\n"}}}`},
		"empty id":             {doc: `{` + enterprise + `{"manager":{"value":""}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start, end, id := managerSpan([]byte(tc.doc))
			if diff := cmp.Diff([]string{tc.span, tc.id}, []string{tc.doc[start:end], id}); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
