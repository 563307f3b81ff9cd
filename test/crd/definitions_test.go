package crd

import (
	"encoding/json"
	"iter"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	sigsyaml "sigs.k8s.io/yaml"

	scimv1alpha1 "github.com/scim-operator/scim-operator/api/v1alpha1"
)

// definitions reads the generated CRDs.
func definitions(t *testing.T) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	var crds []*apiextensionsv1.CustomResourceDefinition
	for _, file := range yamlFiles(t, basesDir) {
		for _, doc := range documents(t, file) {
			crd := &apiextensionsv1.CustomResourceDefinition{}
			if err := sigsyaml.UnmarshalStrict(doc, crd); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			crds = append(crds, crd)
		}
	}
	return crds
}

func specSchema(t *testing.T, crd *apiextensionsv1.CustomResourceDefinition) apiextensionsv1.JSONSchemaProps {
	t.Helper()
	schema, ok := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	if !ok {
		t.Fatalf("%s has no spec", crd.Name)
	}
	return schema
}

// walk visits schema and all schemas in it, with their paths; labels selectors are Kubernetes' own and not entered.
func walk(path string, schema apiextensionsv1.JSONSchemaProps) iter.Seq2[string, apiextensionsv1.JSONSchemaProps] {
	return func(yield func(string, apiextensionsv1.JSONSchemaProps) bool) { visit(path, schema, yield) }
}

func visit(path string, schema apiextensionsv1.JSONSchemaProps, yield func(string, apiextensionsv1.JSONSchemaProps) bool) bool {
	if !yield(path, schema) {
		return false
	}
	if strings.HasSuffix(path, ".selector") {
		return true
	}
	for name, property := range schema.Properties {
		if !visit(path+"."+name, property, yield) {
			return false
		}
	}
	if schema.Items != nil && schema.Items.Schema != nil && !visit(path+"[]", *schema.Items.Schema, yield) {
		return false
	}
	return schema.AdditionalProperties == nil || schema.AdditionalProperties.Schema == nil ||
		visit(path+"{}", *schema.AdditionalProperties.Schema, yield)
}

// schemaPaths are the paths of all fields, without marks for lists and maps.
func schemaPaths(path string, schema apiextensionsv1.JSONSchemaProps) map[string]bool {
	paths := map[string]bool{}
	for p := range walk(path, schema) {
		if !strings.HasSuffix(p, "{}") {
			paths[strings.ReplaceAll(p, "[]", "")] = true
		}
	}
	return paths
}

func TestNamesInKubectl(t *testing.T) {
	t.Parallel()
	client, err := discovery.NewDiscoveryClientForConfig(restConfig)
	if err != nil {
		t.Fatal(err)
	}
	list, err := client.ServerResourcesForGroupVersion(scimv1alpha1.SchemeGroupVersion.String())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, resource := range list.APIResources {
		if !strings.Contains(resource.Name, "/") {
			got[resource.Kind] = resource.Name + " " + strings.Join(resource.ShortNames, ",") + " " + strings.Join(resource.Categories, ",")
		}
	}
	want := map[string]string{
		scimv1alpha1.KindSCIMServer:      "scimservers scimsrv scim",
		scimv1alpha1.KindSCIMApplication: "scimapplications scimapp scim",
		scimv1alpha1.KindSCIMMapping:     "scimmappings scimmap scim",
		scimv1alpha1.KindSCIMTenant:      "scimtenants scimt scim",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names, short names and categories (-want +got):\n%s", diff)
	}
}

func TestPrinterColumns(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	cases := map[string]struct {
		resource, kind, spec, status string
		want                         map[string]any // column (with * when only wide) → cell
	}{
		"server": {
			resource: "scimservers", kind: "SCIMServer", spec: "{}",
			status: `{baseURL: "https://scim.example.com", readyReplicas: 1, tenants: 3, conditions: [{type: Ready, status: "True", reason: Ready, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}]}`,
			want:   map[string]any{"URL": "https://scim.example.com", "Pods": 1.0, "Tenants": 3.0, "Ready": "True", "Reason*": "Ready"},
		},
		"application": {
			resource: "scimapplications", kind: "SCIMApplication", spec: "{displayName: Inventory}",
			status: `{tenants: 2}`,
			want:   map[string]any{"Display name": "Inventory", "Tenants": 2.0, "Accepted": nil, "Reason*": nil},
		},
		"mapping not looked at yet": {
			resource: "scimmappings", kind: "SCIMMapping", spec: "{attributes: [{field: email, from: userName}]}",
			want: map[string]any{"Tenants": nil, "Accepted": "Unknown", "Reason*": "Pending"},
		},
		"tenant": {
			resource: "scimtenants", kind: "SCIMTenant", spec: "{identityProvider: Okta}",
			status: `{url: "https://scim.example.com/ns/acme/scim/v2", users: 0, members: 7, conditions: [{type: Delivering, status: "True", reason: Delivering, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}, {type: Ready, status: "False", reason: Suspended, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}]}`,
			want: map[string]any{
				"URL": "https://scim.example.com/ns/acme/scim/v2", "IdP": "Okta", "Users": 0.0, "Ready": "False", "Reason*": "Suspended",
				"Members*": 7.0, "Delivering*": "True",
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := manifest(t, tc.kind, namespace, "shown", tc.spec)
			if err := k8s.Create(t.Context(), obj); err != nil {
				t.Fatal(err)
			}
			if tc.status != "" {
				var status map[string]any
				if err := sigsyaml.Unmarshal([]byte(tc.status), &status); err != nil {
					t.Fatal(err)
				}
				obj.Object["status"] = status
				if err := k8s.Status().Update(t.Context(), obj); err != nil {
					t.Fatal(err)
				}
			}
			got := tableRow(t, namespace, tc.resource, "shown")
			if age, ok := got["Age"].(string); !ok || age == "" {
				t.Errorf("Age = %v, want a duration", got["Age"])
			}
			delete(got, "Age")
			delete(got, "Name")
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
		})
	}
}

// tableRow asks for an object as kubectl get does.
func tableRow(t *testing.T, namespace, resource, name string) map[string]any {
	t.Helper()
	config := rest.CopyConfig(restConfig)
	config.GroupVersion, config.APIPath, config.NegotiatedSerializer = &scimv1alpha1.SchemeGroupVersion, "/apis", scheme.Codecs.WithoutConversion()
	client, err := rest.RESTClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := client.Get().Namespace(namespace).Resource(resource).Name(name).
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	table := &metav1.Table{}
	if err := json.Unmarshal(raw, table); err != nil || len(table.Rows) != 1 {
		t.Fatalf("want a table with one row (%v): %s", err, raw)
	}
	row := map[string]any{}
	for i, column := range table.ColumnDefinitions {
		title := column.Name
		if column.Priority > 0 {
			title += "*"
		}
		row[title] = table.Rows[0].Cells[i]
	}
	return row
}

// kubectl apply keeps the whole object in an annotation of at most 256 KiB.
func TestDefinitionsFitIntoKubectlApply(t *testing.T) {
	t.Parallel()
	const annotationLimit = 256 << 10
	for _, file := range yamlFiles(t, basesDir) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		asJSON, err := sigsyaml.YAMLToJSON(data)
		if err != nil {
			t.Fatal(err)
		}
		if len(asJSON) > annotationLimit {
			t.Errorf("%s has %d bytes as JSON, more than kubectl apply can take (%d)", file, len(asJSON), annotationLimit)
		}
	}
}

// Whatever a user can write is bounded.
func TestEverythingHasALimit(t *testing.T) {
	t.Parallel()
	for _, crd := range definitions(t) {
		for path, schema := range walk(crd.Spec.Names.Kind+".spec", specSchema(t, crd)) {
			if problem := unbounded(schema); problem != "" && !boundedElsewhere(path) {
				t.Errorf("%s: %s", path, problem)
			}
		}
	}
}

func unbounded(schema apiextensionsv1.JSONSchemaProps) string {
	switch {
	case schema.Type == "string" && schema.MaxLength == nil && schema.Enum == nil:
		return "a string without maxLength"
	case schema.Type == "array" && schema.MaxItems == nil:
		return "a list without maxItems"
	case schema.Type == "integer" && (schema.Minimum == nil || schema.Maximum == nil):
		return "a number without minimum and maximum"
	case schema.AdditionalProperties != nil && schema.MaxProperties == nil:
		return "a map without maxProperties"
	}
	return ""
}

// Kubernetes bounds annotations and label selectors itself.
func boundedElsewhere(path string) bool {
	return strings.HasSuffix(path, ".annotations{}") || strings.HasSuffix(path, ".selector")
}
