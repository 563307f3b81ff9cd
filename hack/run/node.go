package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// node plays kubelet and Service: each StatefulSet of the operator becomes one process on this machine,
// its readiness goes into the StatefulSet's status, and a proxy leads each tenant's path to it.
type node struct {
	ctx        context.Context
	data       *dataDir
	kubeconfig string
	client     client.Client

	mu      sync.Mutex
	servers map[client.ObjectKey]*server

	proxy  *http.Server
	failed chan error
	ended  chan struct{}
}

func startNode(ctx context.Context, data *dataDir, c *cluster, listen string) (*node, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listen for identity providers: %w; choose another address with --listen", err)
	}
	mgr, err := ctrl.NewManager(c.config, ctrl.Options{
		Scheme:                 newScheme(),
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
		Cache:                  cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
	})
	if err != nil {
		return nil, err
	}
	n := &node{
		ctx: ctx, data: data, kubeconfig: c.kubeconfig, client: mgr.GetClient(),
		servers: map[client.ObjectKey]*server{}, failed: make(chan error, 2), ended: make(chan struct{}),
	}
	if err := ctrl.NewControllerManagedBy(mgr).For(&appsv1.StatefulSet{}).Complete(n); err != nil {
		return nil, err
	}
	n.proxy = &http.Server{Handler: n.routes(), ReadHeaderTimeout: 10 * time.Second}
	go n.serve(l)
	go n.manage(mgr)
	return n, nil
}

func (n *node) serve(l net.Listener) {
	if err := n.proxy.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		n.failed <- fmt.Errorf("proxy: %w", err)
	}
}

func (n *node) manage(mgr ctrl.Manager) {
	defer close(n.ended)
	if err := mgr.Start(n.ctx); err != nil {
		n.failed <- fmt.Errorf("node: %w", err)
	}
}

// stop ends the servers one after the other; the context given to startNode must not be needed any more.
func (n *node) stop() {
	_ = n.proxy.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	for key, s := range n.servers {
		s.process.stop()
		delete(n.servers, key)
	}
}

// Reconcile runs what one StatefulSet asks for.
func (n *node) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var set appsv1.StatefulSet
	err := n.client.Get(ctx, req.NamespacedName, &set)
	if apierrors.IsNotFound(err) || (err == nil && !set.DeletionTimestamp.IsZero()) {
		n.remove(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil || set.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedBy {
		return ctrl.Result{}, err
	}
	s, err := n.ensure(&set)
	if err != nil {
		return ctrl.Result{}, err
	}
	ready := s.ready(ctx)
	if err := n.report(ctx, &set, ready); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: s.nextCheck(ready)}, nil
}

// ensure starts the server, or starts it anew when it has ended or its arguments have changed.
func (n *node) ensure(set *appsv1.StatefulSet) (*server, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := client.ObjectKeyFromObject(set)
	if s := n.servers[key]; s != nil {
		if s.runs(set) {
			return s, nil
		}
		s.process.stop()
	}
	if n.ctx.Err() != nil {
		return nil, n.ctx.Err()
	}
	s, err := startServer(n.data, n.kubeconfig, set)
	if err == nil {
		n.servers[key] = s
	}
	return s, err
}

func (n *node) remove(key client.ObjectKey) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.servers[key]; s != nil {
		s.process.stop()
		delete(n.servers, key)
	}
}

func (n *node) report(ctx context.Context, set *appsv1.StatefulSet, ready bool) error {
	want := appsv1.StatefulSetStatus{ObservedGeneration: set.Generation, Replicas: 1, CurrentReplicas: 1, UpdatedReplicas: 1}
	if ready {
		want.ReadyReplicas, want.AvailableReplicas = 1, 1
	}
	if set.Status.ReadyReplicas == want.ReadyReplicas && set.Status.ObservedGeneration == want.ObservedGeneration {
		return nil
	}
	base := set.DeepCopy()
	set.Status = want
	return n.client.Status().Patch(ctx, set, client.MergeFrom(base))
}
