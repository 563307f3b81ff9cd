package crd

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	sigsyaml "sigs.k8s.io/yaml"

	scimv1alpha1 "github.com/scim-operator/scim-operator/api/v1alpha1"
)

// What a user leaves out. Above all: a plain object must not look as if it used more than it says.
var defaultCases = map[string]struct{ kind, spec, want string }{
	"plain tenant": {
		kind: "SCIMTenant", spec: `{}`,
		want: `
identityProvider: Generic
passwords: Drop
protocol: Compatible
uniqueIdentifier: userName
resources: {groups: Enabled, unknownMembers: Reject}
limits: {requestsPerSecond: 50, burst: 100, concurrentRequests: 10, users: 100000, groups: 10000, bodyBytes: 2Mi}
deletionPolicy: Retain`,
	},
	"tenant with parts of its sections": {
		kind: "SCIMTenant", spec: `
resources: {}
limits: {users: 5}
auth: {bearer: {rotation: {every: 24h}}}
applicationRef: {name: inventory}
lifecycle: {onCreate: {}, onDelete: {action: None}}
schemaExtensions: [{id: "urn:acme:scim:User", attributes: [{name: badge}, {name: seat, type: Complex, subAttributes: [{name: row}]}]}]`,
		want: `
identityProvider: Generic
passwords: Drop
protocol: Compatible
uniqueIdentifier: userName
resources: {groups: Enabled, unknownMembers: Reject}
limits: {requestsPerSecond: 50, burst: 100, concurrentRequests: 10, users: 5, groups: 10000, bodyBytes: 2Mi}
auth: {bearer: {rotation: {every: 24h, overlap: 0s}}}
applicationRef: {name: inventory}
lifecycle: {onCreate: {action: Create}, onDelete: {action: None, whenRefused: Reject}, existingMember: Reject}
schemaExtensions:
- id: urn:acme:scim:User
  resource: User
  attributes:
  - {name: badge, type: String, mutability: ReadWrite, returned: Default, uniqueness: None}
  - name: seat
    type: Complex
    mutability: ReadWrite
    returned: Default
    uniqueness: None
    subAttributes: [{name: row, type: String, mutability: ReadWrite, returned: Default, uniqueness: None}]
deletionPolicy: Retain`,
	},
	"plain server": {
		kind: "SCIMServer", spec: `{}`,
		want: `
replicas: 1
storage: {sqlite: {size: 1Gi}}
allowedTenants: {namespaces: {from: Same}}
networkPolicy: Enabled
monitoring: {serviceMonitor: Disabled}`,
	},
	"server with parts of its sections": {
		kind: "SCIMServer", spec: `
storage: {postgres: {secretRef: {name: pg-app}}}
endpoint: {gateway: {parentRefs: [{name: public}], hostnames: [scim.example.com]}}
allowedTenants: {namespaces: {from: All}}
monitoring: {}`,
		want: `
replicas: 1
storage: {postgres: {secretRef: {name: pg-app, key: uri}}}
endpoint:
  gateway:
    parentRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: public}]
    hostnames: [scim.example.com]
allowedTenants: {namespaces: {from: All}}
networkPolicy: Enabled
monitoring: {serviceMonitor: Disabled}`,
	},
	"plain application": {
		kind: "SCIMApplication", spec: `{}`,
		want: `allowedTenants: {namespaces: {from: Same}}`,
	},
	"application with a field, a webhook and a rotation": {
		kind: "SCIMApplication", spec: `
memberFields: [{name: email}]
feed: {rotation: {every: 24h}}
delivery: {webhook: {url: "https://app.example.com/hooks", secretRef: {name: hook}}}`,
		want: `
memberFields: [{name: email, type: String}]
feed: {rotation: {every: 24h, overlap: 0s}}
delivery: {webhook: {url: "https://app.example.com/hooks", secretRef: {name: hook}, mode: Asynchronous, format: StandardWebhooks, timeoutSeconds: 5}}
allowedTenants: {namespaces: {from: Same}}`,
	},
	// A default would override what an earlier mapping says.
	"a mapping has no defaults": {
		kind: "SCIMMapping", spec: `{attributes: [{field: email, from: userName}], role: {from: title}}`,
		want: `{attributes: [{field: email, from: userName}], role: {from: title}}`,
	},
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for name, tc := range defaultCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := create(t, tc.kind, namespace, tc.spec)
			var want map[string]any
			if err := sigsyaml.Unmarshal([]byte(tc.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, asJSON(t, obj.Object["spec"])); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
		})
	}
}

// Manifests that reach no API server get the same defaults from Go.
func TestGoDefaultsAreThoseOfTheSchema(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for name, tc := range defaultCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := manifest(t, tc.kind, namespace, "", tc.spec)
			fromGo := typed(t, obj)
			fromGo.Default()
			obj.SetGenerateName("made-")
			if err := k8s.Create(t.Context(), obj); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asJSON(t, typed(t, obj))["spec"], asJSON(t, fromGo)["spec"]); diff != "" {
				t.Errorf("spec (-API server +Go):\n%s", diff)
			}
		})
	}
}

type defaulter interface {
	runtime.Object
	Default()
}

func typed(t *testing.T, obj *unstructured.Unstructured) defaulter {
	t.Helper()
	empty, err := k8s.Scheme().New(obj.GroupVersionKind())
	if err != nil {
		t.Fatal(err)
	}
	into, ok := empty.(defaulter)
	if !ok {
		t.Fatalf("%T has no method Default", empty)
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, into); err != nil {
		t.Fatal(err)
	}
	return into
}

func create(t *testing.T, kind, namespace, spec string) *unstructured.Unstructured {
	t.Helper()
	obj := manifest(t, kind, namespace, "", spec)
	obj.SetGenerateName("made-")
	if err := k8s.Create(t.Context(), obj); err != nil {
		t.Fatalf("create: %v", err)
	}
	return obj
}

// asJSON gives numbers the form they have in JSON.
func asJSON(t *testing.T, value any) map[string]any {
	t.Helper()
	data, err := sigsyaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := sigsyaml.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Until the operator has looked at an object, its conditions say so; a client that waits never finds them absent.
func TestConditionsArePendingAtFirst(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for kind, want := range map[string][]string{
		"SCIMServer":      {"Accepted Unknown Pending", "Programmed Unknown Pending"},
		"SCIMApplication": {"Accepted Unknown Pending"},
		"SCIMMapping":     {"Accepted Unknown Pending"},
		"SCIMTenant":      {"Accepted Unknown Pending", "Programmed Unknown Pending"},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			spec := `{}`
			if kind == "SCIMMapping" {
				spec = `{role: {default: Viewer}}`
			}
			obj := create(t, kind, namespace, spec)
			if err := k8s.Get(t.Context(), client.ObjectKeyFromObject(obj), obj); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, conditions(t, obj)); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
		})
	}
}

func conditions(t *testing.T, obj *unstructured.Unstructured) []string {
	t.Helper()
	list, _, err := unstructured.NestedSlice(obj.Object, "status", "conditions")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range list {
		c, ok := item.(map[string]any)
		if !ok {
			t.Fatalf("condition is %T", item)
		}
		got = append(got, c["type"].(string)+" "+c["status"].(string)+" "+c["reason"].(string))
	}
	return got
}

// A typed object without a spec is as good as one with an empty spec.
func TestTypedObjectWithoutSpec(t *testing.T) {
	t.Parallel()
	tenant := &scimv1alpha1.SCIMTenant{}
	tenant.Namespace, tenant.Name = newNamespace(t), "acme"
	if err := k8s.Create(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	if got := tenant.Spec.DeletionPolicy; got != scimv1alpha1.DeletionPolicyRetain {
		t.Errorf("deletionPolicy = %q, want Retain", got)
	}
}
