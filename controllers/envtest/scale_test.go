package envtest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/envtest"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/scope"
)

// writesPerTenant is the most that the operator may write for a tenant of a shared server until it is served: its Secret,
// its finalizer, its status a few times, and Events.
const writesPerTenant = 12

// replaced lets others take the place of the suite's operator while a spec runs.
func replaced() {
	GinkgoHelper()
	Expect(operator.Stop()).To(Succeed())
	DeferCleanup(func() {
		var err error
		operator, err = cluster.StartOperator(operatorOptions())
		Expect(err).NotTo(HaveOccurred())
	})
}

// start starts an operator that ends with the spec.
func start(changes ...envtest.OperatorOption) *envtest.Operator {
	GinkgoHelper()
	return startScoped(nil, changes...)
}

func startScoped(namespaces scope.Scope, changes ...envtest.OperatorOption) *envtest.Operator {
	GinkgoHelper()
	o := operatorOptions()
	o.Namespaces = namespaces
	out, err := cluster.StartOperator(o, changes...)
	Expect(err).NotTo(HaveOccurred())
	return out
}

// crowd creates n tenants of the server "shared" in a new namespace at once.
func crowd(ctx context.Context, n int) (namespace string, tenants []*v1alpha1.SCIMTenant) {
	GinkgoHelper()
	namespace = newNamespace(ctx, nil)
	create(ctx, newServer(namespace, "shared"))
	for i := range n {
		tenants = append(tenants, create(ctx, newTenant(namespace, fmt.Sprintf("t%03d", i), on(namespace, "shared"))))
	}
	return namespace, tenants
}

// programmed waits until all tenants of a namespace are.
func programmed(ctx context.Context, namespace string, n int) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		var list v1alpha1.SCIMTenantList
		g.Expect(k8s.List(ctx, &list, client.InNamespace(namespace))).To(Succeed())
		g.Expect(list.Items).To(HaveLen(n))
		for i := range list.Items {
			g.Expect(kubeutil.IsTrue(&list.Items[i], v1alpha1.ConditionReady)).To(BeTrue(), "%s is ready", list.Items[i].Name)
		}
	}).WithContext(ctx).WithTimeout(time.Minute).Should(Succeed())
}

// of are those writes that have to do with a namespace.
func of(namespace string, writes []string) []string {
	return slices.DeleteFunc(writes, func(w string) bool { return !strings.Contains(w, "/"+namespace) })
}

// settled waits until an operator has nothing more to write.
func settled(ctx context.Context, o *envtest.Operator) {
	GinkgoHelper()
	Eventually(o.Requests.Quiet).WithContext(ctx).WithTimeout(time.Minute).Should(BeNumerically(">", time.Second))
}

var _ = Describe("Many tenants of one server", Serial, func() {
	It("cost a few writes each, the server's configuration fewer, and none afterwards", func(ctx context.Context) {
		const n = 60
		ns, _ := crowd(ctx, n)
		programmed(ctx, ns, n)
		settled(ctx, operator)
		writes := of(ns, operator.Requests.Writes())
		Expect(len(writes)).To(BeNumerically("<=", n*writesPerTenant), strings.Join(writes, "\n"))
		config := slices.DeleteFunc(slices.Clone(writes), func(w string) bool { return !strings.HasSuffix(w, "/secrets/shared-config") })
		Expect(len(config)).To(BeNumerically("<=", n/2), "the configuration is not written for each tenant")

		By("looking at everything again and again")
		other := start(envtest.Resynced(2 * time.Second))
		DeferCleanup(func() { Expect(other.Stop()).To(Succeed()) })
		Consistently(func() []string { return of(ns, other.Requests.Writes()) }).WithTimeout(7 * time.Second).Should(BeEmpty())
	}, SpecTimeout(3*time.Minute))

	It("are not touched when one of them changes", func(ctx context.Context) {
		const n = 20
		ns, tenants := crowd(ctx, n)
		programmed(ctx, ns, n)
		settled(ctx, operator)
		operator.Requests.Reset()
		change(ctx, tenants[7], func(t *v1alpha1.SCIMTenant) { t.Spec.Protocol = v1alpha1.ProtocolStrict })
		eventuallyReady(ctx, tenants[7])
		settled(ctx, operator)
		for _, w := range of(ns, operator.Requests.Writes()) {
			Expect(w).To(Or(ContainSubstring("/scimtenants/t007"), ContainSubstring("shared"), ContainSubstring("/events")))
		}
	}, SpecTimeout(2*time.Minute))
})

var _ = Describe("The queue", Serial, func() {
	It("lets what somebody changes go before what a start lists", func(ctx context.Context) {
		const n = 200
		ns, tenants := crowd(ctx, n)
		programmed(ctx, ns, n)
		settled(ctx, operator)
		replaced()

		// Every pass over a tenant asks for the time, once.
		var passes atomic.Int64
		o := operatorOptions()
		o.Now = func() time.Time {
			passes.Add(1)
			<-time.After(50 * time.Millisecond)
			return time.Now()
		}
		other, err := cluster.StartOperator(o)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(other.Stop()).To(Succeed()) })
		// What was changed before the operator listed cannot be told from the rest.
		Eventually(passes.Load).WithContext(ctx).WithPolling(10 * time.Millisecond).Should(BeNumerically(">", 8))
		last := tenants[n-1]
		change(ctx, last, func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef.Name = "missing" })
		before := passes.Load()
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(last), last)).To(Succeed())
			c := kubeutil.FindCondition(last, v1alpha1.ConditionAccepted)
			g.Expect(c.ObservedGeneration).To(Equal(last.Generation))
		}).WithContext(ctx).WithPolling(10 * time.Millisecond).Should(Succeed())
		Expect(passes.Load()-before).To(BeNumerically("<", n/2), "passes before the one over what was changed")
	}, SpecTimeout(3*time.Minute))
})

var _ = Describe("The caches", Serial, func() {
	It("hold the operator's own objects and the names of Secrets, no more", func(ctx context.Context) {
		replaced()
		other := start()
		DeferCleanup(func() { Expect(other.Stop()).To(Succeed()) })
		readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		own := []string{"scimservers", "scimtenants", "scimapplications", "scimmappings"}
		seen := 0
		for _, w := range other.Requests.Watches() {
			resource := w.Path[strings.LastIndex(w.Path, "/")+1:]
			if slices.Contains(own, resource) || w.MetadataOnly && slices.Contains([]string{"secrets", "namespaces"}, resource) {
				seen++
				continue
			}
			Expect(w.LabelSelector).To(Equal(v1alpha1.LabelManagedBy+"="+v1alpha1.ManagedBy), "what of %s is watched", w.Path)
		}
		Expect(seen).To(BeNumerically(">=", len(own)+2))
	})
})

var _ = Describe("A bad time", Serial, func() {
	It("of the API server loses no change and causes no more writes", func(ctx context.Context) {
		replaced()
		link, err := cluster.NewLink()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(link.Close()).To(Succeed()) })
		other := start(envtest.Through(link))
		DeferCleanup(func() { Expect(other.Stop()).To(Succeed()) })
		const n = 10
		ns, tenants := crowd(ctx, n)
		programmed(ctx, ns, n)
		settled(ctx, other)

		link.Cut()
		other.Requests.Reset()
		change(ctx, tenants[0], func(t *v1alpha1.SCIMTenant) { t.Spec.Protocol = v1alpha1.ProtocolStrict })
		secret := credentialsOf(ctx, tenants[1])
		old := token(secret)
		remove(ctx, secret)
		remove(ctx, tenants[2])
		link.Mend()

		eventuallyGone(ctx, tenants[2])
		Eventually(func(g Gomega) {
			entry := entryOf(ctx, g, tenants[0])
			g.Expect(entry.Protocol).To(Equal(string(v1alpha1.ProtocolStrict)))
			fresh := &corev1.Secret{}
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(secret), fresh)).To(Succeed())
			g.Expect(token(fresh)).NotTo(Equal(old))
		}).WithContext(ctx).WithTimeout(time.Minute).Should(Succeed())
		programmed(ctx, ns, n-1)
		settled(ctx, other)
		for _, w := range of(ns, other.Requests.Writes()) {
			Expect(w).To(Or(ContainSubstring("t000"), ContainSubstring("t001"), ContainSubstring("t002"), ContainSubstring("shared"),
				ContainSubstring("/events"), HaveSuffix("/secrets")))
		}
	}, SpecTimeout(3*time.Minute))

	It("of the operator, in the middle of much work, costs no write twice", func(ctx context.Context) {
		replaced()
		const n = 40
		first := start()
		ns, _ := crowd(ctx, n)
		Eventually(func() int { return len(of(ns, first.Requests.Writes())) }).WithContext(ctx).Should(BeNumerically(">", n))
		Expect(first.Stop()).To(Succeed())
		second := start()
		DeferCleanup(func() { Expect(second.Stop()).To(Succeed()) })
		programmed(ctx, ns, n)
		settled(ctx, second)
		writes := len(of(ns, first.Requests.Writes())) + len(of(ns, second.Requests.Writes()))
		Expect(writes).To(BeNumerically("<=", n*writesPerTenant))
		tokens := map[string]bool{}
		for _, entry := range configOf(ctx, Default, ns, "shared").Tenants {
			Expect(entry.Tokens).To(HaveLen(1))
			tokens[entry.Tokens[0].SHA256] = true
		}
		Expect(tokens).To(HaveLen(n))
	}, SpecTimeout(3*time.Minute))

	It("of many writers at once loses none of their changes", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		create(ctx, newServer(ns, "shared"))
		tenant := create(ctx, newTenant(ns, "acme", on(ns, "shared"), func(t *v1alpha1.SCIMTenant) {
			t.Spec.ReadinessGates = []v1alpha1.ReadinessGate{{ConditionType: "example.com/Open"}}
		}))
		for i := range 20 {
			change(ctx, tenant, func(t *v1alpha1.SCIMTenant) {
				metav1.SetMetaDataAnnotation(&t.ObjectMeta, fmt.Sprintf("example.com/%d", i), "set")
				t.Spec.Limits.Burst = new(int32(100 + i))
			})
			if i != 10 {
				continue
			}
			Eventually(func() error { // as the gate's controller does
				if err := k8s.Get(ctx, client.ObjectKeyFromObject(tenant), tenant); err != nil {
					return err
				}
				tenant.Status.Conditions = append(tenant.Status.Conditions, metav1.Condition{
					Type: "example.com/Open", Status: metav1.ConditionTrue, Reason: "Opened", LastTransitionTime: metav1.Now(),
				})
				return k8s.Status().Update(ctx, tenant)
			}).WithContext(ctx).Should(Succeed())
		}
		eventuallyReady(ctx, tenant)
		Expect(tenant.Annotations).To(And(HaveKey("example.com/0"), HaveKey("example.com/19")))
		Eventually(func(g Gomega) { g.Expect(entryOf(ctx, g, tenant).Limits.Burst).To(Equal(119)) }).WithContext(ctx).Should(Succeed())
	}, SpecTimeout(time.Minute))
})
