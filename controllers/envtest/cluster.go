package envtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	crenvtest "sigs.k8s.io/controller-runtime/pkg/envtest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/config"

	"github.com/scim-operator/scim-operator/controllers"
)

// Cluster is an API server with etcd and the CRDs.
type Cluster struct {
	Config *rest.Config
	// Client reads and writes without a cache.
	Client client.Client

	environment *crenvtest.Environment
}

// Start starts a cluster. KUBEBUILDER_ASSETS names the folder with its programs.
func Start() (*Cluster, error) {
	folder, err := crds()
	if err != nil {
		return nil, fmt.Errorf("find the CRDs: %w", err)
	}
	e := &crenvtest.Environment{CRDDirectoryPaths: []string{folder}, ErrorIfCRDPathMissing: true, ControlPlaneStopTimeout: time.Minute}

	e.ControlPlane.GetAPIServer().Configure().Set("max-requests-inflight", "2000").Set("max-mutating-requests-inflight", "1000")
	config, err := e.Start()
	if err != nil {
		return nil, fmt.Errorf("start the API server (is KUBEBUILDER_ASSETS set? make test does it): %w", err)
	}
	scheme, err := controllers.Scheme()
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 1000, 2000
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	return &Cluster{Config: config, Client: c, environment: e}, nil
}

// Stop ends the cluster.
func (c *Cluster) Stop() error { return c.environment.Stop() }

// crds is the folder config/crd/bases of this module, which the working directory of a test lies in.
func crds() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "config", "crd", "bases"), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the working directory does not lie in the module")
		}
		dir = parent
	}
}

// Operator is an operator that runs against a cluster.
type Operator struct {
	// Writes counts what the operator writes to the API server.
	Writes *Writes

	cancel context.CancelFunc
	done   chan error
}

// StartOperator starts an operator. It returns once its caches are filled.
func (c *Cluster) StartOperator(o controllers.Options) (*Operator, error) {
	scheme, err := controllers.Scheme()
	if err != nil {
		return nil, err
	}
	config := rest.CopyConfig(c.Config)
	config.QPS, config.Burst = 200, 400
	out := &Operator{Writes: &Writes{}, done: make(chan error, 1)}
	config.Wrap(out.Writes.wrap)
	mgr, err := ctrl.NewManager(config, controllers.ManagerOptions(quiet(), scheme))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	out.cancel = cancel
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

// quiet are the options of a manager that serves nothing and may be one of several in a process.
func quiet() ctrl.Options {
	skip := true
	return ctrl.Options{
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
		Controller:             ctrlconfig.Controller{SkipNameValidation: &skip},
	}
}

// Kubeconfig is the content of a file with which a program reaches the cluster.
func (c *Cluster) Kubeconfig() []byte { return c.environment.KubeConfig }
