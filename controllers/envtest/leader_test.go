package envtest_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/controllers/envtest"
)

var _ = Describe("Two operators", Serial, func() {
	leads := func(o *envtest.Operator) func() bool {
		return func() bool {
			select {
			case <-o.Leads:
				return true
			default:
				return false
			}
		}
	}

	const lease = 6 * time.Second
	linked := func(ctx context.Context) (ns string, link *envtest.Link, leader, standby *envtest.Operator) {
		replaced()
		ns = newNamespace(ctx, nil)
		link, err := cluster.NewLink()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(link.Close()).To(Succeed()) })
		leader = start(envtest.Elected(ns, lease), envtest.Through(link))
		Eventually(leads(leader)).WithContext(ctx).Should(BeTrue())
		standby = start(envtest.Elected(ns, lease))
		DeferCleanup(func() { Expect(standby.Stop()).To(Succeed()) })
		return ns, link, leader, standby
	}

	It("hand over within two seconds when the leader ends", func(ctx context.Context) {
		replaced()
		ns := newNamespace(ctx, nil)
		leader := start(envtest.Elected(ns, 0))
		Eventually(leads(leader)).WithContext(ctx).Should(BeTrue())
		standby := start(envtest.Elected(ns, 0))
		DeferCleanup(func() { Expect(standby.Stop()).To(Succeed()) })
		tenant := readyTenant(ctx, newTenant(ns, "acme"))
		Expect(leads(standby)()).To(BeFalse(), "both lead")
		Expect(standby.Requests.Writes()).To(BeEmpty(), "what the standby has written")
		settled(ctx, leader)
		standby.Requests.Reset()

		Expect(leader.Stop()).To(Succeed())
		ended := time.Now()
		Eventually(leads(standby)).WithContext(ctx).WithPolling(10 * time.Millisecond).Should(BeTrue())
		took := time.Since(ended)
		AddReportEntry("hand-over", took.Round(time.Millisecond).String())
		Expect(took).To(BeNumerically("<", 2*time.Second))
		remove(ctx, credentialsOf(ctx, tenant))
		Expect(token(credentialsOf(ctx, tenant))).NotTo(BeEmpty(), "the new leader works")
		Expect(standby.Requests.Watches()).To(BeEmpty(), "what the new leader has to list first")
	}, SpecTimeout(time.Minute))

	It("do without a leader that is cut off, which ends by itself", func(ctx context.Context) {
		ns, link, leader, standby := linked(ctx)

		link.Cut()
		died := time.Now()
		Eventually(leads(standby)).WithContext(ctx).WithTimeout(2 * lease).Should(BeTrue())
		took := time.Since(died)
		AddReportEntry("take-over", took.Round(time.Millisecond).String())
		Expect(took).To(BeNumerically("<", 2*lease), "the lease, and a look at it")
		Expect(leader.Wait(ctx)).To(MatchError(ContainSubstring("leader election lost")))
		readyTenant(ctx, newTenant(ns, "acme"))
	}, SpecTimeout(time.Minute))

	It("never work at the same time, even where the leader's connections hang, and come back", func(ctx context.Context) {
		ns, link, leader, standby := linked(ctx)

		link.Freeze()
		hung := time.Now()
		Expect(leader.Wait(ctx)).To(MatchError(ContainSubstring("leader election lost")))
		took := time.Since(hung)
		AddReportEntry("end of a leader that is cut off", took.Round(time.Millisecond).String())
		Expect(took).To(BeNumerically("<", lease), "from then on another one may lead")
		Expect(leads(standby)()).To(BeFalse(), "the earlier leader ends first")
		Eventually(leads(standby)).WithContext(ctx).WithTimeout(2 * lease).Should(BeTrue())
		var held coordinationv1.LeaseList
		Expect(k8s.List(ctx, &held, client.InNamespace(ns))).To(Succeed())
		Expect(held.Items).To(HaveLen(1))
		link.Thaw()
		Consistently(func(g Gomega) {
			now := &coordinationv1.Lease{}
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(&held.Items[0]), now)).To(Succeed())
			g.Expect(now.Spec.HolderIdentity).To(Equal(held.Items[0].Spec.HolderIdentity), "the new leader's lease is its own")
		}).WithContext(ctx).Should(Succeed())
		readyTenant(ctx, newTenant(ns, "acme"))
	}, SpecTimeout(time.Minute))
})
