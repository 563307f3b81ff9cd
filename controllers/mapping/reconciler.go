package mapping

import (
	"context"
	"fmt"

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

// +kubebuilder:rbac:groups=scim-operator.io,resources=scimmappings,verbs=get;list;watch
// +kubebuilder:rbac:groups=scim-operator.io,resources=scimmappings/status,verbs=patch

// Reconciler reconciles SCIMMappings. All fields are needed.
type Reconciler struct {
	Client client.Client
	Events kubeutil.Recorder
}

// Reconcile brings the status of one SCIMMapping up to date.
func (r *Reconciler) Reconcile(ctx context.Context, o *v1alpha1.SCIMMapping) (ctrl.Result, error) {
	if !o.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	before := o.DeepCopy()
	var list v1alpha1.SCIMTenantList
	if err := r.Client.List(ctx, &list, client.MatchingFields{kubeutil.IndexTenantMapping: o.Namespace + "/" + o.Name}); err != nil {
		return ctrl.Result{}, fmt.Errorf("list the tenants of SCIMMapping %s: %w", client.ObjectKeyFromObject(o), err)
	}
	o.Status.Tenants = int32(len(list.Items)) //nolint:gosec // there are fewer
	kubeutil.SetCondition(o, compile.MappingFinding(o).Accepted("The mapping is valid"))
	if err := kubeutil.PatchStatus(ctx, r.Client, before, o); err != nil {
		return kubeutil.Result(0, err)
	}
	kubeutil.RecordTransitions(r.Events, before, o, v1alpha1.ConditionAccepted)
	return ctrl.Result{}, nil
}

// Register adds the controller to the manager.
func (r *Reconciler) Register(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("scimmapping").
		For(&v1alpha1.SCIMMapping{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.SCIMTenant{}, handler.EnqueueRequestsFromMapFunc(ofTenant), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WithOptions(kubeutil.Options()).
		Complete(reconcile.AsReconciler(r.Client, r))
}

func ofTenant(_ context.Context, o client.Object) []reconcile.Request {
	return kubeutil.Requests(kubeutil.MappingsOf(o.(*v1alpha1.SCIMTenant))...)
}
