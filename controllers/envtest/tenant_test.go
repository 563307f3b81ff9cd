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
})

var _ = Describe("A tenant that cannot be served", func() {
	It("says what it refers to is missing", func(ctx context.Context) {
		tenant := create(ctx, newTenant(newNamespace(ctx, nil), "acme", func(t *v1alpha1.SCIMTenant) {
			t.Spec.ApplicationRef = &v1alpha1.ObjectReference{Name: "app"}
			t.Spec.Lifecycle = &v1alpha1.Lifecycle{}
		}))
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonApplicationNotFound, "there is no SCIMApplication "+tenant.Namespace+"/app")
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
			t.Spec.ApplicationRef = &v1alpha1.ObjectReference{Name: "app"}
		})
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonApplicationNotFound, "/app")
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
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ApplicationRef = nil })
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
