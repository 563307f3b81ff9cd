package v1alpha1_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

func TestServerKey(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		ref             *v1alpha1.ObjectReference
		namespace, name string
		own             bool
	}{
		"a server of its own":             {namespace: "team", name: "acme", own: true},
		"a server of the same namespace":  {ref: &v1alpha1.ObjectReference{Name: "shared"}, namespace: "team", name: "shared"},
		"a server of another namespace":   {ref: &v1alpha1.ObjectReference{Name: "shared", Namespace: "scim"}, namespace: "scim", name: "shared"},
		"a server with the tenant's name": {ref: &v1alpha1.ObjectReference{Name: "acme"}, namespace: "team", name: "acme"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := &v1alpha1.SCIMTenant{}
			tenant.Namespace, tenant.Name, tenant.Spec.ServerRef = "team", "acme", tc.ref
			if namespace, name := tenant.ServerKey(); namespace != tc.namespace || name != tc.name {
				t.Errorf("ServerKey() = %s/%s, want %s/%s", namespace, name, tc.namespace, tc.name)
			}
			if got := tenant.OwnServer(); got != tc.own {
				t.Errorf("OwnServer() = %t, want %t", got, tc.own)
			}
		})
	}
}

func TestDerivedNames(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		v1alpha1.CredentialsSecretName("acme"):    "acme-credentials",
		v1alpha1.ConfigSecretName("shared", 0):    "shared-config",
		v1alpha1.ConfigSecretName("shared", 12):   "shared-config-12",
		v1alpha1.StatusConfigMapName("shared", 0): "shared-status",
		v1alpha1.StatusConfigMapName("shared", 3): "shared-status-3",
		v1alpha1.TenantPath("team", "acme"):       "/team/acme/scim/v2",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestSchemeKnowsAllKinds(t *testing.T) {
	t.Parallel()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{v1alpha1.KindSCIMServer, v1alpha1.KindSCIMApplication, v1alpha1.KindSCIMMapping, v1alpha1.KindSCIMTenant} {
		for _, k := range []string{kind, kind + "List"} {
			if !scheme.Recognizes(v1alpha1.SchemeGroupVersion.WithKind(k)) {
				t.Errorf("the scheme doesn't know %s", k)
			}
		}
	}
}
