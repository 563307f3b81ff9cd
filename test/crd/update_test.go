package crd

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type update struct{ kind, from, to, want string }

const (
	storageKind  = "the kind of storage cannot change, because the data would stay behind; make another SCIMServer and move the tenants there"
	storageClass = "storageClassName cannot change, because the volume exists already; make another SCIMServer and move the tenants there"
	shrink       = "a volume cannot shrink; keep the size"
)

var refusedUpdates = map[string]update{
	"sqlite to postgres": {
		kind: "SCIMServer", from: `{}`, to: `{storage: {postgres: {secretRef: {name: pg-app}}}}`, want: storageKind,
	},
	"postgres to the default, sqlite": {
		kind: "SCIMServer", from: `{storage: {postgres: {secretRef: {name: pg-app}}}}`, to: `{}`, want: storageKind,
	},
	"smaller volume": {
		kind: "SCIMServer", from: `{storage: {sqlite: {size: 2Gi}}}`, to: `{storage: {sqlite: {size: 2000M}}}`, want: shrink,
	},
	"larger volume back to the default": {
		kind: "SCIMServer", from: `{storage: {sqlite: {size: 2Gi}}}`, to: `{}`, want: shrink,
	},
	"other storage class": {
		kind: "SCIMServer", from: `{storage: {sqlite: {storageClassName: fast}}}`, to: `{storage: {sqlite: {storageClassName: slow}}}`, want: storageClass,
	},
	"storage class added": {
		kind: "SCIMServer", from: `{}`, to: `{storage: {sqlite: {storageClassName: fast}}}`, want: storageClass,
	},
}

func TestUpdatesThatLoseDataAreRefused(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for name, tc := range refusedUpdates {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkRefused(t, tc.run(t, namespace), tc.want)
		})
	}
}

func TestUpdatesThatKeepDataAreAccepted(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for name, tc := range map[string]update{
		"larger volume":             {kind: "SCIMServer", from: `{}`, to: `{storage: {sqlite: {size: 10Gi}}}`},
		"the same size, in words":   {kind: "SCIMServer", from: `{storage: {sqlite: {size: 1Gi}}}`, to: `{storage: {sqlite: {size: 1024Mi}}}`},
		"another database Secret":   {kind: "SCIMServer", from: `{storage: {postgres: {secretRef: {name: a}}}}`, to: `{storage: {postgres: {secretRef: {name: b}}}}`},
		"a misspelt serverRef":      {kind: "SCIMTenant", from: `{serverRef: {name: shraed}}`, to: `{serverRef: {name: shared}}`},
		"a server of its own":       {kind: "SCIMTenant", from: `{serverRef: {name: shared}}`, to: `{}`},
		"a shared server":           {kind: "SCIMTenant", from: `{}`, to: `{serverRef: {name: shared}}`},
		"another identity provider": {kind: "SCIMTenant", from: `{identityProvider: Okta}`, to: `{identityProvider: EntraID}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := tc.run(t, namespace); err != nil {
				t.Error(err)
			}
		})
	}
}

// run creates the object and replaces its spec.
func (u update) run(t *testing.T, namespace string) error {
	t.Helper()
	obj := manifest(t, u.kind, namespace, "", u.from)
	obj.SetGenerateName("updated-")
	if err := k8s.Create(t.Context(), obj); err != nil {
		t.Fatalf("create: %v", err)
	}
	next := manifest(t, u.kind, namespace, "", u.to)
	if err := unstructured.SetNestedField(obj.Object, next.Object["spec"], "spec"); err != nil {
		t.Fatal(err)
	}
	return k8s.Update(t.Context(), obj)
}
