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
	"github.com/scim-operator/scim-operator/controllers/scope"
	"github.com/scim-operator/scim-operator/controllers/workload"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Reconciler reconciles SCIMServers. All fields are needed.
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
	// Namespaces that the operator watches.
	Namespaces scope.Scope
	// Live reads from the API server.
	Live client.Reader
	// Cluster is the UID of the cluster, which tells its servers from those of another one on the same database; empty: unknown.
	Cluster string
	Now     func() time.Time

	pace      kubeutil.Pace
	configs   kubeutil.Memo[*config.Shard]
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
	rollout     *rollout.Rollout
	database    workload.Database      // with PostgreSQL
	secrets     map[int]*corev1.Secret // with the shards of the configuration
	set         config.Set             // those that can be read
	shards      []int                  // that the index names
	config      *config.Server         // in effect, nil if there is none
	hash        string                 // of config
	stop        bool                   // somebody else's Secret is in the way
	tooLarge    error                  // why new and changed tenants do not fit
	requeue     time.Duration          // 0: only when something changes
}

const (
	pausePerTenant = time.Millisecond // some times of what a tenant costs in a pass
	longestPause   = time.Second
)

// pause is how long the server is left alone after a pass, so that passes take a small part of
// the operator's time.
func (p *pass) pause() time.Duration {
	if p.config == nil {
		return 0
	}
	return min(time.Duration(len(p.config.Tenants))*pausePerTenant, longestPause)
}

// Reconcile brings one SCIMServer into the wanted state. A pass costs time for each of its tenants, so passes keep a
// distance.
func (r *Reconciler) Reconcile(ctx context.Context, s *v1alpha1.SCIMServer) (ctrl.Result, error) {
	if !s.DeletionTimestamp.IsZero() || kubeutil.Leaving(ctx, r.Client, s.Namespace) {
		return ctrl.Result{}, nil // everything it has goes with it
	}
	key := client.ObjectKeyFromObject(s)
	if wait := r.pace.Wait(key, time.Now()); wait > 0 {
		return kubeutil.Result(wait, nil)
	}
	p := &pass{server: s, before: s.DeepCopy()}
	defer func() { r.pace.Passed(key, time.Now(), p.pause()) }()
	if err := kubeutil.Run(ctx, p, r.observe, r.judge, r.configure, r.apply, r.forget); err != nil {
		return kubeutil.Result(0, err)
	}
	return kubeutil.Result(p.requeue, r.writeStatus(ctx, p))
}
