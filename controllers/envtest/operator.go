package envtest

import (
	"context"
	"time"

	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/scim-operator/scim-operator/controllers"
)

// Operator is an operator that runs against a cluster.
type Operator struct {
	// Requests counts what the operator asks of the API server.
	Requests *Requests
	// Leads is closed once the operator is the leader; without an election that is at once.
	Leads <-chan struct{}

	cancel context.CancelFunc
	done   chan error
}

// OperatorOption changes how an operator is started.
type OperatorOption func(*rest.Config, *ctrl.Options)

// As lets the operator be a user of the cluster.
func As(u *User) OperatorOption {
	return func(config *rest.Config, _ *ctrl.Options) { *config = *rest.CopyConfig(u.Config) }
}

// Through lets the operator reach the API server through a link.
func Through(l *Link) OperatorOption {
	return func(config *rest.Config, _ *ctrl.Options) { config.Host = "https://" + l.Address() }
}

// Elected lets the operator wait until it is elected in a namespace. The times of the election are those of the program
// unless a shorter duration of the lease is given.
func Elected(namespace string, lease time.Duration) OperatorOption {
	return func(_ *rest.Config, o *ctrl.Options) {
		*o = controllers.Elect(*o)
		o.LeaderElection, o.LeaderElectionNamespace = true, namespace
		if lease != 0 {
			deadline := lease * 2 / 3
			o.LeaseDuration, o.RenewDeadline = &lease, &deadline
		}
	}
}

// Resynced lets the operator look at every object again and again.
func Resynced(period time.Duration) OperatorOption {
	return func(_ *rest.Config, o *ctrl.Options) { o.Cache.SyncPeriod = &period }
}

// StartOperator starts an operator. It returns once its caches are filled.
func (c *Cluster) StartOperator(o controllers.Options, changes ...OperatorOption) (*Operator, error) {
	scheme, err := controllers.Scheme()
	if err != nil {
		return nil, err
	}
	config, managerOptions := rest.CopyConfig(c.Config), quiet()
	for _, change := range changes {
		change(config, &managerOptions)
	}
	config.QPS = -1 // as the program
	out := &Operator{Requests: &Requests{}, done: make(chan error, 1)}
	config.Wrap(out.Requests.wrap)
	config, managerOptions, err = controllers.Fence(config, managerOptions)
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(config, controllers.ManagerOptions(managerOptions, scheme, o.Namespaces))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	out.cancel, out.Leads = cancel, mgr.Elected()
	if err := controllers.Setup(ctx, mgr, o); err != nil {
		cancel()
		return nil, err
	}
	go func() { out.done <- mgr.Start(ctx) }()
	if !mgr.GetCache().WaitForCacheSync(ctx) {
		return nil, out.Stop()
	}
	return out, nil
}

// Stop ends the operator and waits for that. The error is what it ended with.
func (o *Operator) Stop() error {
	o.cancel()
	return <-o.done
}

// Wait waits for an operator that ends by itself. The error is what it ended with.
func (o *Operator) Wait(ctx context.Context) error {
	select {
	case err := <-o.done:
		o.done <- err // for Stop
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// quiet are the options of a manager that serves nothing and may be one of several in a process.
func quiet() ctrl.Options {
	skip := true
	return ctrl.Options{
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
		Controller:             ctrlconfig.Controller{SkipNameValidation: &skip},
	}
}
