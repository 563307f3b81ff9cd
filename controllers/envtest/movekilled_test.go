package envtest_test

import (
	"context"
	"math/rand/v2"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/envtest"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

var _ = Describe("A tenant that moves", Serial, func() {
	It("arrives although the operator is killed after every few writes, and never has two servers that write", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		readyServer(ctx, newServer(ns, "first"))
		readyServer(ctx, newServer(ns, "second"))
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "first"), deleteData))
		old := token(credentialsOf(ctx, tenant))
		settled(ctx, operator)
		replaced()
		seed := uint64(time.Now().UnixNano())
		AddReportEntry("seed", seed)
		random := rand.New(rand.NewPCG(seed, 0))

		// untilDone starts operators that die, one after the other, until done.
		untilDone := func(done func() bool) (deaths int) {
			for !done() {
				option, dead := envtest.Dying(1 + random.IntN(3))
				o := start(option)
				over := time.After(2 * time.Second) // it may have nothing to write
				for alive := true; alive; {
					select {
					case <-dead:
						deaths++
						alive = false
					case <-over:
						alive = false
					case <-ctx.Done():
						Fail("the move does not come to its end")
					}
				}
				_ = o.Stop() // a dead one cannot end well
				Expect([]string{roleIn(ctx, Default, ns, "first"), roleIn(ctx, Default, ns, "second")}).NotTo(HaveEach(""), "two servers write the tenant")
			}
			return deaths
		}
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ServerRef.Name = "second" })
		deaths := untilDone(func() bool {
			return roleIn(ctx, Default, ns, "second") == config.MoveTarget && roleIn(ctx, Default, ns, "first") == config.MoveSource
		})
		fetched(ctx, ns, "second", tenant, config.MoveReport{Phase: config.MoveDone, PausedMillis: 100})
		deaths += untilDone(func() bool {
			return boundTo(ctx, tenant) == ns+"/second" && roleIn(ctx, Default, ns, "first") == config.MoveForward
		})
		finishMove(ctx, tenant)
		deaths += untilDone(func() bool {
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(tenant), tenant)).To(Succeed())
			return roleIn(ctx, Default, ns, "first") == "absent" && roleIn(ctx, Default, ns, "second") == "" && tenant.Status.Move == nil
		})
		AddReportEntry("operators that died", deaths)
		Expect(deaths).To(BeNumerically(">", 3))

		last := start()
		DeferCleanup(func() { Expect(last.Stop()).To(Succeed()) })
		eventuallyStill(ctx, tenant)
		eventuallyReady(ctx, tenant)
		Expect(token(credentialsOf(ctx, tenant))).To(Equal(old))
	}, SpecTimeout(3*time.Minute))
})
