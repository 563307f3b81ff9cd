package e2e

import (
	"context"
	"maps"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// newNamespace makes a namespace that admits only restricted pods; it goes with the spec.
func newNamespace(ctx context.Context, labels map[string]string) string {
	GinkgoHelper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "e2e-",
		Labels:       map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	maps.Copy(ns.Labels, labels)
	Expect(k8s.Create(ctx, ns)).To(Succeed())
	DeferCleanup(func(ctx context.Context) { cleanUp(ctx, ns) })
	return ns.Name
}

// cleanUp deletes namespaces. It waits longer than users do: after a spec in which the API server was away, a minute and more
// pass until kubelets ask it what is to end.
func cleanUp(ctx context.Context, namespaces ...*corev1.Namespace) {
	GinkgoHelper()
	for _, ns := range namespaces {
		Expect(client.IgnoreNotFound(k8s.Delete(ctx, ns))).To(Succeed())
	}
	for _, ns := range namespaces {
		Eventually(func() bool {
			return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(ns), ns))
		}).WithContext(ctx).WithTimeout(5*time.Minute).Should(BeTrue(), "%s should be gone", ns.Name)
	}
}

func newTenant(namespace, name string) *v1alpha1.SCIMTenant {
	return &v1alpha1.SCIMTenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.SCIMTenantSpec{IdentityProvider: v1alpha1.IdentityProviderOkta},
	}
}

// readyTenant applies the tenant and waits until it is Ready.
func readyTenant(ctx context.Context, t *v1alpha1.SCIMTenant) *v1alpha1.SCIMTenant {
	GinkgoHelper()
	Expect(k8s.Create(ctx, t)).To(Succeed())
	eventuallyCondition(ctx, t, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	return t
}

// readyServer applies a server that tenants of any namespace may use.
func readyServer(ctx context.Context, namespace, name string) *v1alpha1.SCIMServer {
	GinkgoHelper()
	s := &v1alpha1.SCIMServer{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	s.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromAll
	Expect(k8s.Create(ctx, s)).To(Succeed())
	eventuallyCondition(ctx, s, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	return s
}

type conditioned interface {
	client.Object
	StatusConditions() *[]metav1.Condition
}

// eventuallyCondition waits for a condition of the object's current generation.
func eventuallyCondition(ctx context.Context, o conditioned, kind v1alpha1.ConditionType, status metav1.ConditionStatus, reason v1alpha1.ConditionReason) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
		c := meta.FindStatusCondition(*o.StatusConditions(), string(kind))
		g.Expect(c).NotTo(BeNil(), "condition %s", kind)
		g.Expect(c.ObservedGeneration).To(Equal(o.GetGeneration()), "%s: %s", c.Reason, c.Message)
		g.Expect(c.Status).To(Equal(status), "%s: %s", c.Reason, c.Message)
		g.Expect(c.Reason).To(Equal(string(reason)), c.Message)
	}).WithContext(ctx).Should(Succeed())
}

func eventuallyGone(ctx context.Context, o client.Object) {
	GinkgoHelper()
	Eventually(func() bool {
		return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(o), o))
	}).WithContext(ctx).WithTimeout(2*time.Minute).Should(BeTrue(), "%s should be gone", o.GetName())
}

// update changes the object as `kubectl edit` would.
func update(ctx context.Context, o client.Object, change func()) {
	GinkgoHelper()
	Eventually(func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		change()
		return k8s.Update(ctx, o)
	}).WithContext(ctx).Should(Succeed())
}
