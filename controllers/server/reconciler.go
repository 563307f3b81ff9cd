package server

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/reference"
	"github.com/scim-operator/scim-operator/controllers/rollout"
	"github.com/scim-operator/scim-operator/controllers/workload"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Reconciler reconciles SCIMServers. All fields but Now are needed.
type Reconciler struct {
	Client  client.Client
	Secrets client.Reader // metadata of all Secrets
	Applier *kubeutil.Applier
	Kinds   *kubeutil.Kinds // that the cluster may lack
	Events  kubeutil.Recorder
	// References reads applications and mappings.
	References *reference.Reader
	// Image of the pods, where a SCIMServer names none.
	Image string
	// DefaultBaseURL is the base URL of servers without an endpoint, "" for the DNS name of their Service.
	DefaultBaseURL string
	Now            func() time.Time

	databases kubeutil.Memo[uris] // by Secret
}

// pass is one reconciliation: the object, and what was found on the way. The conditions are derived from it.
type pass struct {
	server *v1alpha1.SCIMServer
	before *v1alpha1.SCIMServer

	finding     compile.Finding
	statefulSet *appsv1.StatefulSet // nil if there is none yet
	deployment  *appsv1.Deployment  // the same, with PostgreSQL
	pods        []corev1.Pod
	reports     *corev1.ConfigMap // of the pods, nil if there is none yet
	rollout     *rollout.Rollout
	database    workload.Database // with PostgreSQL
	secret      *corev1.Secret    // with the configuration, nil if there is none yet
	config      *config.Server    // in effect, nil if there is none
	tooLarge    error             // why new and changed tenants do not fit
	requeue     time.Duration     // 0: only when something changes
}

// Reconcile brings one SCIMServer into the wanted state.
func (r *Reconciler) Reconcile(ctx context.Context, s *v1alpha1.SCIMServer) (ctrl.Result, error) {
	if !s.DeletionTimestamp.IsZero() || kubeutil.Leaving(ctx, r.Client, s.Namespace) {
		return ctrl.Result{}, nil // everything it has goes with it
	}
	p := &pass{server: s, before: s.DeepCopy()}
	if err := kubeutil.Run(ctx, p, r.observe, r.judge, r.configure, r.apply, r.forget); err != nil {
		return kubeutil.Result(0, err)
	}
	return kubeutil.Result(p.requeue, r.writeStatus(ctx, p))
}
