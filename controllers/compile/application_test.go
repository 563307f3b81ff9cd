package compile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
)

func TestApplicationFinding(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spec v1alpha1.SCIMApplicationSpec
		text string
	}{
		"empty":      {v1alpha1.SCIMApplicationSpec{}, ""},
		"sound":      {v1alpha1.SCIMApplicationSpec{Roles: []v1alpha1.Role{{Name: "A"}, {Name: "B"}}, Actions: []v1alpha1.Action{{Name: "A"}}}, ""},
		"fields":     {v1alpha1.SCIMApplicationSpec{MemberFields: []v1alpha1.MemberField{{Name: "mail"}, {Name: "Mail"}}}, `spec.memberFields: "mail" and "Mail"`},
		"roles":      {v1alpha1.SCIMApplicationSpec{Roles: []v1alpha1.Role{{Name: "a"}, {Name: "A"}}}, "spec.roles"},
		"actions":    {v1alpha1.SCIMApplicationSpec{Actions: []v1alpha1.Action{{Name: "a"}, {Name: "A"}}}, "spec.actions"},
		"parameters": {v1alpha1.SCIMApplicationSpec{Actions: []v1alpha1.Action{{Name: "a", Parameters: []v1alpha1.ActionParameter{{Name: "b"}, {Name: "B"}}}}}, "spec.actions[0].parameters"},
		"certificate": {v1alpha1.SCIMApplicationSpec{Delivery: &v1alpha1.Delivery{Webhook: &v1alpha1.Webhook{CABundle: []byte("-----BEGIN CERTIFICATE-----\nx")}}},
			"spec.delivery.webhook.caBundle has no certificate"},
	} {
		got := compile.ApplicationFinding(&v1alpha1.SCIMApplication{Spec: tc.spec})
		if got.OK() != (tc.text == "") || !strings.Contains(got.Message, tc.text) || (!got.OK() && got.Reason != v1alpha1.ReasonInvalid) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	a := inventory().Object
	for name, tc := range map[string]struct {
		data map[string]string
		keys []string
		text string
	}{
		"one":        {map[string]string{"signingKey": signingKey, "other": "x"}, []string{signingKey}, ""},
		"two":        {map[string]string{"signingKey": signingKey, "signingKeyNext": signingKey}, []string{signingKey, signingKey}, ""},
		"none":       {map[string]string{"signingkey": signingKey}, nil, "its key signingKey is missing; put whsec_ and the base64"},
		"no prefix":  {map[string]string{"signingKey": signingKey[6:]}, nil, "its key signingKey does not begin with whsec_"},
		"line break": {map[string]string{"signingKey": signingKey + "\n"}, nil, "ends with a line break"},
		"next wrong": {map[string]string{"signingKey": signingKey, "signingKeyNext": "whsec_"}, nil, "its key signingKeyNext has 0 bytes"},
	} {
		data := map[string][]byte{}
		for key, value := range tc.data {
			data[key] = []byte(value)
		}
		keys, f := compile.SigningKeys(a, data)
		if diff := cmp.Diff(tc.keys, keys); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if f.OK() != (tc.text == "") || !strings.Contains(f.Message, tc.text) || strings.Contains(f.Message, signingKey[6:20]) {
			t.Errorf("%s: %+v", name, f)
		}
		if !f.OK() && (f.Reason != v1alpha1.ReasonInvalidSecret || !strings.HasPrefix(f.Message, "spec.delivery.webhook.secretRef: Secret hook is not usable")) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
