package kubeutil

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// Requests asks for the reconciliation of objects by namespace/name.
func Requests(keys ...string) []reconcile.Request {
	out := make([]reconcile.Request, 0, len(keys))
	for _, key := range keys {
		if namespace, name, ok := strings.Cut(key, "/"); ok {
			out = append(out, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}})
		}
	}
	return out
}

// ListRequests asks for the reconciliation of what an index of the cache has under a value.
func ListRequests(ctx context.Context, c client.Reader, list client.ObjectList, index, value string) []reconcile.Request {
	var out []reconcile.Request
	// A map function must not wait for the writes of a pass.
	err := c.List(ctx, list, client.MatchingFields{index: value}, client.DisableReadYourWritesConsistency)
	if err == nil {
		err = meta.EachListItem(list, func(o runtime.Object) error {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(o.(client.Object))})
			return nil
		})
	}
	if err != nil {
		log.FromContext(ctx).Error(err, "List of the cache failed", "index", index)
	}
	return out
}

// SignedBy asks for the reconciliation of the tenants whose applications sign their webhooks with a Secret's keys.
func SignedBy(ctx context.Context, c client.Reader, secret client.Object) []reconcile.Request {
	var out []reconcile.Request
	key := join(secret.GetNamespace(), secret.GetName())
	for _, application := range ListRequests(ctx, c, &v1alpha1.SCIMApplicationList{}, IndexApplicationSecret, key) {
		out = append(out, ListRequests(ctx, c, &v1alpha1.SCIMTenantList{}, IndexTenantApplication, application.String())...)
	}
	return out
}

// SecretMetadata is a Secret without its data, to be read from the cache of all Secrets' metadata.
func SecretMetadata() *metav1.PartialObjectMetadata {
	o := &metav1.PartialObjectMetadata{}
	o.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	return o
}

// NamespaceMetadata is a Namespace without spec and status.
func NamespaceMetadata() *metav1.PartialObjectMetadata {
	o := &metav1.PartialObjectMetadata{}
	o.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	return o
}

// Leaving tells whether a namespace is being deleted. Whatever is in it goes with it, so nothing is made or told there any
// more.
func Leaving(ctx context.Context, c client.Reader, namespace string) bool {
	ns := NamespaceMetadata()
	return c.Get(ctx, client.ObjectKey{Name: namespace}, ns) == nil && !ns.DeletionTimestamp.IsZero()
}
