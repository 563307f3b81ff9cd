package envtest_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/envtest"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
)

// tenantsAtOnce are applied together, each with a server of its own.
const tenantsAtOnce = 100

// BenchmarkHundredTenants measures the operator as a process: the time until tenants that are applied at once are all
// programmed, and the greatest resident memory.
//
//	go test -run '^$' -bench HundredTenants -benchtime 1x ./controllers/envtest
func BenchmarkHundredTenants(b *testing.B) {
	c := startCluster(b)
	startPods(b, c)
	operator := startProcess(b, c.Kubeconfig())
	for b.Loop() {
		apply(b, c, tenantsAtOnce, false)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/100-tenants")
	b.ReportMetric(memory(b, operator.Process.Pid, "VmHWM"), "MiB-peak-RSS")
	b.ReportMetric(memory(b, operator.Process.Pid, "VmRSS"), "MiB-RSS")
}

// startCluster starts a real API server, if there is one to start.
func startCluster(b *testing.B, options ...envtest.Option) *envtest.Cluster {
	b.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		b.Skip("KUBEBUILDER_ASSETS is not set: KUBEBUILDER_ASSETS=$(go run ./hack/envtest) has a real API server")
	}
	ctrl.SetLogger(logr.Discard())
	c, err := envtest.Start(options...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Stop() })
	return c
}

// startPods starts stand-ins for the servers' pods.
func startPods(b *testing.B, c *envtest.Cluster) {
	b.Helper()
	pods, err := c.StartPods()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = pods.Stop() })
}

// apply creates n tenants and waits until all are programmed.
func apply(b *testing.B, c *envtest.Cluster, n int, onShared bool) {
	b.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "bench-"}}
	if err := c.Client.Create(b.Context(), ns); err != nil {
		b.Fatal(err)
	}
	if onShared {
		if err := c.Client.Create(b.Context(), newServer(ns.Name, "shared")); err != nil {
			b.Fatal(err)
		}
	}
	for i := range n {
		t := newTenant(ns.Name, fmt.Sprintf("t%04d", i))
		if onShared {
			on(ns.Name, "shared")(t)
		}
		if err := c.Client.Create(b.Context(), t); err != nil {
			b.Fatal(err)
		}
	}
	awaitProgrammed(b, c, ns.Name, n, 5*time.Minute)
}

// awaitProgrammed waits until n tenants are, by a watch: lists of a thousand of them, again and again, would take more of the
// API server than all that the operator does.
func awaitProgrammed(b *testing.B, c *envtest.Cluster, namespace string, n int, within time.Duration) {
	b.Helper()
	w, err := client.NewWithWatch(c.Config, client.Options{Scheme: c.Client.Scheme()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.Context(), within)
	defer cancel()
	done := map[string]bool{}
	for len(done) < n {
		news, err := w.Watch(ctx, &v1alpha1.SCIMTenantList{}, client.InNamespace(namespace)) // begins with what is there
		if err != nil {
			b.Fatalf("%d of %d tenants are programmed: %v", len(done), n, err)
		}
		noteProgrammed(news, done, n)
		news.Stop()
	}
}

// noteProgrammed notes the tenants that are, until there are n, or the watch ends.
func noteProgrammed(news watch.Interface, done map[string]bool, n int) {
	for e := range news.ResultChan() {
		t, ok := e.Object.(*v1alpha1.SCIMTenant)
		if !ok {
			return
		}
		if delete(done, t.Name); kubeutil.IsTrue(t, v1alpha1.ConditionProgrammed) {
			done[t.Name] = true
		}
		if len(done) == n {
			return
		}
	}
}

// startProcess builds the operator and runs it against the cluster.
func startProcess(b *testing.B, credentials []byte, args ...string) *exec.Cmd {
	b.Helper()
	return run(b, "operator", credentials, append([]string{"--metrics-bind-address=0", "--health-probe-bind-address=0"}, args...)...)
}

// run builds a program of this module and runs it against the cluster, until the benchmark ends.
func run(b *testing.B, program string, credentials []byte, args ...string) *exec.Cmd {
	b.Helper()
	dir := b.TempDir()
	binary, kubeconfig := filepath.Join(dir, program), filepath.Join(dir, "kubeconfig")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "../../cmd/"+program)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	if err := os.WriteFile(kubeconfig, credentials, 0o600); err != nil {
		b.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			b.Errorf("%s did not stop cleanly: %v\n%s", program, err, log.String())
		}
	})
	return cmd
}

// memory is a figure of a process in MiB, as the kernel counts it.
func memory(b *testing.B, pid int, field string) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip("the memory of a process is read from /proc")
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib / 1024
		}
	}
	b.Fatalf("no %s in /proc", field)
	return 0
}

// processor is the time that a process has had of the processors, in seconds.
func processor(b *testing.B, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skip("the processor time of a process is read from /proc")
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest) // from the third on
	var ticks float64
	for _, field := range fields[11:13] { // utime, stime
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return ticks / 100 // USER_HZ
}
