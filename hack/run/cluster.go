package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// cluster is an API server and etcd with the CRDs installed; there are no nodes.
type cluster struct {
	env        *envtest.Environment
	config     *rest.Config
	client     client.Client
	kubeconfig string
	kubectl    string
}

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	_ = clientgoscheme.AddToScheme(s)
	_ = v1alpha1.AddToScheme(s)
	return s
}

func startCluster(ctx context.Context, data *dataDir) (*cluster, error) {
	assets, err := assetsFolder(ctx)
	if err != nil {
		return nil, err
	}
	env := &envtest.Environment{
		BinaryAssetsDirectory: assets,
		CRDDirectoryPaths:     []string{filepath.Join("config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	env.ControlPlane.Etcd = &envtest.Etcd{DataDir: data.path("etcd")}
	// The data outlives this process, so a write must reach the disk.
	env.ControlPlane.Etcd.Configure().Disable("unsafe-no-fsync")
	config, err := env.Start()
	c := &cluster{env: env, config: config, kubeconfig: data.path("kubeconfig"), kubectl: filepath.Join(assets, "kubectl")}
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("start the API server: %w", err)
	}
	if err := os.WriteFile(c.kubeconfig, env.KubeConfig, 0o600); err != nil {
		c.stop()
		return nil, err
	}
	c.client, err = client.New(config, client.Options{Scheme: newScheme()})
	return c, err
}

// assetsFolder is where kube-apiserver, etcd and kubectl are; the first time they may have to be built.
func assetsFolder(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "run", "./hack/envtest")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("find kube-apiserver and etcd: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

func (c *cluster) stop() {
	_ = c.env.Stop()
}

func (c *cluster) apply(ctx context.Context, folder string) error {
	manifests, err := manifestFiles(folder)
	if err != nil {
		return err
	}
	args := []string{"--kubeconfig", c.kubeconfig, "apply", "--server-side", "--field-manager=quickstart"}
	for _, f := range manifests {
		args = append(args, "-f", f)
	}
	out, err := exec.CommandContext(ctx, c.kubectl, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("apply %s: %w: %s", folder, err, strings.TrimSpace(string(out)))
	}
	return nil
}

func manifestFiles(folder string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no *.yaml in %s", folder)
	}
	return files, err
}

// waitReady waits until each tenant is Ready.
func (c *cluster) waitReady(ctx context.Context, timeout time.Duration, operator *process) error {
	var pending string
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, timeout, true, func(ctx context.Context) (bool, error) {
		select {
		case <-operator.done:
			return false, fmt.Errorf("the operator ended: %w", operator.err)
		default:
		}
		var tenants v1alpha1.SCIMTenantList
		if err := c.client.List(ctx, &tenants); err != nil {
			return false, err
		}
		pending = firstPending(tenants.Items)
		return pending == "" && len(tenants.Items) > 0, nil
	})
	if wait.Interrupted(err) && ctx.Err() == nil {
		return fmt.Errorf("not Ready after %s: %s", timeout, pending)
	}
	return err
}

func firstPending(tenants []v1alpha1.SCIMTenant) string {
	for _, t := range tenants {
		ready := meta.FindStatusCondition(t.Status.Conditions, string(v1alpha1.ConditionReady))
		switch {
		case ready == nil:
			return t.Namespace + "/" + t.Name + ": not seen by the operator yet"
		case ready.Status != "True":
			return t.Namespace + "/" + t.Name + ": " + ready.Reason + ": " + ready.Message
		}
	}
	return ""
}
