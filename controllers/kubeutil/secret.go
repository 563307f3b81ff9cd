package kubeutil

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// GetSecret returns a Secret of the operator's from the cache, nil if there is none.
func (a *Applier) GetSecret(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	s := &corev1.Secret{}
	err := a.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, s)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %s/%s: %w", namespace, name, err)
	}
	return s, nil
}

// PutSecret creates or updates a Secret whose content follows from what it was before: the write fails with a conflict if
// current, nil if there was none, is not what the API server has. It writes only if something would change, and returns
// the Secret as it is then.
func (a *Applier) PutSecret(ctx context.Context, owner client.Object, current, desired *corev1.Secret) (*corev1.Secret, error) {
	ref, err := a.controllerRef(owner)
	if err != nil {
		return nil, err
	}
	if current == nil {
		return a.createSecret(ctx, owner, ref, desired)
	}
	if err := Claim(owner, current, "Secret"); err != nil {
		return nil, err
	}
	next := current.DeepCopy()
	next.OwnerReferences = []metav1.OwnerReference{*ref}
	next.Labels = merged(next.Labels, desired.Labels)
	next.Annotations = merged(withoutOurs(next.Annotations), desired.Annotations)
	next.Data = desired.Data
	if equality.Semantic.DeepEqual(current, next) {
		return current, nil
	}
	if err := a.Client.Update(ctx, next, client.FieldOwner(v1alpha1.ManagedBy)); err != nil {
		return nil, fmt.Errorf("update Secret %s: %w", client.ObjectKeyFromObject(next), err)
	}
	return next, nil
}

func (a *Applier) createSecret(ctx context.Context, owner client.Object, ref *metav1.OwnerReference, desired *corev1.Secret) (*corev1.Secret, error) {
	next := desired.DeepCopy()
	next.OwnerReferences = []metav1.OwnerReference{*ref}
	next.Labels = merged(next.Labels, map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy})
	err := a.Client.Create(ctx, next, client.FieldOwner(v1alpha1.ManagedBy))
	if !apierrors.IsAlreadyExists(err) {
		if err != nil {
			return nil, fmt.Errorf("create Secret %s: %w", client.ObjectKeyFromObject(next), err)
		}
		return next, nil
	}
	have := &metav1.PartialObjectMetadata{}
	have.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	if live := a.Live.Get(ctx, client.ObjectKeyFromObject(next), have); live != nil {
		return nil, err
	}
	if claim := Claim(owner, have, "Secret"); claim != nil {
		return nil, claim
	}
	return nil, err // it is the owner's, and the cache has not seen it yet
}

// merged is a, overlaid with b.
func merged(a, b map[string]string) map[string]string {
	if len(a) == 0 && len(b) == 0 {
		return a
	}
	out := map[string]string{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// withoutOurs drops the operator's own annotations, which are wanted anew each time.
func withoutOurs(m map[string]string) map[string]string {
	out := maps.Clone(m)
	maps.DeleteFunc(out, func(key, _ string) bool { return len(key) > len(prefix) && key[:len(prefix)] == prefix })
	if len(out) == 0 {
		return nil
	}
	return out
}

const prefix = v1alpha1.GroupName + "/"
