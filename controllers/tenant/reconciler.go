package tenant

import (
	"context"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/reference"
	"github.com/scim-operator/scim-operator/controllers/rollout"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Reconciler reconciles SCIMTenants. All fields are needed.
type Reconciler struct {
	Client  client.Client
	Live    client.Reader // reads from the API server: Secrets that the operator did not make
	Applier *kubeutil.Applier
	Events  kubeutil.Recorder
	// References reads applications and mappings.
	References *reference.Reader
	// DefaultBaseURL is the base URL of servers without an endpoint, "" for the DNS name of their Service.
	DefaultBaseURL string
	Now            func() time.Time
	Rand           io.Reader

	configs  kubeutil.Memo[*config.Shard]
	rollouts kubeutil.Memo[*rollout.Rollout]
	told     rejections
}

// pass is one reconciliation: the object, and what was found on the way. The conditions are derived from it.
type pass struct {
	tenant *v1alpha1.SCIMTenant
	before *v1alpha1.SCIMTenant
	now    time.Time

	facts   compile.TenantFacts
	finding compile.Finding
	brought string // the token that the admin brings, "" if there is none or it is unusable

	secret *corev1.Secret     // with the credentials, nil if there is none yet
	token  *credentials.Facts // of that Secret

	desired *config.Tenant // as the server should get it, but for tokens; nil if the tenant is not accepted
	entry   *config.Tenant // as the server gets it, nil if it has none
	rollout *rollout.Rollout
	source  *v1alpha1.SCIMServer // that has the tenant's data, where the tenant names another one; nil: it doesn't
	trip    *v1alpha1.MoveStatus // between the two, or after it; nil: there is none
	requeue time.Duration        // 0: only when something changes
}

// Reconcile brings one SCIMTenant into the wanted state.
func (r *Reconciler) Reconcile(ctx context.Context, t *v1alpha1.SCIMTenant) (ctrl.Result, error) {
	p := &pass{tenant: t, before: t.DeepCopy(), now: r.Now()}
	if !t.DeletionTimestamp.IsZero() {
		return kubeutil.Result(0, kubeutil.Run(ctx, p, r.release))
	}
	if kubeutil.Leaving(ctx, r.Client, t.Namespace) {
		return ctrl.Result{}, nil // its own deletion is to come
	}
	err := kubeutil.Run(ctx, p, r.resolve, r.ownServer, r.readToken, r.judge, r.bind, r.move, r.issue, r.observe)
	if err != nil {
		return kubeutil.Result(0, err)
	}
	return kubeutil.Result(p.requeue, r.writeStatus(ctx, p))
}

// wakeAt asks for another pass at a time.
func (p *pass) wakeAt(t time.Time) {
	p.requeue = kubeutil.Earlier(p.requeue, max(t.Sub(p.now), time.Second))
}

// conflict: an object of the wanted name is somebody else's, or is about to go.
func (p *pass) conflict(err *kubeutil.ConflictError) {
	if err.Leaving {
		p.facts.Leaving = err.Error()
	} else {
		p.facts.Taken = err.Error()
	}
	p.requeue = kubeutil.Earlier(p.requeue, kubeutil.Recheck)
}
