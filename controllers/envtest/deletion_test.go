package envtest_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

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
		eventually(ctx, tenant, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonMoving, "")
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
		Eventually(operator.Requests.Quiet).WithContext(ctx).Should(BeNumerically(">", 500*time.Millisecond))
		operator.Requests.Reset()
		By("deleting things in any order, as the namespace controller does")
		remove(ctx, credentialsOf(ctx, tenant))
		remove(ctx, newServer(ns, "acme"))
		Consistently(func() []string { return operator.Requests.Writes() }).Should(BeEmpty())
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
