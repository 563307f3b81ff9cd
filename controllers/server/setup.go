package server

import (
	"context"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// The operator can give a server only rights that it has itself: get and watch on Secrets, get and patch on ConfigMaps.
//
// +kubebuilder:rbac:groups=scim-operator.io,resources=scimservers,verbs=get;list;watch
// +kubebuilder:rbac:groups=scim-operator.io,resources=scimservers/status,verbs=patch
// +kubebuilder:rbac:groups=scim-operator.io,resources=scimservers/finalizers,verbs=update
// +kubebuilder:rbac:groups=apps,resources=statefulsets;deployments,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=configmaps;serviceaccounts;services,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;update
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=roles;rolebindings,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies;ingresses,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes,verbs=get;create;patch;delete
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=servicemonitors,verbs=get;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Register adds the controller to the manager. secrets is a cache of the metadata of all Secrets.
func (r *Reconciler) Register(mgr ctrl.Manager, secrets cache.Cache) error {
	c := ctrl.NewControllerManagedBy(mgr).
		Named("scimserver").
		For(&v1alpha1.SCIMServer{}, builder.WithPredicates(specChanged())).
		WithOptions(kubeutil.Options())
	for _, owned := range []client.Object{
		&appsv1.StatefulSet{}, &appsv1.Deployment{}, &corev1.ConfigMap{}, &corev1.Secret{}, &corev1.Service{}, &corev1.ServiceAccount{},
		&rbacv1.Role{}, &rbacv1.RoleBinding{}, &networkingv1.NetworkPolicy{}, &networkingv1.Ingress{}, &policyv1.PodDisruptionBudget{},
	} {
		c.Owns(owned)
	}
	return c.
		Watches(&v1alpha1.SCIMServer{}, handler.EnqueueRequestsFromMapFunc(r.sameHost), builder.WithPredicates(specChanged())).
		Watches(&v1alpha1.SCIMServer{}, handler.Funcs{DeleteFunc: r.drop}).
		Watches(&v1alpha1.SCIMTenant{}, handler.EnqueueRequestsFromMapFunc(serversOf), builder.WithPredicates(tenantChanged())).
		Watches(&v1alpha1.SCIMApplication{}, handler.EnqueueRequestsFromMapFunc(r.ofApplication), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.SCIMMapping{}, handler.EnqueueRequestsFromMapFunc(r.ofMapping), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.ofCredentials)).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(ofPod), builder.WithPredicates(podChanged())).
		WatchesRawSource(source.Kind[client.Object](secrets, kubeutil.SecretMetadata(), handler.EnqueueRequestsFromMapFunc(r.ofSigningKeys))).
		WatchesRawSource(source.Kind[client.Object](secrets, kubeutil.SecretMetadata(), handler.EnqueueRequestsFromMapFunc(r.ofOwnSecret))).
		Complete(reconcile.AsReconciler(r.Client, r))
}

// drop forgets what is remembered of a server that is gone.
func (r *Reconciler) drop(_ context.Context, e event.DeleteEvent, _ workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	r.pace.Forget(client.ObjectKeyFromObject(e.Object))
	for n := range config.MaxShards {
		r.configs.Forget(client.ObjectKey{Namespace: e.Object.GetNamespace(), Name: v1alpha1.ConfigSecretName(e.Object.GetName(), n)})
	}
}

// specChanged passes over what the operator itself writes: the status.
func specChanged() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})
}

// tenantChanged lets pass what the configuration depends on. A tenant that nobody has judged yet has no part in it.
func tenantChanged() predicate.Predicate {
	created := func(e event.CreateEvent) bool { return judged(e.Object.(*v1alpha1.SCIMTenant)) }
	return predicate.Funcs{CreateFunc: created, UpdateFunc: func(e event.UpdateEvent) bool {
		a, b := e.ObjectOld.(*v1alpha1.SCIMTenant), e.ObjectNew.(*v1alpha1.SCIMTenant)
		if !judged(b) && b.DeletionTimestamp.IsZero() {
			return false
		}
		_, wasGated := compile.Gated(a)
		_, isGated := compile.Gated(b)
		return a.Generation != b.Generation || wasGated != isGated ||
			a.DeletionTimestamp.IsZero() != b.DeletionTimestamp.IsZero() ||
			differ(a, b, v1alpha1.AnnotationBoundServer, v1alpha1.AnnotationReleaseBrake, v1alpha1.AnnotationMove,
				v1alpha1.AnnotationMoveFetch, v1alpha1.AnnotationForwardedFrom, v1alpha1.AnnotationTakeFrom) ||
			!kubeutil.SameCondition(a, b, v1alpha1.ConditionAccepted)
	}}
}

// judged tells whether the tenant's reconciler has ever said of it whether it is accepted. The default that the API server
// fills in observes no generation.
func judged(t *v1alpha1.SCIMTenant) bool {
	c := kubeutil.FindCondition(t, v1alpha1.ConditionAccepted)
	return c != nil && c.ObservedGeneration != 0
}

func differ(a, b client.Object, annotations ...string) bool {
	return slices.ContainsFunc(annotations, func(name string) bool { return a.GetAnnotations()[name] != b.GetAnnotations()[name] })
}

func serversOf(_ context.Context, o client.Object) []reconcile.Request {
	return kubeutil.Requests(kubeutil.ServersOf(o.(*v1alpha1.SCIMTenant))...)
}

// ofTenants leads to the servers of the tenants that an index has under a value.
func (r *Reconciler) ofTenants(ctx context.Context, index, value string) []reconcile.Request {
	var list v1alpha1.SCIMTenantList
	if err := r.Client.List(ctx, &list, client.MatchingFields{index: value}, client.DisableReadYourWritesConsistency); err != nil {
		log.FromContext(ctx).Error(err, "List of the cache failed", "index", index)
	}
	servers := map[reconcile.Request]bool{}
	for i := range list.Items {
		for _, request := range serversOf(ctx, &list.Items[i]) {
			servers[request] = true
		}
	}
	return slices.Collect(maps.Keys(servers))
}

func (r *Reconciler) ofApplication(ctx context.Context, o client.Object) []reconcile.Request {
	return r.ofTenants(ctx, kubeutil.IndexTenantApplication, o.GetNamespace()+"/"+o.GetName())
}

func (r *Reconciler) ofMapping(ctx context.Context, o client.Object) []reconcile.Request {
	return r.ofTenants(ctx, kubeutil.IndexTenantMapping, o.GetNamespace()+"/"+o.GetName())
}

// ofSigningKeys leads from any Secret to the servers of the tenants whose applications sign their webhooks with it.
func (r *Reconciler) ofSigningKeys(ctx context.Context, o client.Object) (out []reconcile.Request) {
	key := o.GetNamespace() + "/" + o.GetName()
	for _, a := range kubeutil.ListRequests(ctx, r.Client, &v1alpha1.SCIMApplicationList{}, kubeutil.IndexApplicationSecret, key) {
		out = append(out, r.ofTenants(ctx, kubeutil.IndexTenantApplication, a.String())...)
	}
	return out
}

// ofCredentials leads from the credentials Secret of a tenant to the tenant's servers, and from that of an application's
// feeds to the servers of its tenants.
func (r *Reconciler) ofCredentials(ctx context.Context, o client.Object) []reconcile.Request {
	owner := metav1.GetControllerOfNoCopy(o)
	if owner != nil && owner.Kind == v1alpha1.KindSCIMApplication {
		return r.ofTenants(ctx, kubeutil.IndexTenantApplication, o.GetNamespace()+"/"+owner.Name)
	}
	if owner == nil || owner.Kind != v1alpha1.KindSCIMTenant {
		return nil
	}
	t := &v1alpha1.SCIMTenant{}
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: o.GetNamespace(), Name: owner.Name}, t, client.DisableReadYourWritesConsistency); err != nil {
		return nil // it is gone, and its servers have heard that
	}
	if !judged(t) {
		return nil // its first credentials: the servers hear of it when it is accepted
	}
	return serversOf(ctx, t)
}

func ofPod(_ context.Context, o client.Object) []reconcile.Request {
	return kubeutil.Requests(o.GetNamespace() + "/" + o.GetLabels()[v1alpha1.LabelServer])
}

// ofOwnSecret leads from any Secret to the servers that have their certificate or their connection URI from it.
func (r *Reconciler) ofOwnSecret(ctx context.Context, o client.Object) []reconcile.Request {
	return kubeutil.ListRequests(ctx, r.Client, &v1alpha1.SCIMServerList{}, kubeutil.IndexServerSecret, o.GetNamespace()+"/"+o.GetName())
}

// sameHost leads to the servers that may get the host when another one gives it up.
func (r *Reconciler) sameHost(ctx context.Context, o client.Object) []reconcile.Request {
	in := o.(*v1alpha1.SCIMServer).Spec.Endpoint.Ingress
	if in == nil {
		return nil
	}
	return kubeutil.ListRequests(ctx, r.Client, &v1alpha1.SCIMServerList{}, kubeutil.IndexServerHost, in.Host)
}
