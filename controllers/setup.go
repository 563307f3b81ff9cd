package controllers

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/application"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/mapping"
	"github.com/scim-operator/scim-operator/controllers/reference"
	"github.com/scim-operator/scim-operator/controllers/server"
	"github.com/scim-operator/scim-operator/controllers/tenant"
)

// Options are what the operator's flags say.
type Options struct {
	// Image of the server pods, where a SCIMServer names none.
	Image string
	// DefaultBaseURL of servers without an endpoint, "" for the DNS name of their Service.
	DefaultBaseURL string
	// Now is the clock; nil: the real one.
	Now func() time.Time
}

// Scheme has all kinds that the operator reads as Go types.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return scheme, nil
}

// ManagerOptions completes the options of a manager with what the reconcilers rely on.
func ManagerOptions(o ctrl.Options, scheme *runtime.Scheme) ctrl.Options {
	consistent := true
	o.Scheme = scheme
	o.Cache = CacheOptions()
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

// secretNames is a cache of the metadata of all Secrets: whether one exists, and when it changes. The content of those
// that the operator did not make is read from the API server when it is needed, and never kept.
func secretNames(mgr ctrl.Manager) (cache.Cache, error) {
	c, err := cache.New(mgr.GetConfig(), cache.Options{
		HTTPClient: mgr.GetHTTPClient(), Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(), DefaultTransform: onlyName,
	})
	if err != nil {
		return nil, fmt.Errorf("cache of the names of Secrets: %w", err)
	}
	return c, mgr.Add(c)
}

// Setup adds the reconcilers to a manager that was made with ManagerOptions.
func Setup(ctx context.Context, mgr ctrl.Manager, o Options) error {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := kubeutil.RegisterIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	secrets, err := secretNames(mgr)
	if err != nil {
		return err
	}
	c, events := mgr.GetClient(), mgr.GetEventRecorder(v1alpha1.ManagedBy)
	applier := &kubeutil.Applier{Client: c, Live: mgr.GetAPIReader(), Scheme: mgr.GetScheme()}
	references := &reference.Reader{Client: c, Secrets: secrets, Live: mgr.GetAPIReader()}
	servers := &server.Reconciler{
		Client: c, References: references, Secrets: secrets, Applier: applier, Events: events, Image: o.Image, DefaultBaseURL: o.DefaultBaseURL, Now: o.Now,
		Kinds: &kubeutil.Kinds{Mapper: mgr.GetRESTMapper(), Now: o.Now},
	}
	tenants := &tenant.Reconciler{
		Client: c, References: references, Live: mgr.GetAPIReader(), Applier: applier, Events: events, DefaultBaseURL: o.DefaultBaseURL, Now: o.Now, Rand: rand.Reader,
	}
	if err := servers.Register(mgr, secrets); err != nil {
		return fmt.Errorf("set up SCIMServer: %w", err)
	}
	if err := tenants.Register(mgr, secrets); err != nil {
		return fmt.Errorf("set up SCIMTenant: %w", err)
	}
	if err := (&mapping.Reconciler{Client: c, Events: events}).Register(mgr); err != nil {
		return fmt.Errorf("set up SCIMMapping: %w", err)
	}
	applications := &application.Reconciler{
		Client: c, References: references, Applier: applier, Events: events, Now: o.Now, Rand: rand.Reader,
	}
	if err := applications.Register(mgr, secrets); err != nil {
		return fmt.Errorf("set up SCIMApplication: %w", err)
	}
	return nil
}
