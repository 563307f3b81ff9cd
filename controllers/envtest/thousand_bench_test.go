package envtest_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/controllers/envtest"
)

const (
	// resync is how often everything is looked at again after the thousand tenants; it is ten hours by default.
	resync  = 10 * time.Second
	resyncs = 12
)

// BenchmarkThousandTenants measures the operator as a process with a thousand tenants of one shared server: the time until
// all are programmed, its greatest resident memory and processor time, and what it writes to the API server, as that one's
// audit log has it; and how much it writes afterwards, while it looks at everything again and again.
//
//	go test -run '^$' -bench ThousandTenants -benchtime 1x ./controllers/envtest
func BenchmarkThousandTenants(b *testing.B) {
	const n = 1000
	c := startCluster(b, envtest.Audited(b.TempDir()))
	startPods(b, c)
	user, err := c.AddUser("operator", "system:masters")
	if err != nil {
		b.Fatal(err)
	}
	pid := startProcess(b, user.Kubeconfig, "--resync-period="+resync.String()).Process.Pid
	for b.Loop() {
		apply(b, c, n, true)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/1000-tenants")
	b.ReportMetric(memory(b, pid, "VmHWM"), "MiB-peak-RSS")
	b.ReportMetric(processor(b, pid), "CPU-s")
	written := settle(b, c)
	b.ReportMetric(float64(written)/float64(n*b.N), "writes/tenant")
	<-time.After(resyncs * resync)
	b.ReportMetric(float64(writes(b, c)-written), fmt.Sprintf("writes-in-%d-resyncs", resyncs))
	b.ReportMetric(memory(b, pid, "VmRSS"), "MiB-RSS")
}

// settle waits until the operator writes nothing more, and returns how much it has written.
func settle(b *testing.B, c *envtest.Cluster) int {
	b.Helper()
	for before := -1; ; {
		now := writes(b, c)
		if now == before {
			return now
		}
		before = now
		<-time.After(3 * time.Second)
	}
}

// writes counts what the operator has written, and logs how much of what.
func writes(b *testing.B, c *envtest.Cluster) int {
	b.Helper()
	list, err := c.Audit("operator")
	if err != nil {
		b.Fatal(err)
	}
	n, kinds := 0, map[string]int{}
	for _, r := range list {
		if r.Write() {
			n++
			kinds[fmt.Sprintf("%s %s: %d", r.Verb, r.Resource, r.Code)]++
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if kinds[kind] > n/100 {
			b.Logf("%6d %s", kinds[kind], kind)
		}
	}
	return n
}
