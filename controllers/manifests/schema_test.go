package manifests

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"sigs.k8s.io/yaml"

	"github.com/scim-operator/scim-operator/config/crd"
	"github.com/scim-operator/scim-operator/controllers/compile"
)

// TestDefaults: the defaults are those that the API server's own code fills in.
func TestDefaults(t *testing.T) {
	t.Parallel()
	documents := map[string][]string{
		"SCIMTenant": {
			`{}`, `{"spec": {}}`, `{"spec": {"auth": {"bearer": {"rotation": {"every": "24h"}}}}}`,
			`{"spec": {"lifecycle": {"onCreate": {}, "onDelete": {"action": "Remove"}}, "limits": {"users": 3}}}`,
			`{"spec": {"schemaExtensions": [{"id": "urn:a:b", "attributes": [{"name": "x"}, {"name": "y", "type": "Complex", "subAttributes": [{"name": "z"}]}]}]}}`,
		},
		"SCIMServer": {
			`{}`, `{"spec": {"storage": {"sqlite": {}}}}`, `{"spec": {"storage": {"postgres": {"secretRef": {"name": "a"}}}}}`,
			`{"spec": {"endpoint": {"gateway": {"parentRefs": [{"name": "a"}]}}, "allowedTenants": {}, "podTemplate": {"spec": {"x": 1}}}}`,
		},
		"SCIMApplication": {`{"spec": {"memberFields": [{"name": "a"}], "delivery": {"webhook": {"url": "https://a", "secretRef": {"name": "s"}}}}}`},
		"SCIMMapping":     {`{"spec": {"attributes": [{"field": "a", "from": "userName"}], "role": {}}}`},
	}
	ours, err := schemas()
	if err != nil {
		t.Fatal(err)
	}
	for kind, list := range documents {
		reference := structuralSchema(t, kind)
		for _, text := range list {
			got, want := parse(t, text), parse(t, text)
			ours[kind].withDefaults(got)
			defaulting.Default(want, reference)
			if diff := cmp.Diff(again(t, want), again(t, got)); diff != "" {
				t.Errorf("%s %s (-API server +here):\n%s", kind, text, diff)
			}
		}
	}
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// again makes all numbers of one type.
func again(t *testing.T, v any) map[string]any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text))
}

func structuralSchema(t *testing.T, kind string) *structural.Structural {
	t.Helper()
	names, err := fs.Glob(crd.Bases, "bases/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := crd.Bases.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var d apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		if d.Spec.Names.Kind != kind {
			continue
		}
		var internal apiextensions.JSONSchemaProps
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(d.Spec.Versions[0].Schema.OpenAPIV3Schema, &internal, nil); err != nil {
			t.Fatal(err)
		}
		s, err := structural.NewStructural(&internal)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Fatalf("no CRD for %s", kind)
	return nil
}

// TestSamples: every sample can be read.
func TestSamples(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"quickstart", "reference"} {
		dir := filepath.Join("..", "..", "config", "samples", folder)
		o, err := read(dir)
		if err != nil {
			t.Errorf("%s: %v", folder, err)
		}
		if len(o.tenants) == 0 {
			t.Errorf("%s has no tenant", folder)
		}
	}
}

// TestInvalid: of what the API server refuses, nothing is served: it cannot be read, or it is not accepted.
func TestInvalid(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "test", "crd", "invalid")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, e := range entries {
		o := newObjects()
		if err := o.readFile(dir, e.Name()); err != nil {
			continue
		}
		read++
		for id, finding := range o.findings("https://scim.example.com") {
			// All else of a SCIMServer means nothing to a process.
			if finding.OK() && strings.HasPrefix(id, "SCIMServer") && strings.HasPrefix(e.Name(), "server-allowed") {
				t.Errorf("%s: %s is accepted", e.Name(), id)
			}
		}
		for _, tenant := range o.tenants {
			if finding := compile.Tenant(compile.TenantFacts{Tenant: tenant, Server: o.servers[compile.ServerKey(tenant)]}); finding.OK() {
				t.Errorf("%s: the tenant is accepted", e.Name())
			}
		}
	}
	if read == len(entries) {
		t.Error("no schema has refused anything")
	}
}
