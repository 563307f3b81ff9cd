package kubeutil

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// AnnotationApplied is the hash of what was applied last, so that a field that is no longer wanted is noticed.
const AnnotationApplied = v1alpha1.GroupName + "/applied"

// ConflictError tells that an object exists and is not the owner's.
type ConflictError struct {
	Kind, Name string // Name with its namespace
	Owner      string // who controls it: kind and name; empty: nobody
	// Leaving: it belongs to an owner of the same name that is gone, and the garbage collector is about to delete it.
	Leaving bool
}

func (e *ConflictError) Error() string {
	switch {
	case e.Leaving:
		return fmt.Sprintf("%s %s of an earlier %s is being deleted", e.Kind, e.Name, e.Owner)
	case e.Owner == "":
		return fmt.Sprintf("%s %s exists already and was not made by the operator", e.Kind, e.Name)
	}
	return fmt.Sprintf("%s %s exists already and belongs to %s", e.Kind, e.Name, e.Owner)
}

// Applier brings objects into the wanted state by server-side apply, and writes only if something would change. It never
// takes over an object that belongs to somebody else.
type Applier struct {
	Client client.Client // reads from the cache
	Live   client.Reader // reads from the API server
	Scheme *runtime.Scheme
}

// Apply applies what is wanted of an object and makes owner its controller. It returns a *ConflictError if the object is
// somebody else's.
func (a *Applier) Apply(ctx context.Context, owner client.Object, desired *unstructured.Unstructured) error {
	want, err := a.complete(owner, desired)
	if err != nil {
		return err
	}
	have, err := a.find(ctx, owner, want)
	if err != nil || (have != nil && covers(want.Object, have)) {
		return err
	}
	return a.write(ctx, want, have != nil)
}

// write applies. Where somebody has changed the key of a list's element, both elements would remain, and the API server
// may refuse that; then the list is replaced as a whole.
func (a *Applier) write(ctx context.Context, want *unstructured.Unstructured, exists bool) error {
	key := client.ObjectKeyFromObject(want)
	err := a.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(want.DeepCopy()),
		client.FieldOwner(v1alpha1.ManagedBy), client.ForceOwnership, client.DisableReadYourWritesConsistency)
	if apierrors.IsInvalid(err) && exists {
		text, encodeErr := json.Marshal(want.Object)
		if encodeErr != nil {
			return fmt.Errorf("encode %s %s: %w", want.GetKind(), key, encodeErr)
		}
		patch := client.RawPatch(types.MergePatchType, text)
		if a.Client.Patch(ctx, want, patch, client.FieldOwner(v1alpha1.ManagedBy), client.DisableReadYourWritesConsistency) == nil {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("apply %s %s: %w", want.GetKind(), key, err)
	}
	return nil
}

// Delete deletes an object of the owner's that is no longer wanted. An object that isn't there, or is somebody else's,
// is left alone.
func (a *Applier) Delete(ctx context.Context, owner, obj client.Object) error {
	err := a.Client.Get(ctx, client.ObjectKeyFromObject(obj), obj)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("look for %T %s: %w", obj, client.ObjectKeyFromObject(obj), err)
	case !metav1.IsControlledBy(obj, owner) || !obj.GetDeletionTimestamp().IsZero():
		return nil
	}
	uid := obj.GetUID()
	err = a.Client.Delete(ctx, obj, client.Preconditions{UID: &uid})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %T %s: %w", obj, client.ObjectKeyFromObject(obj), err)
	}
	return nil
}

// complete adds controller, label and hash to a copy of desired.
func (a *Applier) complete(owner client.Object, desired *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	want := desired.DeepCopy()
	ref, err := a.controllerRef(owner)
	if err != nil {
		return nil, err
	}
	want.SetOwnerReferences([]metav1.OwnerReference{*ref})
	want.SetLabels(with(want.GetLabels(), v1alpha1.LabelManagedBy, v1alpha1.ManagedBy))
	text, err := json.Marshal(want.Object)
	if err != nil {
		return nil, fmt.Errorf("encode %s %s: %w", want.GetKind(), want.GetName(), err)
	}
	sum := sha256.Sum256(text)
	want.SetAnnotations(with(want.GetAnnotations(), AnnotationApplied, hex.EncodeToString(sum[:8])))
	return want, nil
}

func (a *Applier) controllerRef(owner client.Object) (*metav1.OwnerReference, error) {
	gvk, err := apiutil.GVKForObject(owner, a.Scheme)
	if err != nil {
		return nil, fmt.Errorf("kind of %T: %w", owner, err)
	}
	return metav1.NewControllerRef(owner, gvk), nil
}

// find returns the object as it is, nil if there is none. The cache holds only objects with the operator's label, so
// what it doesn't hold is looked for once more.
func (a *Applier) find(ctx context.Context, owner client.Object, want *unstructured.Unstructured) (map[string]any, error) {
	have, err := a.cached(ctx, want)
	if apierrors.IsNotFound(err) {
		return nil, a.vacant(ctx, owner, want)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", want.GetKind(), client.ObjectKeyFromObject(want), err)
	}
	if err := Claim(owner, have, want.GetKind()); err != nil {
		return nil, err
	}
	return toMap(have)
}

func (a *Applier) cached(ctx context.Context, want *unstructured.Unstructured) (client.Object, error) {
	key := client.ObjectKeyFromObject(want)
	typed, err := a.Scheme.New(want.GroupVersionKind())
	if have, ok := typed.(client.Object); ok && err == nil {
		return have, a.Client.Get(ctx, key, have)
	}
	have := &unstructured.Unstructured{}
	have.SetGroupVersionKind(want.GroupVersionKind())
	return have, a.Live.Get(ctx, key, have)
}

// vacant makes sure that no object without the operator's label has the wanted name.
func (a *Applier) vacant(ctx context.Context, owner client.Object, want *unstructured.Unstructured) error {
	have := &metav1.PartialObjectMetadata{}
	have.SetGroupVersionKind(want.GroupVersionKind())
	err := a.Live.Get(ctx, client.ObjectKeyFromObject(want), have)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for %s %s: %w", want.GetKind(), client.ObjectKeyFromObject(want), err)
	}
	return Claim(owner, have, want.GetKind())
}

// Claim tells whether the owner may write the object: it controls it, or it was left behind by one of its name.
func Claim(owner, have client.Object, kind string) error {
	controller := metav1.GetControllerOfNoCopy(have)
	switch {
	case controller != nil && controller.UID == owner.GetUID():
		return nil
	case controller == nil && have.GetLabels()[v1alpha1.LabelManagedBy] == v1alpha1.ManagedBy:
		return nil
	}
	e := &ConflictError{Kind: kind, Name: client.ObjectKeyFromObject(have).String()}
	if controller != nil {
		e.Owner = controller.Kind + " " + controller.Name
		e.Leaving = controller.Name == owner.GetName() && have.GetLabels()[v1alpha1.LabelManagedBy] == v1alpha1.ManagedBy
	}
	return e
}

func with(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}
