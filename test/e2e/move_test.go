package e2e

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

var _ = Describe("A tenant that moves under load", func() {
	It("has every acknowledged user on the other server, by the earlier URL, and its own server goes", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		readyServer(ctx, ns, "shared")
		tenant := readyTenant(ctx, newTenant(ns, "acme"))
		earlier := connect(ctx, tenant)
		l := startLoad(ctx, earlier)
		l.acknowledged(ctx, 100, time.Minute)
		By("changing serverRef")
		update(ctx, tenant, func() { tenant.Spec.ServerRef = &v1alpha1.ObjectReference{Name: "shared"} })
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(tenant), tenant)).To(Succeed())
			g.Expect(tenant.Annotations).To(HaveKeyWithValue(v1alpha1.AnnotationBoundServer, ns+"/shared"))
		}).WithContext(ctx).WithTimeout(3 * time.Minute).Should(Succeed())
		l.acknowledged(ctx, 50, time.Minute) // passed on by the earlier server
		l.end()
		Expect(l.gap).To(BeNumerically("<", 15*time.Second))
		for _, f := range l.failures {
			Expect(f.status).To(Equal(http.StatusServiceUnavailable), f.String())
		}

		By("counting at the other server")
		eventuallyCondition(ctx, tenant, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
		there := connect(ctx, tenant)
		l.scim = there
		l.verify(ctx, "a tenant that moved")

		By("forgetting the earlier server")
		update(ctx, tenant, func() {
			metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, v1alpha1.AnnotationFinishMove, "now")
		})
		eventuallyGone(ctx, &v1alpha1.SCIMServer{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: tenant.Name}})
		there.createUser(ctx, "after@example.com")
	})
})
