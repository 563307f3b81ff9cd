package envtest_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// roleIn is the part of a server in the tenant's move, "" where it just serves, "absent" where it does not have the tenant.
func roleIn(ctx context.Context, g Gomega, ns, server string) string {
	c := configOf(ctx, g, ns, server)
	switch {
	case len(c.Tenants) == 0:
		return "absent"
	case c.Tenants[0].Move == nil:
		return ""
	}
	return c.Tenants[0].Move.Role
}

func eventuallyRole(ctx context.Context, ns, server, role string) {
	GinkgoHelper()
	Eventually(func(g Gomega) { g.Expect(roleIn(ctx, g, ns, server)).To(Equal(role)) }).WithContext(ctx).Should(Succeed())
}

func boundTo(ctx context.Context, t *v1alpha1.SCIMTenant) string {
	GinkgoHelper()
	Expect(k8s.Get(ctx, client.ObjectKeyFromObject(t), t)).To(Succeed())
	return t.Annotations[v1alpha1.AnnotationBoundServer]
}

// eventuallyStill waits until nothing of a move is left.
func eventuallyStill(ctx context.Context, t *v1alpha1.SCIMTenant) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(t), t)).To(Succeed())
		g.Expect(t.Annotations).NotTo(HaveKey(v1alpha1.AnnotationMove))
		g.Expect(t.Annotations).NotTo(HaveKey(v1alpha1.AnnotationMoveFetch))
		g.Expect(t.Annotations).NotTo(HaveKey(v1alpha1.AnnotationForwardedFrom))
		g.Expect(t.Annotations).NotTo(HaveKey(v1alpha1.AnnotationFinishMove))
		g.Expect(t.Status.Move).To(BeNil())
	}).WithContext(ctx).Should(Succeed())
}

func finishMove(ctx context.Context, t *v1alpha1.SCIMTenant) {
	GinkgoHelper()
	change(ctx, t, func(t *v1alpha1.SCIMTenant) {
		metav1.SetMetaDataAnnotation(&t.ObjectMeta, v1alpha1.AnnotationFinishMove, "now")
	})
}

func fetched(ctx context.Context, ns, server string, t *v1alpha1.SCIMTenant, report config.MoveReport) {
	GinkgoHelper()
	Expect(pods.Fetch(ctx, client.ObjectKey{Namespace: ns, Name: server}, t.Namespace+"/"+t.Name, report)).To(Succeed())
}

var _ = Describe("A tenant that moves", func() {
	It("goes to the server that it names when that has its data, and the other one passes requests on", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		first := readyServer(ctx, newServer(ns, "first"))
		second := readyServer(ctx, newServer(ns, "second"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "first"), deleteData))
		url := tenant.Status.URL
		old := token(credentialsOf(ctx, tenant))
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef.Name = "second" })

		By("copying while the first one serves")
		eventually(ctx, tenant, v1alpha1.ConditionProgrammed, metav1.ConditionUnknown, v1alpha1.ReasonMoving, "Copying")
		eventually(ctx, tenant, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonMoving, "set spec.serverRef back")
		Expect(boundTo(ctx, tenant)).To(Equal(ns + "/first"))
		Expect(tenant.Status.URL).To(Equal(url))
		Expect(tenant.Status.Move).To(HaveField("To", ns+"/second"))
		from, to := configOf(ctx, Default, ns, "first"), configOf(ctx, Default, ns, "second")
		Expect(from.Owner).To(HavePrefix(ns + "/first/" + string(first.UID)))
		Expect(to.Owner).To(HavePrefix(ns + "/second/" + string(second.UID)))
		Expect(to.Owner).NotTo(HaveSuffix(string(second.UID)), "the cluster is named")
		source, target := from.Tenants[0].Move, to.Tenants[0].Move
		Expect(source).To(HaveField("Role", config.MoveSource))
		Expect(target).To(HaveField("Role", config.MoveTarget))
		Expect(target.ID).To(Equal(source.ID))
		Expect(target.Key).To(Equal(source.Key))
		Expect(source.PeerOwner).To(Equal(to.Owner))
		Expect(target.PeerOwner).To(Equal(from.Owner))
		Expect(target.Peer).To(Equal("http://first." + ns + ".svc:8080"))
		for _, name := range []string{"first", "second"} {
			Eventually(func(g Gomega) {
				policy := &networkingv1.NetworkPolicy{}
				g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: name}, policy)).To(Succeed())
				g.Expect(policy.Spec.Egress).To(ContainElement(HaveField("To", ContainElement(HaveField("PodSelector", Not(BeNil()))))))
			}).WithContext(ctx).Should(Succeed())
		}

		By("saying what is in the way")
		fetched(ctx, ns, "second", tenant, config.MoveReport{Phase: config.MoveWaiting, Error: "the disk is full"})
		eventually(ctx, tenant, v1alpha1.ConditionProgrammed, metav1.ConditionUnknown, v1alpha1.ReasonMoving, "the disk is full")
		eventually(ctx, tenant, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonMoving, "")

		By("switching over")
		fetched(ctx, ns, "second", tenant, config.MoveReport{Phase: config.MoveDone, PausedMillis: 100})
		eventuallyReady(ctx, tenant)
		Expect(boundTo(ctx, tenant)).To(Equal(ns + "/second"))
		eventuallyRole(ctx, ns, "first", config.MoveForward)
		Expect(tenant.Status.Move).To(HaveField("Phase", config.MoveForwarding))
		Expect(token(credentialsOf(ctx, tenant))).To(Equal(old))
		Expect(configOf(ctx, Default, ns, "first").Purges).To(ConsistOf(config.Purge{Tenant: ns + "/acme", UID: "move-" + source.ID}))

		By("forgetting the first one")
		finishMove(ctx, tenant)
		eventuallyRole(ctx, ns, "first", "absent")
		eventuallyRole(ctx, ns, "second", "")
		eventuallyStill(ctx, tenant)
		eventuallyReady(ctx, tenant)
		remove(ctx, first)
		Consistently(func(g Gomega) { g.Expect(roleIn(ctx, g, ns, "second")).To(BeEmpty()) }).WithContext(ctx).Should(Succeed())
	})

	It("stays where it is when the move is called off", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		readyServer(ctx, newServer(ns, "first"))
		readyServer(ctx, newServer(ns, "second"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "first")))
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef.Name = "second" })
		eventuallyRole(ctx, ns, "second", config.MoveTarget)
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef.Name = "first" })
		eventuallyStill(ctx, tenant)
		eventuallyReady(ctx, tenant)
		eventuallyRole(ctx, ns, "second", "absent")
		eventuallyRole(ctx, ns, "first", "")
		Expect(boundTo(ctx, tenant)).To(Equal(ns + "/first"))
	})

	It("comes back when it had arrived already", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		readyServer(ctx, newServer(ns, "first"))
		readyServer(ctx, newServer(ns, "second"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "first")))
		fetched(ctx, ns, "second", tenant, config.MoveReport{Phase: config.MoveDone})
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef.Name = "second" })
		eventuallyReady(ctx, tenant)
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef.Name = "first" })
		Eventually(func() string { return boundTo(ctx, tenant) }).WithContext(ctx).Should(Equal(ns + "/first"))
		eventuallyRole(ctx, ns, "second", config.MoveForward)
		finishMove(ctx, tenant)
		eventuallyRole(ctx, ns, "second", "absent")
		eventuallyStill(ctx, tenant)
	})

	It("leaves its own server, which goes last", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		readyServer(ctx, newServer(ns, "shared"))
		tenant := readyTenant(ctx, newTenant(ns, "acme"))
		own := &v1alpha1.SCIMServer{}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(tenant), own)).To(Succeed())
		change(ctx, tenant, on("", "shared"))
		eventuallyRole(ctx, ns, "shared", config.MoveTarget)
		fetched(ctx, ns, "shared", tenant, config.MoveReport{Phase: config.MoveDone})
		eventuallyReady(ctx, tenant)
		eventuallyRole(ctx, ns, "acme", config.MoveForward)
		finishMove(ctx, tenant)
		eventuallyGone(ctx, own)
		eventuallyStill(ctx, tenant)
		eventuallyReady(ctx, tenant)
	})

	It("goes to a server of its own", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		readyServer(ctx, newServer(ns, "shared"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "shared")))
		fetched(ctx, ns, "shared", tenant, config.MoveReport{Phase: config.MoveDone})
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef = nil })
		Eventually(func() string { return boundTo(ctx, tenant) }).WithContext(ctx).Should(Equal(ns + "/acme"))
		eventuallyReady(ctx, tenant)
		eventuallyRole(ctx, ns, "shared", config.MoveForward)
	})

	It("is free to begin anew when the server with its data is gone", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		first := readyServer(ctx, newServer(ns, "first"))
		readyServer(ctx, newServer(ns, "second"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "first")))
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef.Name = "second" })
		eventuallyRole(ctx, ns, "second", config.MoveTarget)
		remove(ctx, first)
		eventuallyStill(ctx, tenant)
		eventuallyReady(ctx, tenant)
		Expect(boundTo(ctx, tenant)).To(Equal(ns + "/second"))
		eventuallyRole(ctx, ns, "second", "")
	})
})

var _ = Describe("A tenant that another server owns", func() {
	It("says so, and is taken when the administrator says so", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		server := readyServer(ctx, newServer(ns, "shared"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "shared")))
		const other = "elsewhere/shared/0b1c/another-cluster"
		Expect(pods.Report(ctx, client.ObjectKeyFromObject(server), ns+"/acme", config.TenantReport{Owner: other, Error: "not ours"})).To(Succeed())
		eventually(ctx, tenant, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonOwnedElsewhere, v1alpha1.AnnotationTakeFrom+"="+other)
		Expect(configOf(ctx, Default, ns, "shared").Tenants[0].TakeFrom).To(BeEmpty())
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) {
			metav1.SetMetaDataAnnotation(&t.ObjectMeta, v1alpha1.AnnotationTakeFrom, other)
		})
		Eventually(func(g Gomega) { g.Expect(configOf(ctx, g, ns, "shared").Tenants[0].TakeFrom).To(Equal(other)) }).WithContext(ctx).Should(Succeed())
		Expect(pods.Report(ctx, client.ObjectKeyFromObject(server), ns+"/acme", config.TenantReport{})).To(Succeed())
		eventuallyReady(ctx, tenant)
	})

	It("is taken by itself from a server of this cluster that is gone", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		gone := readyServer(ctx, newServer(ns, "gone"))
		server := readyServer(ctx, newServer(ns, "shared"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "shared")))
		owner := configOf(ctx, Default, ns, "gone").Owner
		remove(ctx, gone)
		Expect(pods.Report(ctx, client.ObjectKeyFromObject(server), ns+"/acme", config.TenantReport{Owner: owner, Error: "not ours"})).To(Succeed())
		Eventually(func(g Gomega) { g.Expect(configOf(ctx, g, ns, "shared").Tenants[0].TakeFrom).To(Equal(owner)) }).WithContext(ctx).Should(Succeed())
		Expect(pods.Report(ctx, client.ObjectKeyFromObject(server), ns+"/acme", config.TenantReport{})).To(Succeed())
		eventuallyReady(ctx, tenant)
	})
})
