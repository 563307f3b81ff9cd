package referent

import (
	"context"
	"fmt"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
)

// Reconciler reconciles objects of one kind. All fields but Tenants are needed.
type Reconciler[T kubeutil.Conditioned] struct {
	Client client.Client
	Events kubeutil.Recorder
	// Name of the controller.
	Name string
	// Kind is an empty object of the kind.
	Kind T
	// Index of the cache has the tenants under namespace/name of the object; Of says the same of one tenant.
	Index string
	Of    func(*v1alpha1.SCIMTenant) []string
	// Tenants lets those changes of tenants pass that matter beside changes of their spec; nil: none.
	Tenants predicate.Predicate
	// Keep checks the object and keeps what belongs to it. It may change the object's status. Another pass follows after
	// the time that it returns, 0: only when something changes.
	Keep func(ctx context.Context, o T, tenants []v1alpha1.SCIMTenant) (compile.Finding, time.Duration, error)
	// Accepted is the message of an object with nothing wrong.
	Accepted string
}

// Reconcile brings the status of one object up to date.
func (r *Reconciler[T]) Reconcile(ctx context.Context, o T) (ctrl.Result, error) {
	if !o.GetDeletionTimestamp().IsZero() || kubeutil.Leaving(ctx, r.Client, o.GetNamespace()) {
		return ctrl.Result{}, nil
	}
	before := o.DeepCopyObject().(T)
	var list v1alpha1.SCIMTenantList
	if err := r.Client.List(ctx, &list, client.MatchingFields{r.Index: o.GetNamespace() + "/" + o.GetName()}); err != nil {
		return ctrl.Result{}, fmt.Errorf("list the tenants of %s %s: %w", r.Name, client.ObjectKeyFromObject(o), err)
	}
	finding, requeue, err := r.Keep(ctx, o, list.Items)
	if err != nil {
		return kubeutil.Result(0, err)
	}
	kubeutil.SetCondition(o, finding.Accepted(r.Accepted))
	if err := kubeutil.PatchStatus(ctx, r.Client, before, o); err != nil {
		return kubeutil.Result(0, err)
	}
	kubeutil.RecordTransitions(r.Events, before, o, v1alpha1.ConditionAccepted)
	return kubeutil.Result(requeue, nil)
}

// Builder begins the controller; Complete ends it, and adds it to the manager.
func (r *Reconciler[T]) Builder(mgr ctrl.Manager) *builder.Builder {
	changed := predicate.Predicate(predicate.GenerationChangedPredicate{})
	if r.Tenants != nil {
		changed = predicate.Or(changed, r.Tenants)
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named(r.Name).
		For(r.Kind, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&v1alpha1.SCIMTenant{}, handler.EnqueueRequestsFromMapFunc(r.ofTenant), builder.WithPredicates(changed)).
		WithOptions(kubeutil.Options())
}

// Complete adds the controller that Builder has begun.
func (r *Reconciler[T]) Complete(b *builder.Builder) error {
	return b.Complete(reconcile.AsReconciler(r.Client, r))
}

func (r *Reconciler[T]) ofTenant(_ context.Context, o client.Object) []reconcile.Request {
	return kubeutil.Requests(r.Of(o.(*v1alpha1.SCIMTenant))...)
}
