package application

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
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
	"github.com/scim-operator/scim-operator/controllers/reference"
	"github.com/scim-operator/scim-operator/controllers/referent"
)

// +kubebuilder:rbac:groups=scim-operator.io,resources=scimapplications,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=scim-operator.io,resources=scimapplications/status,verbs=patch
// +kubebuilder:rbac:groups=scim-operator.io,resources=scimapplications/finalizers,verbs=update

// Reconciler reconciles SCIMApplications. All fields are needed.
type Reconciler struct {
	Client     client.Client
	References *reference.Reader
	Applier    *kubeutil.Applier
	Events     kubeutil.Recorder
	Now        func() time.Time
	Rand       io.Reader
}

// Register adds the controller to the manager. secrets is a cache of the metadata of all Secrets.
func (r *Reconciler) Register(mgr ctrl.Manager, secrets cache.Cache) error {
	c := &referent.Reconciler[*v1alpha1.SCIMApplication]{
		Client: r.Client, Events: r.Events, Name: "scimapplication", Kind: &v1alpha1.SCIMApplication{},
		Index: kubeutil.IndexTenantApplication, Of: kubeutil.ApplicationsOf, Tenants: feedChanged(), Keep: r.keep, Accepted: "The application is valid",
	}
	return c.Complete(c.Builder(mgr).
		Owns(&corev1.Secret{}).
		WatchesRawSource(source.Kind[client.Object](secrets, kubeutil.SecretMetadata(), handler.EnqueueRequestsFromMapFunc(r.ofSecret))))
}

// feedChanged lets pass what the list of feeds depends on.
func feedChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		a, b := e.ObjectOld.(*v1alpha1.SCIMTenant), e.ObjectNew.(*v1alpha1.SCIMTenant)
		return feedOf(a) != feedOf(b)
	}}
}

// ofSecret leads from any Secret to the applications whose webhooks it signs, and to the one whose feed credentials it
// stands in the way of.
func (r *Reconciler) ofSecret(ctx context.Context, o client.Object) []reconcile.Request {
	out := kubeutil.ListRequests(ctx, r.Client, &v1alpha1.SCIMApplicationList{}, kubeutil.IndexApplicationSecret, o.GetNamespace()+"/"+o.GetName())
	if name, ok := strings.CutSuffix(o.GetName(), v1alpha1.FeedCredentialsSecretName("")); ok {
		out = append(out, kubeutil.Requests(o.GetNamespace()+"/"+name)...)
	}
	return out
}

// keep judges the application and looks after the credentials of its feed.
func (r *Reconciler) keep(ctx context.Context, o *v1alpha1.SCIMApplication, tenants []v1alpha1.SCIMTenant) (compile.Finding, time.Duration, error) {
	o.Status.Tenants = int32(len(tenants)) //nolint:gosec // there are fewer
	a, err := r.References.Complete(ctx, o)
	if err != nil {
		return compile.Finding{}, 0, err
	}
	p := &pass{application: o, finding: a.Finding, tenants: tenants, now: r.Now()}
	if err := r.issue(ctx, p); err != nil {
		return compile.Finding{}, 0, err
	}
	o.Status.FeedCredentialsSecret = ""
	if p.secret != nil {
		o.Status.FeedCredentialsSecret = p.secret.Name
	}
	return p.finding, p.requeue, nil
}

// conflict: the name of the feed credentials is taken.
func (p *pass) conflict(err error) bool {
	taken := new(kubeutil.ConflictError)
	if !errors.As(err, &taken) {
		return false
	}
	p.secret, p.requeue = nil, kubeutil.Recheck
	if !p.finding.OK() {
		return true
	}
	p.finding = compile.Finding{Reason: v1alpha1.ReasonConflict, Message: err.Error() + "; rename the application or that object"}
	if taken.Leaving {
		p.finding = compile.Finding{Reason: v1alpha1.ReasonPending, Message: err.Error()}
	}
	return true
}
