package envtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/scim-operator/scim-operator/controllers"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	crenvtest "sigs.k8s.io/controller-runtime/pkg/envtest"
)

// Cluster is an API server with etcd and the CRDs.
type Cluster struct {
	Config *rest.Config
	// Client reads and writes without a cache.
	Client client.Client

	environment *crenvtest.Environment
	audit       string // file of the audit log, "" if there is none
}

// Start starts a cluster. KUBEBUILDER_ASSETS names the folder with its programs.
func Start(options ...Option) (*Cluster, error) {
	folder, err := crds()
	if err != nil {
		return nil, fmt.Errorf("find the CRDs: %w", err)
	}
	e := &crenvtest.Environment{CRDDirectoryPaths: []string{folder}, ErrorIfCRDPathMissing: true, ControlPlaneStopTimeout: 2 * time.Minute}
	e.ControlPlane.GetAPIServer().Configure().Set("max-requests-inflight", "2000").Set("max-mutating-requests-inflight", "1000")
	out := &Cluster{environment: e}
	for _, option := range options {
		if err := option(out); err != nil {
			return nil, err
		}
	}
	config, err := e.Start()
	if err != nil {
		return nil, fmt.Errorf("start the API server (is KUBEBUILDER_ASSETS set? make test does it): %w", err)
	}
	scheme, err := controllers.Scheme()
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 1000, 2000
	out.Config = config
	out.Client, err = client.New(config, client.Options{Scheme: scheme})
	return out, err
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

// Kubeconfig is the content of a file with which a program reaches the cluster.
func (c *Cluster) Kubeconfig() []byte { return c.environment.KubeConfig }
