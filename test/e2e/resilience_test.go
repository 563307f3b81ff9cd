package e2e

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

var _ = Describe("A server", func() {
	var (
		tenant *v1alpha1.SCIMTenant
		scim   connection
		user   string
	)
	BeforeEach(func(ctx context.Context) {
		tenant = readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		scim = connect(ctx, tenant)
		user = scim.createUser(ctx, "ann@example.com")
	})

	It("has its data when its pod is killed", func(ctx context.Context) {
		pod := serverPod(ctx, tenant)
		Expect(k8s.Delete(ctx, pod, client.GracePeriodSeconds(0))).To(Succeed())
		eventuallyReplaced(ctx, pod)
		scim = connect(ctx, tenant)
		scim.eventuallyStatus(ctx, "/Users/"+user, http.StatusOK, time.Minute)
	})

	It("has its data when its node comes back after a power failure", func(ctx context.Context) {
		if os.Getenv("E2E_NODE_STOP") == "" || os.Getenv("E2E_NODE_START") == "" {
			Skip("E2E_NODE_STOP and E2E_NODE_START say how to restart a node; they are not set")
		}
		node := serverPod(ctx, tenant).Spec.NodeName
		command(ctx, os.Getenv("E2E_NODE_STOP"), node)
		Eventually(func() int { return scim.status(ctx, "/Users/"+user) }).WithContext(ctx).Should(BeZero())
		command(ctx, os.Getenv("E2E_NODE_START"), node)
		scim = connect(ctx, tenant)
		scim.eventuallyStatus(ctx, "/Users/"+user, http.StatusOK, 3*time.Minute)
		eventuallyCondition(ctx, tenant, v1alpha1.ConditionReady, "True", v1alpha1.ReasonReady)
	})

	It("keeps what it has when its config Secret is damaged, and the operator mends it", func(ctx context.Context) {
		var s corev1.Secret
		key := client.ObjectKey{Namespace: tenant.Namespace, Name: v1alpha1.ConfigSecretName(tenant.Name, 0)}
		Expect(k8s.Get(ctx, key, &s)).To(Succeed())
		want := s.DeepCopy().Data
		for k := range s.Data {
			s.Data[k] = []byte("damaged")
		}
		Expect(k8s.Update(ctx, &s)).To(Succeed())
		Consistently(func() int { return scim.status(ctx, "/Users/"+user) }).
			WithContext(ctx).WithTimeout(2 * time.Second).Should(Equal(http.StatusOK))
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, key, &s)).To(Succeed())
			g.Expect(s.Data).To(Equal(want))
		}).WithContext(ctx).Should(Succeed())
		eventuallyCondition(ctx, tenant, v1alpha1.ConditionReady, "True", v1alpha1.ReasonReady)
	})
})

func serverPod(ctx context.Context, t *v1alpha1.SCIMTenant) *corev1.Pod {
	GinkgoHelper()
	namespace, name := t.ServerKey()
	var pod corev1.Pod
	Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name + "-0"}, &pod)).To(Succeed())
	return &pod
}

func eventuallyReplaced(ctx context.Context, old *corev1.Pod) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		var pod corev1.Pod
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(old), &pod)).To(Succeed())
		g.Expect(pod.UID).NotTo(Equal(old.UID))
	}).WithContext(ctx).Should(Succeed())
}

// command runs what an environment variable says, with more arguments.
func command(ctx context.Context, line string, more ...string) {
	GinkgoHelper()
	words := append(strings.Fields(line), more...)
	out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s: %s", line, out)
}
