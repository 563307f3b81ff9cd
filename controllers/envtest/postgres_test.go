package envtest_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// onPostgres puts a server of some pods on the database that Secret pg-app names.
func onPostgres(replicas int32) func(*v1alpha1.SCIMServer) {
	return func(s *v1alpha1.SCIMServer) {
		s.Spec.Replicas = &replicas
		s.Spec.Storage = v1alpha1.ServerStorage{Postgres: &v1alpha1.PostgresStorage{SecretRef: v1alpha1.SecretKeyReference{Name: "pg-app"}}}
	}
}

func databaseSecret(ns, uri string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "pg-app"}, Data: map[string][]byte{"uri": []byte(uri)}}
}

var _ = Describe("A server on PostgreSQL", func() {
	It("waits for the Secret with the connection URI, and says what is wrong with it", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		server := create(ctx, newServer(ns, "shared", onPostgres(2)))
		eventuallyRefused(ctx, server, v1alpha1.ReasonSecretNotFound, "there is no Secret pg-app in namespace "+ns)
		tenant := create(ctx, newTenant(ns, "acme", on("", "shared")))
		eventually(ctx, tenant, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonServerNotReady, "there is no Secret pg-app")
		secret := create(ctx, databaseSecret(ns, "host=pg password=hunter2"))
		eventuallyRefused(ctx, server, v1alpha1.ReasonInvalidSecret, "Secret pg-app is not usable: of its key uri: it is no connection URI")
		change(ctx, secret, func(s *corev1.Secret) { s.Data = map[string][]byte{"url": []byte("postgres://pg")} })
		eventuallyRefused(ctx, server, v1alpha1.ReasonInvalidSecret, "it has no key uri")
		change(ctx, secret, func(s *corev1.Secret) { s.Data = map[string][]byte{"uri": []byte("\n")} })
		eventuallyRefused(ctx, server, v1alpha1.ReasonInvalidSecret, "its key uri is empty")
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), &appsv1.Deployment{})).NotTo(Succeed())

		change(ctx, secret, func(s *corev1.Secret) { s.Data = map[string][]byte{"uri": []byte("postgres://app:hunter2@pg/app")} })
		eventuallyReady(ctx, server)
		eventuallyReady(ctx, tenant)
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), &appsv1.StatefulSet{})).NotTo(Succeed())
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), &policyv1.PodDisruptionBudget{})).To(Succeed())

		By("and goes on when the Secret is gone")
		remove(ctx, secret)
		eventuallyRefused(ctx, server, v1alpha1.ReasonSecretNotFound, "")
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), &appsv1.Deployment{})).To(Succeed())
	})

	It("lets its pods out to where the URI leads, also when that changes", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		secret := create(ctx, databaseSecret(ns, "postgres://app:hunter2@10.1.2.3:6432/app"))
		server := readyServer(ctx, newServer(ns, "shared", onPostgres(1)))
		way := func(g Gomega) (port int32, cidr string) {
			policy := &networkingv1.NetworkPolicy{}
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), policy)).To(Succeed())
			rule := policy.Spec.Egress[2]
			if len(rule.To) > 0 {
				cidr = rule.To[0].IPBlock.CIDR
			}
			return rule.Ports[0].Port.IntVal, cidr
		}
		port, cidr := way(Default)
		Expect(port).To(BeEquivalentTo(6432))
		Expect(cidr).To(Equal("10.1.2.3/32"))
		d := &appsv1.Deployment{}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), d)).To(Succeed())

		change(ctx, secret, func(s *corev1.Secret) { s.Data["uri"] = []byte("postgres://app:other@pg-rw.db/app") })
		Eventually(func(g Gomega) {
			port, cidr := way(g)
			g.Expect(port).To(BeEquivalentTo(5432))
			g.Expect(cidr).To(BeEmpty(), "a name can lead anywhere")
		}).WithContext(ctx).Should(Succeed())
		after := &appsv1.Deployment{}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), after)).To(Succeed())
		Expect(after.Generation).To(Equal(d.Generation), "a rotated Secret restarts no pod")
	})

	It("tells why the database does not work, and its tenants say so", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		create(ctx, databaseSecret(ns, "postgres://pg"))
		server := readyServer(ctx, newServer(ns, "shared", onPostgres(2)))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "shared")))
		for _, reason := range config.StoreReasons {
			fault := &config.StoreReport{Reason: reason, Message: "do what " + reason + " says", Since: time.Now().UTC().Truncate(time.Second)}
			Expect(pods.Fail(ctx, client.ObjectKeyFromObject(server), fault)).To(Succeed())
			eventually(ctx, server, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ConditionReason(reason), "do what "+reason+" says")
			eventually(ctx, tenant, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonServerNotReady, reason)
		}
		Expect(pods.Fail(ctx, client.ObjectKeyFromObject(server), nil)).To(Succeed())
		eventuallyReady(ctx, server)
		eventuallyReady(ctx, tenant)
	})

	It("is scaled like a Deployment, and forgets the reports of pods that are gone", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		create(ctx, databaseSecret(ns, "postgres://pg"))
		server := readyServer(ctx, newServer(ns, "shared", onPostgres(3)))
		scale := &autoscalingv1.Scale{}
		Expect(k8s.SubResource("scale").Get(ctx, server, scale)).To(Succeed())
		Expect(scale.Status.Selector).To(ContainSubstring("scim-operator.io/server=shared"))
		Expect(scale.Spec.Replicas).To(BeEquivalentTo(3))
		scale.Spec.Replicas = 2
		Expect(k8s.SubResource("scale").Update(ctx, server, client.WithSubResourceBody(scale))).To(Succeed())
		Eventually(func(g Gomega) {
			d := &appsv1.Deployment{}
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), d)).To(Succeed())
			g.Expect(*d.Spec.Replicas).To(BeEquivalentTo(2))
			reports := &corev1.ConfigMap{}
			g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: v1alpha1.StatusConfigMapName("shared", 0)}, reports)).To(Succeed())
			g.Expect(reports.Data).To(HaveLen(2))
		}).WithContext(ctx).Should(Succeed())
		eventuallyReady(ctx, server)
	})
})
