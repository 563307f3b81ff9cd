package crd

import (
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const formerGroup = "former.example.com"

// An object that was stored before a rule was there can still be labelled, reported on and changed elsewhere; only what
// breaks the rule cannot be changed into something that breaks it, too.
func TestStoredObjectsOutliveStricterRules(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	crd := formerDefinition(t, "scimservers.scim-operator.io")
	strict := crd.Spec.DeepCopy()
	dropRules(crd.Spec.Versions[0].Schema.OpenAPIV3Schema)
	if _, err := envtest.InstallCRDs(restConfig, envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{crd}}); err != nil {
		t.Fatal(err)
	}
	obj := manifest(t, "SCIMServer", namespace, "old", `{image: "no image", endpoint: {baseURL: "https://scim.example.com/"}}`)
	obj.SetAPIVersion(formerGroup + "/v1alpha1")
	if err := k8s.Create(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	tighten(t, crd, strict)

	obj.SetLabels(map[string]string{"team": "identity"})
	if err := k8s.Update(t.Context(), obj); err != nil {
		t.Errorf("label: %v", err)
	}
	set(t, obj, "https://scim.example.com", "status", "baseURL")
	if err := k8s.Status().Update(t.Context(), obj); err != nil {
		t.Errorf("status: %v", err)
	}
	set(t, obj, "Disabled", "spec", "networkPolicy")
	if err := k8s.Update(t.Context(), obj); err != nil {
		t.Errorf("another field: %v", err)
	}
	set(t, obj, "https://scim.example.com/other/", "spec", "endpoint", "baseURL")
	checkRefused(t, k8s.Update(t.Context(), obj), "without a trailing slash")
}

func set(t *testing.T, obj *unstructured.Unstructured, value string, path ...string) {
	t.Helper()
	if err := unstructured.SetNestedField(obj.Object, value, path...); err != nil {
		t.Fatal(err)
	}
}

// formerDefinition is a copy of a CRD under another group.
func formerDefinition(t *testing.T, name string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	for _, crd := range definitions(t) {
		if crd.Name == name {
			crd.Name, crd.Spec.Group = crd.Spec.Names.Plural+"."+formerGroup, formerGroup
			return crd
		}
	}
	t.Fatalf("no CRD %s", name)
	return nil
}

func dropRules(schema *apiextensionsv1.JSONSchemaProps) {
	schema.XValidations = nil
	for name, property := range schema.Properties {
		dropRules(&property)
		schema.Properties[name] = property
	}
	if schema.Items != nil {
		dropRules(schema.Items.Schema)
	}
}

// tighten gives the CRD its rules back, and waits until the API server holds them.
func tighten(t *testing.T, crd *apiextensionsv1.CustomResourceDefinition, strict *apiextensionsv1.CustomResourceDefinitionSpec) {
	t.Helper()
	if err := k8s.Get(t.Context(), client.ObjectKeyFromObject(crd), crd); err != nil {
		t.Fatal(err)
	}
	crd.Spec = *strict
	if err := k8s.Update(t.Context(), crd); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !refusesBlankImage(t) {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the API server did not take up the rules within 30 s")
		}
	}
}

func refusesBlankImage(t *testing.T) bool {
	t.Helper()
	probe := manifest(t, "SCIMServer", metav1.NamespaceDefault, "probe", `{image: "no image"}`)
	probe.SetAPIVersion(formerGroup + "/v1alpha1")
	return apierrors.IsInvalid(k8s.Create(t.Context(), probe, client.DryRunAll))
}
