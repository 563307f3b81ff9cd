package crd

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	scimv1alpha1 "github.com/scim-operator/scim-operator/api/v1alpha1"
)

const (
	basesDir   = "../../config/crd/bases"
	samplesDir = "../../config/samples"
)

// One API server for the package; namespaces keep the tests apart.
var (
	restConfig *rest.Config
	k8s        client.Client // refuses unknown fields, as kubectl does
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if err := checkAssets(); err != nil {
		return 0, err
	}
	env := &envtest.Environment{CRDDirectoryPaths: []string{basesDir}, ErrorIfCRDPathMissing: true}
	restConfig, err = env.Start()
	if err != nil {
		return 0, errors.Join(fmt.Errorf("start an API server with the CRDs of %s: %w", basesDir, err), env.Stop())
	}
	defer func() { err = errors.Join(err, env.Stop()) }()
	restConfig.QPS = -1 // no client-side throttling: the server is ours alone
	if k8s, err = newClient(restConfig); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

func checkAssets() error {
	dir := os.Getenv("KUBEBUILDER_ASSETS")
	if dir == "" {
		return errors.New("these tests need an API server: set KUBEBUILDER_ASSETS to a folder with kube-apiserver and etcd, or run `make test`, which sees to it")
	}
	for _, program := range []string{"kube-apiserver", "etcd"} {
		if _, err := os.Stat(filepath.Join(dir, program)); err != nil {
			return fmt.Errorf("KUBEBUILDER_ASSETS names a folder without %s; run `make test`, which makes one: %w", program, err)
		}
	}
	return nil
}

func newClient(config *rest.Config) (client.Client, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, scimv1alpha1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("build the scheme: %w", err)
		}
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	return client.WithFieldValidation(c, metav1.FieldValidationStrict), nil
}
