package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/scope"
)

// ManagerOptions completes the options of a manager with what the reconcilers rely on.
func ManagerOptions(o ctrl.Options, scheme *runtime.Scheme, namespaces scope.Scope) ctrl.Options {
	consistent := true
	o.Scheme = scheme
	resync := o.Cache.SyncPeriod
	o.Cache = CacheOptions()
	o.Cache.SyncPeriod = resync
	o.NewCache = namespaces.NewCache
	// A pass sees what the one before it has written. What it decides on may not be issued twice.
	o.Client.Cache = &client.CacheOptions{EnableReadYourWritesConsistency: &consistent}
	return o
}

// CacheOptions keep only those objects of the cluster in memory that the operator has made, by their label, and the four
// kinds and the labels of Namespaces.
func CacheOptions() cache.Options {
	everything := cache.ByObject{Label: labels.Everything()}
	namespaces := cache.ByObject{Label: labels.Everything(), Transform: onlyLabels}
	return cache.Options{
		DefaultLabelSelector: labels.SelectorFromSet(labels.Set{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy}),
		DefaultTransform:     cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.SCIMServer{}:      everything,
			&v1alpha1.SCIMTenant{}:      everything,
			&v1alpha1.SCIMMapping{}:     everything,
			&v1alpha1.SCIMApplication{}: everything,
			&corev1.Namespace{}:         namespaces,
			&corev1.Pod{}:               {Transform: onlyStatus},
		},
	}
}

// onlyLabels drops everything else of an object's metadata that takes memory.
func onlyLabels(o any) (any, error) {
	if m, ok := o.(metav1.Object); ok {
		m.SetManagedFields(nil)
		m.SetAnnotations(nil)
	}
	return o, nil
}

// onlyStatus drops what a pod is to be: how it is tells all that is asked.
func onlyStatus(o any) (any, error) {
	if pod, ok := o.(*corev1.Pod); ok {
		pod.SetManagedFields(nil)
		pod.Spec = corev1.PodSpec{}
	}
	return o, nil
}

// onlyName drops everything but what identifies an object and its version.
func onlyName(o any) (any, error) {
	if m, ok := o.(metav1.Object); ok {
		m.SetLabels(nil)
		m.SetOwnerReferences(nil)
	}
	return onlyLabels(o)
}

// secretNames is a cache of the names and versions of Secrets. Those that somebody brings (tokens, keys of webhooks,
// certificates) need no label, and what refers to them must notice when they come, change and go. Of the ways to notice:
//   - Watching whole Secrets keeps every one of the cluster in memory, the keys of strangers among them.
//   - A watch for each Secret that is referred to costs a stream and two goroutines each, more than the metadata of a
//     hundred Secrets, and the right to it cannot be narrower: a Role cannot name what users will name.
//   - Asking for each every minute is late, and reads without end.
//
// So metadata alone are watched, without those of Helm's releases, of which there may be many; of them the name and the
// version are kept, some hundred bytes for each Secret, whatever its size. The content is read from the API server when
// the version is new, and never kept.
func secretNames(mgr ctrl.Manager, namespaces scope.Scope) (cache.Cache, error) {
	c, err := namespaces.NewCache(mgr.GetConfig(), cache.Options{
		HTTPClient: mgr.GetHTTPClient(), Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(), DefaultTransform: onlyName,
		DefaultFieldSelector: fields.AndSelectors(
			fields.OneTermNotEqualSelector("type", "helm.sh/release.v1"),
			fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeBootstrapToken)),
		),
	})
	if err != nil {
		return nil, fmt.Errorf("cache of the names of Secrets: %w", err)
	}
	return c, mgr.Add(c)
}

// warm begins to fill the caches when the manager starts, also that of one that is not the leader yet: the next leader lists
// nothing when its time comes. It returns a check that tells whether they are filled.
func warm(ctx context.Context, mgr ctrl.Manager, secrets cache.Cache) (healthz.Checker, error) {
	own := []client.Object{
		&v1alpha1.SCIMServer{}, &v1alpha1.SCIMTenant{}, &v1alpha1.SCIMMapping{}, &v1alpha1.SCIMApplication{},
		&appsv1.StatefulSet{}, &appsv1.Deployment{}, &corev1.Pod{}, &corev1.ConfigMap{}, &corev1.Secret{}, &corev1.Service{}, &corev1.ServiceAccount{},
		&rbacv1.Role{}, &rbacv1.RoleBinding{}, &networkingv1.NetworkPolicy{}, &networkingv1.Ingress{}, &policyv1.PodDisruptionBudget{},
		kubeutil.NamespaceMetadata(),
	}
	for _, kind := range own {
		if _, err := mgr.GetCache().GetInformer(ctx, kind, cache.BlockUntilSynced(false)); err != nil {
			return nil, fmt.Errorf("cache of %T: %w", kind, err)
		}
	}
	if _, err := secrets.GetInformer(ctx, kubeutil.SecretMetadata(), cache.BlockUntilSynced(false)); err != nil {
		return nil, fmt.Errorf("cache of the names of Secrets: %w", err)
	}
	return func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), syncTimeout)
		defer cancel()
		if !mgr.GetCache().WaitForCacheSync(ctx) || !secrets.WaitForCacheSync(ctx) {
			return errors.New("the caches are not filled yet")
		}
		return nil
	}, nil
}

// syncTimeout is how long a check of readiness waits for the caches. The kubelet's patience is a second.
const syncTimeout = 500 * time.Millisecond
