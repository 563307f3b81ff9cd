package crd

import (
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"
	sigsyaml "sigs.k8s.io/yaml"

	scimv1alpha1 "github.com/scim-operator/scim-operator/api/v1alpha1"
)

func eachSample(t *testing.T, check func(t *testing.T, doc []byte)) {
	t.Helper()
	for _, file := range yamlFiles(t, samplesDir) {
		name, err := filepath.Rel(samplesDir, file)
		if err != nil {
			t.Fatal(err)
		}
		for i, doc := range documents(t, file) {
			t.Run(name+"/"+strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				check(t, doc)
			})
		}
	}
}

func TestSamplesAreAccepted(t *testing.T) {
	t.Parallel()
	eachSample(t, func(t *testing.T, doc []byte) {
		sample := parse(t, doc)
		sample.SetNamespace(newNamespace(t)) // several samples have objects of one name
		dryRun := client.ApplyConfigurationFromUnstructured(sample.DeepCopy())
		if err := k8s.Apply(t.Context(), dryRun, client.FieldOwner("crd-test"), client.DryRunAll); err != nil {
			t.Fatalf("server-side apply, dry run: %v", err)
		}
		if err := k8s.Create(t.Context(), sample); err != nil {
			t.Fatalf("create: %v", err)
		}
	})
}

// The cluster-less server reads the same files through the Go types.
func TestSamplesFitTheGoTypes(t *testing.T) {
	t.Parallel()
	eachSample(t, func(t *testing.T, doc []byte) {
		typed, err := k8s.Scheme().New(parse(t, doc).GroupVersionKind())
		if err != nil {
			t.Fatal(err)
		}
		if err := sigsyaml.UnmarshalStrict(doc, typed); err != nil {
			t.Fatal(err)
		}
	})
}

// The reference samples together show every field of every kind.
func TestReferenceSamplesAreComplete(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, file := range yamlFiles(t, filepath.Join(samplesDir, "reference")) {
		for _, doc := range documents(t, file) {
			obj := parse(t, doc)
			markShown(shown, obj.GetKind()+".spec", obj.Object["spec"])
		}
	}
	for _, crd := range definitions(t) {
		for path := range schemaPaths(crd.Spec.Names.Kind+".spec", specSchema(t, crd)) {
			if !shown[path] {
				t.Errorf("no reference sample shows %s", path)
			}
		}
	}
}

// markShown notes the path of value and of all that is in it, without indexes.
func markShown(shown map[string]bool, path string, value any) {
	shown[path] = true
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			markShown(shown, path+"."+key, item)
		}
	case []any:
		for _, item := range v {
			markShown(shown, path, item)
		}
	}
}

func TestQuickstartNeedsNothingElse(t *testing.T) {
	t.Parallel()
	for _, file := range yamlFiles(t, filepath.Join(samplesDir, "quickstart")) {
		for _, doc := range documents(t, file) {
			tenant := &scimv1alpha1.SCIMTenant{}
			if err := sigsyaml.UnmarshalStrict(doc, tenant); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			want := scimv1alpha1.SCIMTenantSpec{IdentityProvider: scimv1alpha1.IdentityProviderOkta}
			if diff := cmp.Diff(want, tenant.Spec); diff != "" {
				t.Errorf("%s refers to what a fresh cluster doesn't have (-want +got):\n%s", file, diff)
			}
			if tenant.Namespace != "default" {
				t.Errorf("%s: namespace = %q, want one that every cluster has", file, tenant.Namespace)
			}
		}
	}
}
