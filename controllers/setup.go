package controllers

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/application"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/mapping"
	"github.com/scim-operator/scim-operator/controllers/reference"
	"github.com/scim-operator/scim-operator/controllers/scope"
	"github.com/scim-operator/scim-operator/controllers/server"
	"github.com/scim-operator/scim-operator/controllers/tenant"
)

// Options are what the operator's flags say.
type Options struct {
	// Image of the server pods, where a SCIMServer names none.
	Image string
	// DefaultBaseURL of servers without an endpoint, "" for the DNS name of their Service.
	DefaultBaseURL string
	// Namespaces in which the operator works; none: all of the cluster.
	Namespaces scope.Scope
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

// cluster is the UID of the cluster, as everybody takes that of its first namespace; empty where that may not be read, as in
// an operator for some namespaces.
func cluster(ctx context.Context, live client.Reader, watched scope.Scope) string {
	if !watched.Has(metav1.NamespaceSystem) {
		return ""
	}
	ns := kubeutil.NamespaceMetadata()
	if err := live.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, ns); err != nil {
		return ""
	}
	return string(ns.UID)
}

// Setup adds the reconcilers to a manager that was made with ManagerOptions.
func Setup(ctx context.Context, mgr ctrl.Manager, o Options) error {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := kubeutil.RegisterIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	secrets, err := secretNames(mgr, o.Namespaces)
	if err != nil {
		return err
	}
	filled, err := warm(ctx, mgr, secrets)
	if err != nil {
		return err
	}
	if err := mgr.AddReadyzCheck("caches", filled); err != nil {
		return fmt.Errorf("add the check of readiness: %w", err)
	}
	c, events := mgr.GetClient(), mgr.GetEventRecorder(v1alpha1.ManagedBy)
	applier := &kubeutil.Applier{Client: c, Live: mgr.GetAPIReader(), Scheme: mgr.GetScheme()}
	references := &reference.Reader{Client: c, Secrets: secrets, Live: mgr.GetAPIReader()}
	servers := &server.Reconciler{
		Client: c, References: references, Secrets: secrets, Applier: applier, Events: events, Image: o.Image, DefaultBaseURL: o.DefaultBaseURL, Now: o.Now,
		Namespaces: o.Namespaces, Live: mgr.GetAPIReader(), Cluster: cluster(ctx, mgr.GetAPIReader(), o.Namespaces),
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
