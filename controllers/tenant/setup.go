package tenant

import (
	"context"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/rollout"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// +kubebuilder:rbac:groups=scim-operator.io,resources=scimtenants,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=scim-operator.io,resources=scimtenants/status,verbs=patch
// +kubebuilder:rbac:groups=scim-operator.io,resources=scimtenants/finalizers,verbs=update
// +kubebuilder:rbac:groups=scim-operator.io,resources=scimservers,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;update
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch

// Register adds the controller to the manager. secrets is a cache of the metadata of all Secrets.
func (r *Reconciler) Register(mgr ctrl.Manager, secrets cache.Cache) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("scimtenant").
		For(&v1alpha1.SCIMTenant{}, builder.WithPredicates(tenantChanged())).
		Owns(&corev1.Secret{}).
		Watches(&v1alpha1.SCIMServer{}, kubeutil.FanOutFunc(r.ofServer), builder.WithPredicates(serverChanged())).
		Watches(&v1alpha1.SCIMApplication{}, kubeutil.FanOutFunc(r.ofApplication), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.SCIMMapping{}, kubeutil.FanOutFunc(r.ofMapping), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&corev1.Secret{}, r.configHandler()).
		Watches(&corev1.ConfigMap{}, kubeutil.FanOut(r.reportHandler())).
		Watches(&appsv1.StatefulSet{}, &handler.EnqueueRequestForObject{}, builder.WithPredicates(volumePolicyChanged())).
		WatchesMetadata(kubeutil.NamespaceMetadata(), kubeutil.FanOutFunc(r.ofNamespace), builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WatchesRawSource(source.Kind[client.Object](secrets, kubeutil.SecretMetadata(), handler.EnqueueRequestsFromMapFunc(r.ofSecret))).
		WithOptions(kubeutil.Options()).
		Complete(reconcile.AsReconciler(r.Client, r))
}

// tenantChanged passes over what the operator itself writes into the status, but not over the conditions of readiness
// gates, which others write there.
func tenantChanged() predicate.Predicate {
	gates := predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		_, was := compile.Gated(e.ObjectOld.(*v1alpha1.SCIMTenant))
		_, is := compile.Gated(e.ObjectNew.(*v1alpha1.SCIMTenant))
		return was != is
	}}
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}, gates)
}

// volumePolicyChanged lets pass what the deletion of a tenant waits for whose own server, of its name, has the StatefulSet.
func volumePolicyChanged() predicate.Predicate {
	no := func(event.CreateEvent) bool { return false }
	return predicate.Funcs{CreateFunc: no, UpdateFunc: func(e event.UpdateEvent) bool {
		a, b := e.ObjectOld.(*appsv1.StatefulSet).Spec, e.ObjectNew.(*appsv1.StatefulSet).Spec
		return !equality.Semantic.DeepEqual(a.PersistentVolumeClaimRetentionPolicy, b.PersistentVolumeClaimRetentionPolicy)
	}}
}

// serverChanged lets pass what tenants depend on.
func serverChanged() predicate.Predicate {
	status := predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		a, b := e.ObjectOld.(*v1alpha1.SCIMServer), e.ObjectNew.(*v1alpha1.SCIMServer)
		return (a.Status.ReadyReplicas == 0) != (b.Status.ReadyReplicas == 0) ||
			!a.DeletionTimestamp.Equal(b.DeletionTimestamp) ||
			!kubeutil.SameCondition(a, b, v1alpha1.ConditionAccepted) ||
			told(a) != told(b)
	}}
	return predicate.Or(predicate.GenerationChangedPredicate{}, status)
}

// told is what tenants tell of their server's Programmed and Ready. All else of these changes whenever one of its tenants
// does, and must not wake the others.
func told(s *v1alpha1.SCIMServer) string {
	var out string
	if tooLarge(s) {
		out = string(v1alpha1.ReasonConfigTooLarge)
	}
	if c, ok := databaseFault(s); ok {
		out += " " + c.Reason + " " + c.Message
	}
	return out
}

func tooLarge(s *v1alpha1.SCIMServer) bool {
	c := kubeutil.FindCondition(s, v1alpha1.ConditionProgrammed)
	return c != nil && c.Reason == string(v1alpha1.ReasonConfigTooLarge)
}

func (r *Reconciler) ofServer(ctx context.Context, o client.Object) []reconcile.Request {
	return kubeutil.ListRequests(ctx, r.Client, &v1alpha1.SCIMTenantList{}, kubeutil.IndexTenantServer, o.GetNamespace()+"/"+o.GetName())
}

func (r *Reconciler) ofApplication(ctx context.Context, o client.Object) []reconcile.Request {
	return kubeutil.ListRequests(ctx, r.Client, &v1alpha1.SCIMTenantList{}, kubeutil.IndexTenantApplication, o.GetNamespace()+"/"+o.GetName())
}

func (r *Reconciler) ofMapping(ctx context.Context, o client.Object) []reconcile.Request {
	return kubeutil.ListRequests(ctx, r.Client, &v1alpha1.SCIMTenantList{}, kubeutil.IndexTenantMapping, o.GetNamespace()+"/"+o.GetName())
}

func (r *Reconciler) ofNamespace(ctx context.Context, o client.Object) []reconcile.Request {
	var list v1alpha1.SCIMTenantList
	if err := r.Client.List(ctx, &list, client.InNamespace(o.GetName()), client.DisableReadYourWritesConsistency); err != nil {
		return nil
	}
	var out []reconcile.Request
	for i := range list.Items {
		if t := &list.Items[i]; !t.OwnServer() || t.Spec.ApplicationRef != nil {
			out = append(out, kubeutil.Requests(compile.Key(&list.Items[i]))...)
		}
	}
	return out
}

// ofSecret leads from any Secret to the tenants that take their token from it, to those of the applications whose webhooks it
// signs, and to the one whose credentials Secret it stands in the way of.
func (r *Reconciler) ofSecret(ctx context.Context, o client.Object) []reconcile.Request {
	out := kubeutil.ListRequests(ctx, r.Client, &v1alpha1.SCIMTenantList{}, kubeutil.IndexTenantSecret, o.GetNamespace()+"/"+o.GetName())
	out = append(out, kubeutil.SignedBy(ctx, r.Client, o)...)
	if name, ok := strings.CutSuffix(o.GetName(), v1alpha1.CredentialsSecretName("")); ok {
		out = append(out, kubeutil.Requests(o.GetNamespace()+"/"+name)...)
	}
	return out
}

// configHandler wakes the tenants whose entry in a server's configuration has changed.
func (r *Reconciler) configHandler() handler.EventHandler {
	return changeHandler(r.configs.Forget, func(before, after client.Object) []string {
		a, b := facts(r.shardOf(before)), facts(r.shardOf(after))
		keys := map[string]bool{}
		for f := range a {
			keys[f.key] = keys[f.key] || !b[f]
		}
		for f := range b {
			keys[f.key] = keys[f.key] || !a[f]
		}
		maps.DeleteFunc(keys, func(_ string, changed bool) bool { return !changed })
		return slices.Collect(maps.Keys(keys))
	})
}

// fact is an entry or a purge of a shard.
type fact struct{ key, content string }

func facts(s *config.Shard) map[fact]bool {
	out := make(map[fact]bool, len(s.Tenants)+len(s.Purges))
	for i, t := range s.Tenants {
		out[fact{t.Key, s.Hashes[i]}] = true
	}
	for _, u := range s.Purges {
		out[fact{u.Tenant, "purge " + u.UID}] = true
	}
	return out
}

// shardOf reads a config Secret. Of other Secrets, and of none, there is nothing.
func (r *Reconciler) shardOf(o client.Object) *config.Shard {
	if secret, ok := o.(*corev1.Secret); ok && secret.Labels[v1alpha1.LabelServer] != "" {
		if s, err := r.configs.Of(secret, func() (*config.Shard, error) { return config.DecodeShard(secret.Data[config.SecretKey]) }); err == nil {
			return s
		}
	}
	return &config.Shard{}
}

// reportHandler wakes the tenants of which a server's pods report something new.
func (r *Reconciler) reportHandler() handler.EventHandler {
	return changeHandler(r.rollouts.Forget, func(before, after client.Object) []string {
		return rollout.Changed(r.reportsOf(before), r.reportsOf(after))
	})
}

func (r *Reconciler) reportsOf(o client.Object) *rollout.Rollout {
	if cm, ok := o.(*corev1.ConfigMap); ok {
		if server := cm.Labels[v1alpha1.LabelServer]; server != "" {
			return r.readReports(cm, server)
		}
	}
	return &rollout.Rollout{}
}

// changeHandler asks for the tenants that changed names when an object comes, changes or goes; nil stands for none. An object
// that is gone is forgotten.
func changeHandler(gone func(client.ObjectKey), changed func(before, after client.Object) []string) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	add := func(q queue, before, after client.Object) {
		for _, request := range kubeutil.Requests(changed(before, after)...) {
			if request.NamespacedName != (types.NamespacedName{}) {
				q.Add(request)
			}
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { add(q, nil, e.Object) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) { add(q, e.ObjectOld, e.ObjectNew) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) {
			add(q, e.Object, nil)
			gone(client.ObjectKeyFromObject(e.Object))
		},
	}
}
