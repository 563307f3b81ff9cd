package e2e

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

var _ = Describe("Deleting a tenant", func() {
	users := func(ctx context.Context, c connection) any {
		return c.do(ctx, http.MethodGet, "/Users", "").body["totalResults"]
	}
	// deleteAndApplyAgain gives the tenant's connection before and after.
	deleteAndApplyAgain := func(ctx context.Context, make func() *v1alpha1.SCIMTenant) (before, after connection) {
		tenant := readyTenant(ctx, make())
		before = connect(ctx, tenant)
		before.createUser(ctx, "ann@example.com")
		Expect(k8s.Delete(ctx, tenant)).To(Succeed())
		eventuallyGone(ctx, tenant)
		eventuallyGone(ctx, &corev1.Secret{ObjectMeta: credentialsOf(tenant)})
		if tenant.OwnServer() {
			eventuallyGone(ctx, &corev1.Pod{ObjectMeta: podOf(tenant)})
		}
		return before, connect(ctx, readyTenant(ctx, make()))
	}

	for _, policy := range []v1alpha1.DeletionPolicy{v1alpha1.DeletionPolicyRetain, v1alpha1.DeletionPolicyDelete} {
		left := map[v1alpha1.DeletionPolicy]int{v1alpha1.DeletionPolicyRetain: 1, v1alpha1.DeletionPolicyDelete: 0}[policy]

		It("with a server of its own and policy "+string(policy), func(ctx context.Context) {
			namespace := newNamespace(ctx, nil)
			_, after := deleteAndApplyAgain(ctx, func() *v1alpha1.SCIMTenant {
				t := newTenant(namespace, "acme")
				t.Spec.DeletionPolicy = policy
				return t
			})
			Expect(users(ctx, after)).To(BeEquivalentTo(left))
		})

		It("on a shared server with policy "+string(policy), func(ctx context.Context) {
			namespace := newNamespace(ctx, nil)
			readyServer(ctx, namespace, "shared")
			before, after := deleteAndApplyAgain(ctx, func() *v1alpha1.SCIMTenant {
				t := newTenant(namespace, "acme")
				t.Spec.ServerRef = &v1alpha1.ObjectReference{Name: "shared"}
				t.Spec.DeletionPolicy = policy
				return t
			})
			Expect(users(ctx, after)).To(BeEquivalentTo(left))
			Expect(before.status(ctx, "/Users")).To(Equal(http.StatusUnauthorized), "the token of the deleted tenant")
		})
	}

	It("does not hang when its server is gone", func(ctx context.Context) {
		namespace := newNamespace(ctx, nil)
		server := readyServer(ctx, namespace, "shared")
		tenant := newTenant(namespace, "acme")
		tenant.Spec.ServerRef = &v1alpha1.ObjectReference{Name: "shared"}
		tenant.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
		readyTenant(ctx, tenant)
		Expect(k8s.Delete(ctx, server)).To(Succeed())
		eventuallyGone(ctx, server)
		eventuallyCondition(ctx, tenant, v1alpha1.ConditionAccepted, "False", v1alpha1.ReasonServerNotFound)
		began := time.Now()
		Expect(k8s.Delete(ctx, tenant)).To(Succeed())
		eventuallyGone(ctx, tenant)
		Expect(time.Since(began)).To(BeNumerically("<", 5*time.Second))
	})

	It("with its whole namespace", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		ns := &corev1.Namespace{}
		ns.Name = tenant.Namespace
		Expect(k8s.Delete(ctx, ns)).To(Succeed())
		eventuallyGone(ctx, ns)
	})
})

func credentialsOf(t *v1alpha1.SCIMTenant) (m metav1.ObjectMeta) {
	m.Namespace, m.Name = t.Namespace, v1alpha1.CredentialsSecretName(t.Name)
	return m
}

func podOf(t *v1alpha1.SCIMTenant) (m metav1.ObjectMeta) {
	m.Namespace, m.Name = t.Namespace, t.Name+"-0"
	return m
}
