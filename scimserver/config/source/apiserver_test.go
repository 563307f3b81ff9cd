package source_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/scim-operator/scim-operator/hack/envtest/assets"
	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/config/source"
)

const (
	namespace = "default"
	account   = "shared"
)

// TestAPIServer runs against a real API server as a service account that has exactly the rights which the operator gives.
func TestAPIServer(t *testing.T) {
	t.Parallel()
	admin := startAPIServer(t)
	as := rest.CopyConfig(admin)
	as.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + namespace + ":" + account,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
	}
	c := cluster{t: t, k: kubernetes.NewForConfigOrDie(admin), pod: client(t, as)}

	s := secret(t, c.pod)
	s.Namespace = namespace
	offers := run(t, s) // neither rights nor Secret are there yet
	c.secretFollowed(offers)
	c.reportWritten()
	c.nothingElseAllowed()
}

func startAPIServer(t *testing.T) *rest.Config {
	t.Helper()
	dir, err := assets.Find(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	env := &envtest.Environment{BinaryAssetsDirectory: dir, ControlPlaneStopTimeout: time.Minute}
	cfg, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	return cfg
}

type cluster struct {
	t   *testing.T
	k   kubernetes.Interface
	pod *source.Client
}

func (c cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cluster) grant() {
	c.t.Helper()
	meta := metav1.ObjectMeta{Name: account}
	_, err := c.k.RbacV1().Roles(namespace).Create(c.t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"shared-config"}, Verbs: []string{"get", "watch"}},
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{"shared-status"}, Verbs: []string{"get", "patch"}},
	}}, metav1.CreateOptions{})
	c.must(err)
	_, err = c.k.RbacV1().RoleBindings(namespace).Create(c.t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: meta,
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: account}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: account},
	}, metav1.CreateOptions{})
	c.must(err)
}

func (c cluster) secretFollowed(offers <-chan string) {
	c.t.Helper()
	ctx, secrets := c.t.Context(), c.k.CoreV1().Secrets(namespace)
	c.grant()
	put := func(text string, write func(context.Context, *corev1.Secret) error) {
		c.t.Helper()
		c.must(write(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "shared-config"}, Data: map[string][]byte{config.SecretKey: []byte(text)}}))
		expect(c.t, offers, text)
	}
	create := func(ctx context.Context, s *corev1.Secret) error {
		_, err := secrets.Create(ctx, s, metav1.CreateOptions{})
		return err
	}
	change := func(ctx context.Context, s *corev1.Secret) error {
		_, err := secrets.Update(ctx, s, metav1.UpdateOptions{})
		return err
	}
	put("one", create)
	began := time.Now()
	put("two", change)
	c.t.Logf("a change was offered after %s", time.Since(began))
	c.must(secrets.Delete(ctx, "shared-config", metav1.DeleteOptions{}))
	put("three", create)
}

func (c cluster) reportWritten() {
	c.t.Helper()
	ctx, maps := c.t.Context(), c.k.CoreV1().ConfigMaps(namespace)
	now := time.Now()
	m := &source.StatusConfigMap{Client: c.pod, Object: source.Object{Namespace: namespace, Name: "shared-status"}, Key: "shared-0", Clock: func() time.Time { return now }}
	if err := m.Report(ctx, config.Report{ConfigHash: "1"}); !hasCode(err, http.StatusNotFound) {
		c.t.Errorf("report without a ConfigMap: %v", err)
	}
	_, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "shared-status"}, Data: map[string]string{"shared-1": "kept"}}, metav1.CreateOptions{})
	c.must(err)
	c.must(m.Report(ctx, config.Report{ConfigHash: "1"}))
	c.must(m.Report(ctx, config.Report{ConfigHash: "2"}))
	got, err := maps.Get(ctx, "shared-status", metav1.GetOptions{})
	c.must(err)
	r, err := config.DecodeReport([]byte(got.Data["shared-0"]))
	if err != nil || r.ConfigHash != "2" || got.Data["shared-1"] != "kept" || len(got.Data) != 2 {
		c.t.Errorf("the ConfigMap holds %v, %v", got.Data, err)
	}
	now = now.Add(time.Hour) // it looks whether its report is still there
	c.must(m.Report(ctx, config.Report{ConfigHash: "2"}))
	restarted := &source.StatusConfigMap{Client: m.Client, Object: m.Object, Key: m.Key, Clock: m.Clock}
	c.must(restarted.Report(ctx, config.Report{ConfigHash: "2"}))
	after, err := maps.Get(ctx, "shared-status", metav1.GetOptions{})
	c.must(err)
	if after.ResourceVersion != got.ResourceVersion {
		c.t.Error("an equal report changed the ConfigMap")
	}
}

// nothingElseAllowed shows that the rights are as narrow as they are meant to be, so that the test means something.
func (c cluster) nothingElseAllowed() {
	c.t.Helper()
	m := &source.StatusConfigMap{Client: c.pod, Object: source.Object{Namespace: namespace, Name: "other-status"}, Key: "x", Clock: time.Now}
	if err := m.Report(c.t.Context(), config.Report{}); !hasCode(err, http.StatusForbidden) {
		c.t.Errorf("writing another ConfigMap: %v", err)
	}
}

func hasCode(err error, code int) bool {
	var e *source.StatusError
	return errors.As(err, &e) && e.Code == code
}
