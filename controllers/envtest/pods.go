package envtest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Pods stand in for the pods of all SCIM servers: they load the config Secret as the server does, and report.
type Pods struct {
	client client.Client
	cancel context.CancelFunc
	done   chan error

	mu      sync.Mutex
	refused map[client.ObjectKey]string
	faults  map[client.ObjectKey]*config.StoreReport
	reports map[string]config.TenantReport
	loaded  map[client.ObjectKey]config.Report // of the latest good configuration
	readers map[client.ObjectKey]*config.Decoder
	fetched map[string]config.MoveReport
	started time.Time
}

// StartPods starts the stand-ins.
func (c *Cluster) StartPods() (*Pods, error) {
	scheme, err := controllers.Scheme()
	if err != nil {
		return nil, err
	}
	o := quiet()
	o.Scheme, o.Cache = scheme, controllers.CacheOptions()
	mgr, err := ctrl.NewManager(c.Config, o)
	if err != nil {
		return nil, err
	}
	p := &Pods{
		client: mgr.GetClient(), refused: map[client.ObjectKey]string{}, faults: map[client.ObjectKey]*config.StoreReport{},
		reports: map[string]config.TenantReport{}, loaded: map[client.ObjectKey]config.Report{}, readers: map[client.ObjectKey]*config.Decoder{},
		fetched: map[string]config.MoveReport{}, started: time.Now().UTC(),
	}
	ofServer := handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		return []reconcile.Request{{NamespacedName: client.ObjectKey{Namespace: o.GetNamespace(), Name: o.GetLabels()[v1alpha1.LabelServer]}}}
	})
	err = ctrl.NewControllerManagedBy(mgr).Named("pods").For(&appsv1.StatefulSet{}).
		Watches(&appsv1.Deployment{}, ofServer).Watches(&corev1.Secret{}, ofServer).Watches(&corev1.ConfigMap{}, ofServer).
		WithOptions(kubeutil.Options()).Complete(p)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel, p.done = cancel, make(chan error, 1)
	go func() { p.done <- mgr.Start(ctx) }()
	if !mgr.GetCache().WaitForCacheSync(ctx) {
		return nil, p.Stop()
	}
	return p, nil
}

// Stop ends the stand-ins and waits for that.
func (p *Pods) Stop() error {
	p.cancel()
	return <-p.done
}

// change has the pods of a server do otherwise from now on.
func (p *Pods) change(ctx context.Context, server client.ObjectKey, set func()) error {
	p.mu.Lock()
	set()
	p.mu.Unlock()
	_, err := p.Reconcile(ctx, reconcile.Request{NamespacedName: server})
	return err
}

// Refuse lets the pods of a server refuse what they are given from now on; "" lets them load again.
func (p *Pods) Refuse(ctx context.Context, server client.ObjectKey, problem string) error {
	return p.change(ctx, server, func() { p.refused[server] = problem })
}

// Fail lets the pods of a server have a database that does not work from now on; nil: it works again.
func (p *Pods) Fail(ctx context.Context, server client.ObjectKey, fault *config.StoreReport) error {
	return p.change(ctx, server, func() { p.faults[server] = fault })
}

// Report lets the pod of a server report of a tenant, namespace/name, from now on.
func (p *Pods) Report(ctx context.Context, server client.ObjectKey, tenant string, report config.TenantReport) error {
	return p.change(ctx, server, func() { p.reports[tenant] = report })
}

// Fetch lets the target of a tenant's move report how far it is, from now on; at first it copies.
func (p *Pods) Fetch(ctx context.Context, server client.ObjectKey, tenant string, report config.MoveReport) error {
	return p.change(ctx, server, func() { p.fetched[tenant] = report })
}

// moveOf plays a server's part in a move.
func (p *Pods) moveOf(t *config.Tenant) *config.MoveReport {
	if t.Move == nil {
		return nil
	}
	report := config.MoveReport{Phase: config.MoveWaiting}
	switch fetched, ok := p.fetched[t.Key]; {
	case t.Move.Role == config.MoveForward:
		report.Phase = config.MoveForwarding
	case t.Move.Role == config.MoveTarget && ok:
		report = fetched
	case t.Move.Role == config.MoveTarget:
		report.Phase = config.MoveCopying
	}
	report.ID = t.Move.ID
	return &report
}

// Reconcile plays the one pod of a StatefulSet, or those of a Deployment.
func (p *Pods) Reconcile(ctx context.Context, req reconcile.Request) (ctrl.Result, error) {
	run, err := p.runner(ctx, req.NamespacedName)
	if err != nil || run == nil {
		return ctrl.Result{}, err
	}
	data, err := p.configuration(ctx, req.NamespacedName)
	if err != nil || data == nil {
		return ctrl.Result{}, err
	}
	if err := p.report(ctx, req.NamespacedName, run.pods, data); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	return ctrl.Result{}, client.IgnoreNotFound(run.ready(ctx))
}

// configuration reads the shards of a server's configuration, nil as long as they do not belong together.
func (p *Pods) configuration(ctx context.Context, server client.ObjectKey) ([]byte, error) {
	c := &config.Collector{}
	for read := []int(nil); !slices.Equal(read, c.Wanted()); {
		for _, n := range c.Wanted() {
			secret := &corev1.Secret{}
			err := p.client.Get(ctx, client.ObjectKey{Namespace: server.Namespace, Name: v1alpha1.ConfigSecretName(server.Name, n)}, secret)
			if err != nil {
				return nil, client.IgnoreNotFound(err)
			}
			c.Put(n, secret.Data[config.SecretKey])
			read = append(read, n)
		}
		read = slices.Compact(slices.Sorted(slices.Values(read)))
	}
	data, err := c.Bundle()
	if errors.Is(err, config.ErrTorn) {
		return nil, nil
	}
	return data, err
}

func (p *Pods) report(ctx context.Context, server client.ObjectKey, pods []string, data []byte) error {
	next := map[int]map[string]string{}
	for _, pod := range pods {
		keys, err := config.ReportData(p.load(server, data), pod)
		if err != nil {
			return err
		}
		for n, of := range keys {
			if next[n] == nil {
				next[n] = map[string]string{}
			}
			maps.Copy(next[n], of)
		}
	}
	for _, n := range slices.Backward(slices.Sorted(maps.Keys(next))) {
		cm, err := p.configMap(ctx, server, n)
		if err != nil {
			return err
		}
		if err := p.write(ctx, cm, pods, next[n]); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pods) configMap(ctx context.Context, server client.ObjectKey, n int) (*corev1.ConfigMap, error) {
	cm := &corev1.ConfigMap{}
	return cm, p.client.Get(ctx, client.ObjectKey{Namespace: server.Namespace, Name: v1alpha1.StatusConfigMapName(server.Name, n)}, cm)
}

// write makes data what the ConfigMap has of the pods.
func (p *Pods) write(ctx context.Context, cm *corev1.ConfigMap, pods []string, data map[string]string) error {
	next := cm.DeepCopy()
	maps.DeleteFunc(next.Data, func(key, _ string) bool { return slices.Contains(pods, config.PodOf(key)) })
	if next.Data == nil {
		next.Data = map[string]string{}
	}
	maps.Copy(next.Data, data)
	if maps.Equal(cm.Data, next.Data) {
		return nil
	}
	return p.client.Patch(ctx, next, client.MergeFrom(cm))
}

// load decodes strictly, and keeps what it has if it cannot.
func (p *Pods) load(server client.ObjectKey, data []byte) config.Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.loaded[server]
	kept.StartedAt, kept.Store = p.started, p.faults[server]
	if p.readers[server] == nil {
		p.readers[server] = &config.Decoder{}
	}
	s, err := p.readers[server].Decode(data)
	if err == nil && p.refused[server] == "" {
		kept = config.Report{ConfigHash: s.Digest, Layout: s.Layout, StartedAt: p.started, Store: p.faults[server], Tenants: map[string]config.TenantReport{}}
		for i, t := range s.Tenants {
			report := p.reports[t.Key]
			report.Hash, report.Move = s.Hashes[i], p.moveOf(&t)
			kept.Tenants[t.Key] = report
		}
		for _, purge := range s.Purges {
			kept.Purged = append(kept.Purged, purge.UID)
		}
		p.loaded[server] = kept
		return kept
	}
	kept.Error = p.refused[server]
	if err != nil {
		kept.Error = err.Error()
	}
	return kept
}
