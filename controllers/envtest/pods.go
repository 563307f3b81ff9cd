package envtest

import (
	"context"
	"maps"
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
	p := &Pods{client: mgr.GetClient(), refused: map[client.ObjectKey]string{}, faults: map[client.ObjectKey]*config.StoreReport{}, reports: map[string]config.TenantReport{}, started: time.Now().UTC()}
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

// Refuse lets the pods of a server refuse what they are given from now on; "" lets them load again.
func (p *Pods) Refuse(ctx context.Context, server client.ObjectKey, problem string) error {
	p.mu.Lock()
	p.refused[server] = problem
	p.mu.Unlock()
	_, err := p.Reconcile(ctx, reconcile.Request{NamespacedName: server})
	return err
}

// Fail lets the pods of a server have a database that does not work from now on; nil: it works again.
func (p *Pods) Fail(ctx context.Context, server client.ObjectKey, fault *config.StoreReport) error {
	p.mu.Lock()
	p.faults[server] = fault
	p.mu.Unlock()
	_, err := p.Reconcile(ctx, reconcile.Request{NamespacedName: server})
	return err
}

// Report lets the pod of a server report of a tenant, namespace/name, from now on.
func (p *Pods) Report(ctx context.Context, server client.ObjectKey, tenant string, report config.TenantReport) error {
	p.mu.Lock()
	p.reports[tenant] = report
	p.mu.Unlock()
	_, err := p.Reconcile(ctx, reconcile.Request{NamespacedName: server})
	return err
}

// Reconcile plays the one pod of a StatefulSet, or those of a Deployment.
func (p *Pods) Reconcile(ctx context.Context, req reconcile.Request) (ctrl.Result, error) {
	run, err := p.runner(ctx, req.NamespacedName)
	if err != nil || run == nil {
		return ctrl.Result{}, err
	}
	secret := &corev1.Secret{}
	key := client.ObjectKey{Namespace: req.Namespace, Name: v1alpha1.ConfigSecretName(req.Name, 0)}
	if err := p.client.Get(ctx, key, secret); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	cm := &corev1.ConfigMap{}
	key.Name = v1alpha1.StatusConfigMapName(req.Name)
	if err := p.client.Get(ctx, key, cm); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if err := p.report(ctx, req, run.pods, secret, cm); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	return ctrl.Result{}, client.IgnoreNotFound(run.ready(ctx))
}

func (p *Pods) report(ctx context.Context, req reconcile.Request, pods []string, secret *corev1.Secret, cm *corev1.ConfigMap) error {
	next := cm.DeepCopy()
	if next.Data == nil {
		next.Data = map[string]string{}
	}
	for _, pod := range pods {
		data, err := config.EncodeReport(p.load(req.NamespacedName, secret, cm.Data[pod]))
		if err != nil {
			return err
		}
		next.Data[pod] = string(data)
	}
	if maps.Equal(cm.Data, next.Data) {
		return nil
	}
	return p.client.Patch(ctx, next, client.MergeFrom(cm))
}

// load decodes strictly, and keeps what it has if it cannot.
func (p *Pods) load(server client.ObjectKey, secret *corev1.Secret, earlier string) config.Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept, _ := config.DecodeReport([]byte(earlier))
	kept.StartedAt, kept.Store = p.started, p.faults[server]
	s, err := config.Decode(secret.Data[config.SecretKey])
	if err == nil && p.refused[server] == "" {
		kept = config.Report{ConfigHash: s.Hash(), StartedAt: p.started, Store: p.faults[server], Tenants: map[string]config.TenantReport{}}
		for _, t := range s.Tenants {
			report := p.reports[t.Key]
			report.Hash = t.Hash()
			kept.Tenants[t.Key] = report
		}
		for _, purge := range s.Purges {
			kept.Purged = append(kept.Purged, purge.UID)
		}
		return kept
	}
	kept.Error = p.refused[server]
	if err != nil {
		kept.Error = err.Error()
	}
	return kept
}
