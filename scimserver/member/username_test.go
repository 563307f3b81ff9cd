package member

import (
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

var userDocuments = []string{
	`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@example.com","name":{"givenName":"Ann"}}`,
	`{"userName":""}`,
	`{"schemas":[],"externalId":"\"userName\":\"eve\"","userName":"ann"}`,
	`{"externalId":"{","userName":"ann"}`,
	`{"userName":"a \"b\" c"}`,
	`{"userName":"back\\"}`,
	`{"userName":"\u00e9\\\"x"}`,
	`{"userName":"é"}`,
	`{"urn:example:2.0:User":{"userName":"eve"},"userName":"ann"}`,
	`{"urn:example:2.0:User":{"userName":"eve"}}`,
	`{"name":{"givenName":"Ann"},"USERNAME":"ann"}`,
	`{"userName":null}`,
	`{"userName":5}`,
	`{}`,
}

// FuzzUserNameIn: the userName is that of the document as it is parsed.
func FuzzUserNameIn(f *testing.F) {
	for _, doc := range userDocuments {
		f.Add([]byte(doc))
	}
	f.Add([]byte(`"userName":"`))
	f.Add([]byte(`{"userName":"ann`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := userNameIn(doc)
		o, parseErr := resource.Parse(doc)
		if parseErr != nil {
			return
		}
		if want := o.Value("userName").Text(); err != nil || got != want {
			t.Errorf("userName of %s: got %q, %v, want %q", doc, got, err, want)
		}
	})
}
