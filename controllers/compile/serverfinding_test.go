package compile_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
)

func TestServerFinding(t *testing.T) {
	t.Parallel()
	facts := func(change func(*compile.ServerFacts)) compile.ServerFacts {
		f := compile.ServerFacts{Server: server(), BaseURL: "https://scim.example.com"}
		change(&f)
		return f
	}
	for name, tc := range map[string]struct {
		facts  compile.ServerFacts
		reason v1alpha1.ConditionReason
		text   string
	}{
		"sound":    {facts(func(*compile.ServerFacts) {}), "", ""},
		"postgres": {facts(postgres), "", ""},
		"no database Secret": {facts(func(f *compile.ServerFacts) { postgres(f); f.DatabaseSecretMissing = true }), v1alpha1.ReasonSecretNotFound,
			"there is no Secret pg-app in namespace scim; create it, with the connection URI under the key uri"},
		"bad database Secret": {facts(func(f *compile.ServerFacts) { postgres(f); f.DatabaseProblem = "it has no key uri" }), v1alpha1.ReasonInvalidSecret,
			"Secret pg-app is not usable: it has no key uri"},
		"base URL": {facts(func(f *compile.ServerFacts) { f.BaseURL = "scim.example.com" }), v1alpha1.ReasonInvalid, "--default-base-url"},
		"certificate": {facts(func(f *compile.ServerFacts) {
			f.Server.Spec.Endpoint.TLS, f.CertificateMissing = &v1alpha1.ServerTLS{SecretName: "cert"}, true
		}), v1alpha1.ReasonSecretNotFound, "no Secret cert in namespace scim"},
		"gateway": {facts(func(f *compile.ServerFacts) { f.NoGateway = true }), v1alpha1.ReasonInvalid, "install Gateway API"},
		"host": {facts(func(f *compile.ServerFacts) {
			f.Server.Spec.Endpoint.Ingress, f.HostOwner = &v1alpha1.ServerIngress{Host: "h.example.com"}, "a/b"
		}), v1alpha1.ReasonConflict, "h.example.com is the host of SCIMServer a/b"},
		"volume":   {facts(func(f *compile.ServerFacts) { f.VolumeChange = "grow" }), v1alpha1.ReasonNotImplemented, "grow"},
		"workload": {facts(func(f *compile.ServerFacts) { f.Workload = "spec.podTemplate: bad" }), v1alpha1.ReasonInvalid, "spec.podTemplate: bad"},
	} {
		got := compile.ServerFinding(tc.facts)
		if got.Reason != tc.reason || !strings.Contains(got.Message, tc.text) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func postgres(f *compile.ServerFacts) {
	f.Server.Spec.Storage.Postgres = &v1alpha1.PostgresStorage{SecretRef: v1alpha1.SecretKeyReference{Name: "pg-app", Key: "uri"}}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	for reason, want := range map[v1alpha1.ConditionReason]metav1.ConditionStatus{
		"":                     metav1.ConditionTrue,
		v1alpha1.ReasonInvalid: metav1.ConditionFalse,
		v1alpha1.ReasonPending: metav1.ConditionUnknown,
	} {
		got := compile.Finding{Reason: reason, Message: "why"}.Accepted("fine")
		if got.Status != want || got.Type != v1alpha1.ConditionAccepted || (got.Message == "fine") != (reason == "") {
			t.Errorf("%q: %+v", reason, got)
		}
	}
}
