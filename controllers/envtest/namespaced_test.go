package envtest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/envtest"
	"github.com/scim-operator/scim-operator/controllers/scope"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// kustomized are the objects of a folder in config.
func kustomized(ctx context.Context, folder string) (out []*unstructured.Unstructured) {
	GinkgoHelper()
	program := "../../bin/kustomize"
	if _, err := os.Stat(program); err != nil {
		program = filepath.Join(GinkgoT().TempDir(), "kustomize")
		build := exec.CommandContext(ctx, "go", "build", "-C", "../../hack/tools", "-o", program, "sigs.k8s.io/kustomize/kustomize/v5")
		text, err := build.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(text))
	}
	var problems bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "build", "../../config/"+folder)
	cmd.Stderr = &problems
	text, err := cmd.Output()
	Expect(err).NotTo(HaveOccurred(), problems.String())
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := decoder.Decode(o); errors.Is(err, io.EOF) {
			return out
		}
		Expect(o.GetKind()).NotTo(BeEmpty())
		out = append(out, o)
	}
}

// watchedBy is what the operator's Deployment among the objects is told to watch.
func watchedBy(objects []*unstructured.Unstructured) scope.Scope {
	GinkgoHelper()
	for _, o := range objects {
		if o.GetKind() != "Deployment" {
			continue
		}
		containers, _, err := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
		Expect(err).NotTo(HaveOccurred())
		args, _, err := unstructured.NestedStringSlice(containers[0].(map[string]any), "args")
		Expect(err).NotTo(HaveOccurred())
		for _, arg := range args {
			if names, ok := strings.CutPrefix(arg, "--watch-namespaces="); ok {
				s, err := scope.Parse(names)
				Expect(err).NotTo(HaveOccurred())
				return s
			}
		}
	}
	Fail("the Deployment has no --watch-namespaces")
	return nil
}

var _ = Describe("An operator for some namespaces", Serial, func() {
	const (
		home    = "scim-operator-system"
		account = "system:serviceaccount:" + home + ":scim-operator-controller-manager"
	)

	It("does all its work there with Roles alone, and is refused nothing", func(ctx context.Context) {
		replaced()
		objects := kustomized(ctx, "namespaced")
		for _, ns := range []string{"team-a", "team-b"} {
			create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns, Labels: map[string]string{"scim": "yes"}}})
		}
		for _, o := range objects {
			Expect(o.GetKind()).NotTo(HavePrefix("Cluster"))
			Expect(k8s.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl"))).To(Succeed(), "%s %s", o.GetKind(), o.GetName())
		}
		user, err := cluster.AddUser(account, "system:serviceaccounts", "system:serviceaccounts:"+home, "system:authenticated")
		Expect(err).NotTo(HaveOccurred())
		other := startScoped(watchedBy(objects), envtest.As(user), envtest.Elected(home, 0))
		DeferCleanup(func() { Expect(other.Stop()).To(Succeed()) })

		By("working there")
		own := readyTenant(ctx, newTenant("team-a", "own", deleteData))
		create(ctx, newServer("team-b", "shared", func(s *v1alpha1.SCIMServer) {
			s.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromSelector
			s.Spec.AllowedTenants.Namespaces.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"scim": "yes"}}
			s.Spec.Endpoint.Ingress = &v1alpha1.ServerIngress{Host: "scim.example.com"}
		}))
		create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: "brought"}, StringData: map[string]string{"token": strings.Repeat("t0ken-", 8)}})
		guest := readyTenant(ctx, newTenant("team-a", "guest", on("team-b", "shared"), deleteData, func(t *v1alpha1.SCIMTenant) {
			t.Spec.Auth = &v1alpha1.TenantAuth{Bearer: &v1alpha1.BearerAuth{SecretRef: &v1alpha1.LocalReference{Name: "brought"}}}
		}))
		Expect(token(credentialsOf(ctx, guest))).To(Equal(strings.Repeat("t0ken-", 8)))
		create(ctx, hookSecret("team-b", firstKey))
		create(ctx, newApplication("team-b", hooked, func(a *v1alpha1.SCIMApplication) { a.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromAll }))
		create(ctx, newMapping("team-a"))
		member := readyTenant(ctx, newTenant("team-a", "member", provisions("team-b")))
		eventuallyServes(ctx, member, func(g Gomega, e *config.Tenant) {
			g.Expect(e.Application.Webhook.SigningKeys).To(Equal([]string{firstKey}))
		})

		By("leaving the rest of the cluster alone")
		elsewhere := newNamespace(ctx, map[string]string{"scim": "yes"})
		create(ctx, newServer(elsewhere, "shared"))
		unseen := create(ctx, newTenant(elsewhere, "unseen"))
		lost := create(ctx, newTenant("team-a", "lost", on(elsewhere, "shared")))
		eventuallyRefused(ctx, lost, v1alpha1.ReasonServerNotFound, "does not watch the namespace of SCIMServer "+elsewhere+"/shared")
		remove(ctx, lost)

		By("ending")
		remove(ctx, guest)
		eventuallyGone(ctx, guest)
		remove(ctx, own)
		eventuallyGone(ctx, own)
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(unseen), unseen)).To(Succeed())
		for _, c := range unseen.Status.Conditions {
			Expect(c.ObservedGeneration).To(BeZero(), "only the API server's defaults: %s", c.Message)
		}
		var sets appsv1.StatefulSetList
		Expect(k8s.List(ctx, &sets, client.InNamespace(elsewhere))).To(Succeed())
		Expect(sets.Items).To(BeEmpty())

		asked, err := cluster.Audit(account)
		Expect(err).NotTo(HaveOccurred())
		Expect(len(asked)).To(BeNumerically(">", 50))
		for _, r := range asked {
			Expect(r.Code).NotTo(Equal(http.StatusForbidden), r.String())
			Expect(slices.Contains([]string{"team-a", "team-b", home}, r.Namespace)).To(BeTrue(), r.String())
		}
	})
})
