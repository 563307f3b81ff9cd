package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// The figures of docs/benchmarks.md that need a cluster; each is a bound that users are promised.
const (
	boundReady  = 10 * time.Second
	boundServed = 2 * time.Second
	boundMemory = 30 << 20
)

var _ = Describe("Speed", Serial, func() {
	It("from apply to Ready, ten times", func(ctx context.Context) {
		namespace := newNamespace(ctx, nil)
		var took []time.Duration
		for i := range 10 {
			began := time.Now()
			tenant := readyTenant(ctx, newTenant(namespace, fmt.Sprintf("t%d", i)))
			took = append(took, time.Since(began))
			Expect(k8s.Delete(ctx, tenant)).To(Succeed())
		}
		figure("apply to Ready, median of 10", median(took))
		Expect(median(took)).To(BeNumerically("<=", boundReady))
	})

	It("of changes and tokens", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		c := connect(ctx, tenant)
		var served, rotated, deleted []time.Duration
		for i := range 5 {
			want, groups := http.StatusNotFound, v1alpha1.Disabled
			if i%2 == 1 {
				want, groups = http.StatusOK, v1alpha1.Enabled
			}
			update(ctx, tenant, func() { tenant.Spec.Resources.Groups = groups })
			served = append(served, c.eventuallyStatus(ctx, "/Groups", want, time.Minute))

			update(ctx, tenant, func() {
				metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, v1alpha1.AnnotationRotate, "now")
			})
			rotated = append(rotated, c.eventuallyStatus(ctx, "/Users", http.StatusUnauthorized, time.Minute))
			c = newToken(ctx, tenant, c)

			secret := &corev1.Secret{ObjectMeta: credentialsOf(tenant)}
			Expect(k8s.Delete(ctx, secret)).To(Succeed())
			deleted = append(deleted, c.eventuallyStatus(ctx, "/Users", http.StatusUnauthorized, time.Minute))
			c = newToken(ctx, tenant, c)
		}
		figure("changed spec is served, worst of 5", slices.Max(served))
		figure("rotated token is refused, worst of 5", slices.Max(rotated))
		figure("token of a deleted Secret is refused, worst of 5", slices.Max(deleted))
		Expect(slices.Max(slices.Concat(served, rotated, deleted))).To(BeNumerically("<=", boundServed))
	})

	It("and memory of an idle server", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		connect(ctx, tenant).createUser(ctx, "ann@example.com")
		rss := residentMemory(ctx, serverPod(ctx, tenant))
		figure("memory of an idle server pod with one tenant (kubelet's rssBytes), MiB", float64(rss)/(1<<20))
		Expect(rss).To(BeNumerically("<=", boundMemory))
	})
})

func figure(name string, value any) {
	AddReportEntry(name, value)
	GinkgoWriter.Printf("FIGURE %s: %v\n", name, value)
	fmt.Printf("FIGURE %s: %v\n", name, value)
}

func median(d []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(d))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// newToken waits until the Secret has another token and the server takes it.
func newToken(ctx context.Context, t *v1alpha1.SCIMTenant, old connection) connection {
	GinkgoHelper()
	var s corev1.Secret
	Eventually(func(g Gomega) {
		g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: v1alpha1.CredentialsSecretName(t.Name)}, &s)).To(Succeed())
		g.Expect(string(s.Data[v1alpha1.SecretKeyToken])).NotTo(Equal(old.token))
	}).WithContext(ctx).Should(Succeed())
	c := connection{client: old.client, baseURL: old.baseURL, token: string(s.Data[v1alpha1.SecretKeyToken])}
	c.eventuallyStatus(ctx, "/Users", http.StatusOK, time.Minute)
	return c
}
