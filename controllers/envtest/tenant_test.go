package envtest_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

var _ = Describe("A tenant without serverRef", func() {
	It("gets a server and credentials of its own, and becomes Ready", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		url := baseURL + "/" + tenant.Namespace + "/acme/scim/v2"
		Expect(tenant.Status.URL).To(Equal(url))
		Expect(tenant.Status.CredentialsSecret).To(Equal("acme-credentials"))

		secret := credentialsOf(ctx, tenant)
		Expect(secret.Type).To(BeEquivalentTo(v1alpha1.SecretTypeCredentials))
		Expect(config.CheckToken(token(secret))).To(BeTrue())
		Expect(string(secret.Data["baseURL"])).To(Equal(url))
		Expect(string(secret.Data["authorization"])).To(Equal("Bearer " + token(secret)))
		Expect(secret.Data).To(And(HaveKey("tokenID"), HaveKey("issuedAt"), Not(HaveKey("expiresAt"))))
		Expect(metav1.IsControlledBy(secret, tenant)).To(BeTrue())

		server := newServer(tenant.Namespace, "acme")
		eventuallyReady(ctx, server)
		Expect(metav1.IsControlledBy(server, tenant)).To(BeTrue())
		Expect(server.Status.Tenants).To(BeEquivalentTo(1))
		for _, o := range []client.Object{
			&appsv1.StatefulSet{}, &corev1.Service{}, &corev1.ServiceAccount{}, &rbacv1.Role{}, &rbacv1.RoleBinding{}, &networkingv1.NetworkPolicy{},
		} {
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(tenant), o)).To(Succeed(), "%T", o)
			Expect(metav1.IsControlledBy(o, server)).To(BeTrue(), "%T", o)
		}
	})

	It("takes over counts and times that the server reports", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		Expect(pods.Report(ctx, client.ObjectKeyFromObject(tenant), key(tenant), config.TenantReport{
			Users: 120, ActiveUsers: 118, Groups: 4, LastRequest: &at,
			LastRejection: &config.Rejection{Time: at, Reason: "uniqueness", Detail: "userName is taken"},
		})).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(tenant), tenant)).To(Succeed())
			s := tenant.Status
			g.Expect(s.Users).To(HaveValue(BeEquivalentTo(120)))
			g.Expect(s.ActiveUsers).To(HaveValue(BeEquivalentTo(118)))
			g.Expect(s.Groups).To(HaveValue(BeEquivalentTo(4)))
			g.Expect(s.LastRequestTime.Time.Equal(at)).To(BeTrue())
			g.Expect(s.LastRejection.Reason).To(Equal("uniqueness"))
		}).WithContext(ctx).Should(Succeed())
	})

	It("does not take a SCIMServer that is there already", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		server := readyServer(ctx, newServer(ns, "acme"))
		tenant := create(ctx, newTenant(ns, "acme"))
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonConflict, "SCIMServer "+ns+"/acme exists already")
		remove(ctx, server)
		collectGarbage(ctx, server)
		eventuallyReady(ctx, tenant)
	})

	It("has its server made anew when somebody deletes that", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		server := newServer(tenant.Namespace, "acme")
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), server)).To(Succeed())
		uid := server.UID
		remove(ctx, server)
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), server)).To(Succeed())
			g.Expect(server.UID).NotTo(Equal(uid))
		}).WithContext(ctx).Should(Succeed())
		eventually(ctx, server, v1alpha1.ConditionAccepted, metav1.ConditionUnknown, v1alpha1.ReasonPending, "of an earlier SCIMServer acme is being deleted")
		collectGarbage(ctx, &v1alpha1.SCIMServer{ObjectMeta: metav1.ObjectMeta{Namespace: tenant.Namespace, UID: uid}})
		eventuallyReady(ctx, tenant)
	})
})

var _ = Describe("What a tenant refers to", func() {
	It("may come later and go away", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		tenant := create(ctx, newTenant(ns, "acme", on("", "shared")))
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonServerNotFound, "no SCIMServer "+ns+"/shared")
		Expect(tenant.Status.CredentialsSecret).To(BeEmpty())
		server := create(ctx, newServer(ns, "shared"))
		eventuallyReady(ctx, tenant)
		remove(ctx, server)
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonServerNotFound, "")
	})

	It("must allow the tenant's namespace", func(ctx context.Context) {
		home, other := newNamespace(ctx, nil), newNamespace(ctx, nil)
		server := readyServer(ctx, newServer(home, "shared"))
		tenant := create(ctx, newTenant(other, "acme", on(home, "shared")))
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonNotAllowedByServer, "does not allow tenants of namespace "+other)

		change(ctx, server, func(s *v1alpha1.SCIMServer) {
			s.Spec.AllowedTenants.Namespaces = v1alpha1.TenantNamespaces{From: v1alpha1.NamespacesFromSelector,
				Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"scim": "yes"}}}
		})
		Consistently(func(g Gomega) { g.Expect(entryOf(ctx, g, tenant)).To(BeNil()) }).WithContext(ctx).Should(Succeed())
		label := func(value string) {
			ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: other}}
			change(ctx, ns, func(ns *corev1.Namespace) { ns.Labels["scim"] = value })
		}
		label("yes")
		eventuallyReady(ctx, tenant)
		By("withdrawing it, the tenant is no longer served")
		label("no")
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonNotAllowedByServer, "")
		Eventually(func(g Gomega) { g.Expect(entryOf(ctx, g, tenant)).To(BeNil()) }).WithContext(ctx).Should(Succeed())
		change(ctx, server, func(s *v1alpha1.SCIMServer) {
			s.Spec.AllowedTenants.Namespaces = v1alpha1.TenantNamespaces{From: v1alpha1.NamespacesFromAll}
		})
		eventuallyReady(ctx, tenant)
	})

	It("cannot become another server while the first one has the data", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		first := readyServer(ctx, newServer(ns, "first"))
		readyServer(ctx, newServer(ns, "second"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "first")))
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef.Name = "second" })
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonNotImplemented, "set spec.serverRef back to "+ns+"/first")
		Consistently(func(g Gomega) {
			g.Expect(configOf(ctx, g, ns, "first").Tenants).To(HaveLen(1))
			g.Expect(configOf(ctx, g, ns, "second").Tenants).To(BeEmpty())
		}).WithContext(ctx).Should(Succeed())
		remove(ctx, first)
		eventuallyReady(ctx, tenant)
		Eventually(func(g Gomega) { g.Expect(configOf(ctx, g, ns, "second").Tenants).To(HaveLen(1)) }).WithContext(ctx).Should(Succeed())
	})
})

var _ = Describe("A tenant that cannot be served", func() {
	It("says which fields are not implemented", func(ctx context.Context) {
		tenant := create(ctx, newTenant(newNamespace(ctx, nil), "acme", func(t *v1alpha1.SCIMTenant) {
			t.Spec.ApplicationRef = &v1alpha1.ObjectReference{Name: "app"}
			t.Spec.Lifecycle = &v1alpha1.Lifecycle{}
		}))
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonNotImplemented, "spec.applicationRef and spec.lifecycle are not implemented")
		eventually(ctx, tenant, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, "not served")
		eventually(ctx, tenant, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, "not served")
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ApplicationRef, t.Spec.Lifecycle = nil, nil })
		eventuallyReady(ctx, tenant)
	})

	It("keeps the entry of its last valid generation", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		before := entryOf(ctx, Default, tenant)
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) {
			t.Spec.Suspended = true
			t.Spec.Lifecycle = &v1alpha1.Lifecycle{}
		})
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonNotImplemented, "spec.lifecycle")
		eventually(ctx, tenant, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, "generation 1 is still served")
		Consistently(func(g Gomega) { g.Expect(entryOf(ctx, g, tenant)).To(Equal(before)) }).WithContext(ctx).Should(Succeed())

		By("replacing its token nevertheless")
		remove(ctx, credentialsOf(ctx, tenant))
		Eventually(func(g Gomega) {
			entry := entryOf(ctx, g, tenant)
			g.Expect(entry.Tokens).NotTo(Equal(before.Tokens))
			entry.Tokens = before.Tokens
			g.Expect(entry).To(Equal(before))
		}).WithContext(ctx).Should(Succeed())
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.Lifecycle = nil })
		eventually(ctx, tenant, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended, "503")
	})

	It("is suspended, or waits for its readiness gates", func(ctx context.Context) {
		tenant := create(ctx, newTenant(newNamespace(ctx, nil), "acme", func(t *v1alpha1.SCIMTenant) {
			t.Spec.Suspended = true
			t.Spec.ReadinessGates = []v1alpha1.ReadinessGate{{ConditionType: "example.com/SAMLEnabled"}}
		}))
		eventually(ctx, tenant, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended, "")
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.Suspended = false })
		eventually(ctx, tenant, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReadinessGatesPending, "example.com/SAMLEnabled")
		Expect(entryOf(ctx, Default, tenant).Gated).To(BeTrue())
		Eventually(func() error {
			if err := k8s.Get(ctx, client.ObjectKeyFromObject(tenant), tenant); err != nil {
				return err
			}
			meta.SetStatusCondition(&tenant.Status.Conditions, metav1.Condition{Type: "example.com/SAMLEnabled", Status: metav1.ConditionTrue, Reason: "Done"})
			return k8s.Status().Update(ctx, tenant)
		}).WithContext(ctx).Should(Succeed())
		eventuallyReady(ctx, tenant)
		Expect(kubeutil.FindCondition(tenant, "example.com/SAMLEnabled")).NotTo(BeNil(), "a condition of somebody else must stay")
	})

	It("says when the pod refuses the configuration", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		server := newServer(tenant.Namespace, "acme")
		Expect(pods.Refuse(ctx, client.ObjectKeyFromObject(tenant), "too new for me")).To(Succeed())
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.Suspended = true })
		eventually(ctx, tenant, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonConfigRejected, "pod acme-0: too new for me")
		eventually(ctx, server, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonConfigRejected, "too new for me")
		Expect(pods.Refuse(ctx, client.ObjectKeyFromObject(tenant), "")).To(Succeed())
		eventually(ctx, tenant, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended, "")
	})

	It("says when no pod is ready", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		server := newServer(tenant.Namespace, "acme")
		change(ctx, server, func(s *v1alpha1.SCIMServer) { s.Spec.Replicas = new(int32) })
		eventually(ctx, server, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonServerNotReady, "spec.replicas is 0")
	})

	It("waits for an object of somebody else with the name of its Secret", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		theirs := create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "acme-credentials"}, StringData: map[string]string{"a": "b"}})
		tenant := create(ctx, newTenant(ns, "acme"))
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonConflict, "Secret "+ns+"/acme-credentials exists already and was not made by the operator")
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(theirs), theirs)).To(Succeed())
		Expect(theirs.Data).To(HaveKey("a"))
		remove(ctx, theirs)
		eventuallyReady(ctx, tenant)
	})
})

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

var _ = Describe("Deleting a tenant", func() {
	It("with policy Retain leaves the data and takes the access", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		readyServer(ctx, newServer(ns, "shared"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "shared")))
		remove(ctx, tenant)
		eventuallyGone(ctx, tenant)
		Eventually(func(g Gomega) {
			s := configOf(ctx, g, ns, "shared")
			g.Expect(s.Tenants).To(BeEmpty())
			g.Expect(s.Purges).To(BeEmpty())
		}).WithContext(ctx).Should(Succeed())
	})

	It("with policy Delete hands the order to purge to the server", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		server := readyServer(ctx, newServer(ns, "shared"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "shared"), deleteData))
		uid := tenant.UID
		Expect(pods.Refuse(ctx, client.ObjectKeyFromObject(server), "asleep")).To(Succeed())
		remove(ctx, tenant)
		eventuallyGone(ctx, tenant)
		Expect(configOf(ctx, Default, ns, "shared").Purges).To(Equal([]config.Purge{{Tenant: ns + "/acme", UID: string(uid)}}))
		By("and forgets it when it is done")
		Expect(pods.Refuse(ctx, client.ObjectKeyFromObject(server), "")).To(Succeed())
		Eventually(func(g Gomega) { g.Expect(configOf(ctx, g, ns, "shared").Purges).To(BeEmpty()) }).WithContext(ctx).Should(Succeed())
	})

	It("does not wait for a server that is gone", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		server := readyServer(ctx, newServer(ns, "shared"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "shared"), deleteData))
		remove(ctx, server)
		eventuallyGone(ctx, server)
		remove(ctx, tenant)
		eventuallyGone(ctx, tenant)
	})

	It("does not wait for a server that never was", func(ctx context.Context) {
		tenant := create(ctx, newTenant(newNamespace(ctx, nil), "acme", on("", "nowhere"), deleteData))
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonServerNotFound, "")
		remove(ctx, tenant)
		eventuallyGone(ctx, tenant)
	})

	It("does not wait for a server that is not accepted", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		server := readyServer(ctx, newServer(ns, "shared"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "shared"), deleteData))
		change(ctx, server, func(s *v1alpha1.SCIMServer) { s.Spec.Endpoint.TLS = &v1alpha1.ServerTLS{SecretName: "nowhere"} })
		eventuallyRefused(ctx, server, v1alpha1.ReasonSecretNotFound, "")
		remove(ctx, tenant)
		eventuallyGone(ctx, tenant)
		Eventually(func(g Gomega) { g.Expect(configOf(ctx, g, ns, "shared").Tenants).To(BeEmpty()) }).WithContext(ctx).Should(Succeed())
	})

	It("purges where the data are, not where the tenant wanted to go", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		first := readyServer(ctx, newServer(ns, "first"))
		readyServer(ctx, newServer(ns, "second"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "first"), deleteData))
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef.Name = "second" })
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonNotImplemented, "")
		Expect(pods.Refuse(ctx, client.ObjectKeyFromObject(first), "asleep")).To(Succeed())
		remove(ctx, tenant)
		eventuallyGone(ctx, tenant)
		Expect(configOf(ctx, Default, ns, "first").Purges).To(HaveLen(1))
		Expect(configOf(ctx, Default, ns, "second").Purges).To(BeEmpty())
	})

	It("with a server of its own lets the volume follow the policy", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		set := &appsv1.StatefulSet{}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(tenant), set)).To(Succeed())
		Expect(set.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted).To(Equal(appsv1.RetainPersistentVolumeClaimRetentionPolicyType))
		// Both writes at once: the tenant must not be gone before the StatefulSet has heard of the policy.
		change(ctx, tenant, deleteData)
		remove(ctx, tenant)
		eventuallyGone(ctx, tenant)
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(set), set)).To(Succeed())
		Expect(set.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted).To(Equal(appsv1.DeletePersistentVolumeClaimRetentionPolicyType))
	})

	It("with its whole namespace makes nothing anew there", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		tenant := readyTenant(ctx, newTenant(ns, "acme", deleteData))
		remove(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}})
		Eventually(func(g Gomega) {
			namespace := &corev1.Namespace{}
			g.Expect(k8s.Get(ctx, client.ObjectKey{Name: ns}, namespace)).To(Succeed())
			g.Expect(namespace.DeletionTimestamp).NotTo(BeNil())
		}).WithContext(ctx).Should(Succeed())
		Eventually(operator.Writes.Quiet).WithContext(ctx).Should(BeNumerically(">", 500*time.Millisecond))
		operator.Writes.Reset()
		By("deleting things in any order, as the namespace controller does")
		remove(ctx, credentialsOf(ctx, tenant))
		remove(ctx, newServer(ns, "acme"))
		Consistently(func() []string { return operator.Writes.List() }).Should(BeEmpty())
		remove(ctx, tenant)
		eventuallyGone(ctx, tenant)
	})

	It("and applying it again gives a new token and no purge of its own", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		server := readyServer(ctx, newServer(ns, "shared"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "shared"), deleteData))
		old := credentialsOf(ctx, tenant)
		Expect(pods.Refuse(ctx, client.ObjectKeyFromObject(server), "asleep")).To(Succeed())
		remove(ctx, tenant)
		eventuallyGone(ctx, tenant)
		remove(ctx, old) // as the garbage collector does
		again := create(ctx, newTenant(ns, "acme", on("", "shared"), deleteData))
		Expect(pods.Refuse(ctx, client.ObjectKeyFromObject(server), "")).To(Succeed())
		eventuallyReady(ctx, again)
		Expect(entryOf(ctx, Default, again).UID).To(Equal(string(again.UID)))
		Expect(token(credentialsOf(ctx, again))).NotTo(Equal(token(old)))
	})

	It("waits for a Secret of its predecessor that is not collected yet", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		readyServer(ctx, newServer(ns, "shared"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "shared")))
		old := credentialsOf(ctx, tenant)
		remove(ctx, tenant)
		eventuallyGone(ctx, tenant)
		again := create(ctx, newTenant(ns, "acme", on("", "shared")))
		eventually(ctx, again, v1alpha1.ConditionAccepted, metav1.ConditionUnknown, v1alpha1.ReasonPending, "Secret "+ns+"/acme-credentials of an earlier SCIMTenant acme is being deleted")
		remove(ctx, old)
		eventuallyReady(ctx, again)
		Expect(apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(old), &corev1.Secret{}))).To(BeFalse())
	})
})
