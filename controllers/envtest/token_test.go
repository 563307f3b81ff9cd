package envtest_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

var _ = Describe("A token that the admin brings", func() {
	brings := func(t *v1alpha1.SCIMTenant) {
		t.Spec.Auth = &v1alpha1.TenantAuth{Bearer: &v1alpha1.BearerAuth{SecretRef: &v1alpha1.LocalReference{Name: "mine"}}}
	}
	mine := func(ns, token string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "mine"}, Data: map[string][]byte{"token": []byte(token)}}
	}

	It("is used as it is, and followed when it changes", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		tenant := create(ctx, newTenant(ns, "acme", brings))
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonSecretNotFound, "no Secret mine in namespace "+ns)
		secret := create(ctx, mine(ns, "first-token-of-the-admin"))
		eventuallyReady(ctx, tenant)
		eventuallyAccepts(ctx, tenant, "first-token-of-the-admin")
		Expect(token(credentialsOf(ctx, tenant))).To(Equal("first-token-of-the-admin"))

		began := time.Now()
		change(ctx, secret, func(s *corev1.Secret) { s.Data["token"] = []byte("second-token-of-the-admin") })
		eventuallyAccepts(ctx, tenant, "second-token-of-the-admin")
		Expect(time.Since(began)).To(BeNumerically("<", time.Second))

		By("refusing an unusable one, the last good one stays")
		change(ctx, secret, func(s *corev1.Secret) { s.Data["token"] = []byte("third-token-of-the-admin\n") })
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonInvalidSecret, "ends with a line break")
		remove(ctx, secret)
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonSecretNotFound, "")
		eventuallyAccepts(ctx, tenant, "second-token-of-the-admin")

		By("bringing none any more, a new one is generated")
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.Auth = nil })
		eventuallyReady(ctx, tenant)
		Eventually(func() bool { return config.CheckToken(token(credentialsOf(ctx, tenant))) }).Should(BeTrue())
		eventuallyAccepts(ctx, tenant, token(credentialsOf(ctx, tenant)))
	})
})

var _ = Describe("Signed tokens", func() {
	It("are accepted of the issuers named, and a tenant with them alone has no other", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme", func(t *v1alpha1.SCIMTenant) {
			t.Spec.Auth = &v1alpha1.TenantAuth{JWT: []v1alpha1.JWTIssuer{{
				Issuer: "https://login.example.com/acme", Audiences: []v1alpha1.Audience{"scim"}, Claims: `claims.azp == "provisioning"`,
			}}}
		}))
		issuers := []config.Issuer{{Issuer: "https://login.example.com/acme", Audiences: []string{"scim"}, Claims: `claims.azp == "provisioning"`}}
		entry := entryOf(ctx, Default, tenant)
		Expect(entry.Issuers).To(Equal(issuers))
		Expect(entry.Tokens).To(BeEmpty())
		Expect(credentialsOf(ctx, tenant).Data).To(And(HaveLen(1), HaveKey("baseURL")))

		By("asking for a bearer token beside them")
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.Auth.Bearer = &v1alpha1.BearerAuth{} })
		eventuallyReady(ctx, tenant)
		Eventually(func() bool { return config.CheckToken(token(credentialsOf(ctx, tenant))) }).Should(BeTrue())
		eventuallyAccepts(ctx, tenant, token(credentialsOf(ctx, tenant)))

		By("doing without it again")
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.Auth.Bearer = nil })
		eventuallyReady(ctx, tenant)
		Eventually(func(g Gomega) { g.Expect(entryOf(ctx, g, tenant).Tokens).To(BeEmpty()) }).WithContext(ctx).Should(Succeed())
		Eventually(func(g Gomega) { g.Expect(credentialsOf(ctx, tenant).Data).To(HaveLen(1)) }).WithContext(ctx).Should(Succeed())

		By("refusing a condition that does not compile")
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.Auth.JWT[0].Claims = "claims.azp ==" })
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonInvalid, "spec.auth.jwt[0].claims")
		Expect(entryOf(ctx, Default, tenant).Issuers).To(Equal(issuers))
	})
})

var _ = Describe("A new token", func() {
	issued := func(ctx context.Context, change func(*v1alpha1.SCIMTenant)) (*v1alpha1.SCIMTenant, string) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme", change))
		return tenant, token(credentialsOf(ctx, tenant))
	}
	eventuallyNew := func(ctx context.Context, tenant *v1alpha1.SCIMTenant, old string) string {
		GinkgoHelper()
		Eventually(func(g Gomega) {
			g.Expect(token(credentialsOf(ctx, tenant))).NotTo(Equal(old))
		}).WithContext(ctx).Should(Succeed())
		return token(credentialsOf(ctx, tenant))
	}
	overlapping := func(t *v1alpha1.SCIMTenant) {
		t.Spec.Auth = &v1alpha1.TenantAuth{Bearer: &v1alpha1.BearerAuth{Rotation: &v1alpha1.TokenRotation{
			Every: metav1.Duration{Duration: 10 * time.Hour}, Overlap: metav1.Duration{Duration: time.Hour}}}}
	}

	It("is issued when the credentials Secret is deleted", func(ctx context.Context) {
		tenant, old := issued(ctx, func(*v1alpha1.SCIMTenant) {})
		remove(ctx, credentialsOf(ctx, tenant))
		eventuallyAccepts(ctx, tenant, eventuallyNew(ctx, tenant, old))
	})

	It("is issued once for the annotation of the tenant, each time", func(ctx context.Context) {
		tenant, old := issued(ctx, func(*v1alpha1.SCIMTenant) {})
		for range 2 {
			change(ctx, tenant, func(t *v1alpha1.SCIMTenant) {
				metav1.SetMetaDataAnnotation(&t.ObjectMeta, v1alpha1.AnnotationRotate, "now")
			})
			next := eventuallyNew(ctx, tenant, old)
			Eventually(func(g Gomega) {
				g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(tenant), tenant)).To(Succeed())
				g.Expect(tenant.Annotations).NotTo(HaveKey(v1alpha1.AnnotationRotate))
			}).WithContext(ctx).Should(Succeed())
			Consistently(func() string { return token(credentialsOf(ctx, tenant)) }).Should(Equal(next))
			eventuallyAccepts(ctx, tenant, next)
			old = next
		}
	})

	It("is issued for the annotation of the Secret", func(ctx context.Context) {
		tenant, old := issued(ctx, func(*v1alpha1.SCIMTenant) {})
		secret := credentialsOf(ctx, tenant)
		change(ctx, secret, func(s *corev1.Secret) { metav1.SetMetaDataAnnotation(&s.ObjectMeta, v1alpha1.AnnotationRotate, "") })
		next := eventuallyNew(ctx, tenant, old)
		eventuallyAccepts(ctx, tenant, next)
		Consistently(func() string { return token(credentialsOf(ctx, tenant)) }).Should(Equal(next))
		Expect(credentialsOf(ctx, tenant).Annotations).NotTo(HaveKey(v1alpha1.AnnotationRotate))
	})

	It("is accepted beside the earlier one for the time of the overlap", func(ctx context.Context) {
		tenant, old := issued(ctx, overlapping)
		eventually(ctx, tenant, v1alpha1.ConditionTokenExpiring, metav1.ConditionFalse, v1alpha1.ReasonTokenValid, "ends at")
		remove(ctx, credentialsOf(ctx, tenant))
		next := eventuallyNew(ctx, tenant, old)
		eventuallyAccepts(ctx, tenant, next, old)
		entry := entryOf(ctx, Default, tenant)
		Expect(*entry.Tokens[1].NotAfter).To(BeTemporally("~", time.Now().Add(time.Hour), time.Minute))
		eventually(ctx, tenant, v1alpha1.ConditionTokenExpiring, metav1.ConditionTrue, v1alpha1.ReasonTokenExpiresSoon, "give the identity provider the one in Secret acme-credentials")
	})

	It("is issued when its time has come", func(ctx context.Context) {
		DeferCleanup(func() { skew.Store(0) })
		tenant, old := issued(ctx, overlapping)
		Expect(credentialsOf(ctx, tenant).Data).To(HaveKey("expiresAt"))
		touch := func() {
			change(ctx, tenant, func(t *v1alpha1.SCIMTenant) {
				metav1.SetMetaDataAnnotation(&t.ObjectMeta, "example.com/touch", time.Now().String())
			})
		}
		skew.Store(int64(9 * time.Hour))
		touch()
		eventually(ctx, tenant, v1alpha1.ConditionTokenExpiring, metav1.ConditionTrue, v1alpha1.ReasonTokenExpiresSoon, "the earlier one is accepted for another 1h")
		Expect(token(credentialsOf(ctx, tenant))).To(Equal(old))
		skew.Store(int64(10*time.Hour + time.Minute))
		touch()
		next := eventuallyNew(ctx, tenant, old)
		eventuallyAccepts(ctx, tenant, next, old)
		skew.Store(int64(12 * time.Hour))
		server := newServer(tenant.Namespace, "acme")
		change(ctx, server, func(s *v1alpha1.SCIMServer) {
			metav1.SetMetaDataAnnotation(&s.ObjectMeta, "example.com/touch", "x")
		})
		eventuallyAccepts(ctx, tenant, next)
	})
})
