package plugin_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers"
	"github.com/scim-operator/scim-operator/controllers/envtest"
	"github.com/scim-operator/scim-operator/plugin"
)

// TestCluster: connect, rotate and release against an API server and the operator, by a kubeconfig.
func TestCluster(t *testing.T) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Skip("KUBEBUILDER_ASSETS is not set; make test sets it")
	}
	cluster, err := envtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	operator, err := cluster.StartOperator(controllers.Options{Image: "image", DefaultBaseURL: "https://scim.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := operator.Stop(); err != nil {
			t.Error(err)
		}
	})
	apply(t, cluster.Client)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, cluster.Kubeconfig(), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	b.Dial, b.Now, b.Poll = plugin.Dial, time.Now, 20*time.Millisecond
	run := func(args ...string) string {
		t.Helper()
		b.out.Reset()
		if err := b.Run(t.Context(), append(args, "--kubeconfig", file)); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, b.out.String())
		}
		return b.out.String()
	}
	first := waitForToken(t, cluster.Client)
	if out := run("connect", "acme"); !strings.Contains(out, "https://scim.example.com/default/acme/scim/v2") || !strings.Contains(out, first) {
		t.Errorf("connect says %s", out)
	}
	if out := run("rotate", "acme", "-n", "default"); !strings.Contains(out, "Secret acme-credentials has a new token") || !strings.Contains(out, "ends in 1h0m0s") {
		t.Errorf("rotate says %s", out)
	}
	if second := waitForToken(t, cluster.Client); second == first || !strings.Contains(run("connect", "default/acme"), second) {
		t.Errorf("token %s after %s", second, first)
	}
	run("release", "acme")
	got := &v1alpha1.SCIMTenant{}
	if err := cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "acme"}, got); err != nil || got.Annotations[v1alpha1.AnnotationReleaseBrake] == "" {
		t.Errorf("annotations %v, %v", got.Annotations, err)
	}
}

// apply makes a tenant with an application.
func apply(t *testing.T, c client.Client) {
	t.Helper()
	at := metav1.ObjectMeta{Namespace: "default", Name: "acme"}
	tenant := &v1alpha1.SCIMTenant{ObjectMeta: at}
	tenant.Spec.ApplicationRef = &v1alpha1.ObjectReference{Name: "acme"}
	tenant.Spec.Auth = &v1alpha1.TenantAuth{Bearer: &v1alpha1.BearerAuth{Rotation: &v1alpha1.TokenRotation{
		Every: metav1.Duration{Duration: 24 * time.Hour}, Overlap: metav1.Duration{Duration: time.Hour}}}}
	tenant.Spec.Lifecycle = &v1alpha1.Lifecycle{Brake: &v1alpha1.Brake{MaxOffboardings: 1, Per: metav1.Duration{Duration: time.Hour}}}
	for _, o := range []client.Object{&v1alpha1.SCIMApplication{ObjectMeta: at}, tenant} {
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

func waitForToken(t *testing.T, c client.Client) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	secret := &corev1.Secret{}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.Get(ctx, client.ObjectKey{Namespace: "default", Name: "acme-credentials"}, secret)
		if err == nil {
			return string(secret.Data[v1alpha1.SecretKeyToken])
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-tick.C:
		}
	}
}
