package envtest_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/envtest"
)

var crowded = flag.Int("crowded", 5000, "tenants of the server in BenchmarkOneMoreTenant")

// oneMore are the tenants that are added, one after the other.
const oneMore = 10

// BenchmarkOneMoreTenant measures the way of a tenant from kubectl apply to its first answer: a server with 5,000 tenants gets
// one more. API server, operator and SCIM server are the real ones, each a process; the kubelet's part alone is played.
//
//	go test -run '^$' -bench OneMoreTenant -benchtime 1x -timeout 60m ./controllers/envtest
func BenchmarkOneMoreTenant(b *testing.B) {
	c := startCluster(b)
	operator := startProcess(b, c.Kubeconfig())
	s := startServer(b, c)
	began := time.Now()
	s.fill(b, *crowded)
	b.ReportMetric(time.Since(began).Seconds(), fmt.Sprintf("s/%d-tenants", *crowded))
	var took []time.Duration
	for b.Loop() {
		for n := range oneMore {
			took = append(took, s.add(b, fmt.Sprintf("more%d-%d", b.N, n)))
		}
	}
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took[len(took)/2].Seconds(), "s-median")
	b.ReportMetric(took[len(took)-1].Seconds(), "s-longest")
	b.ReportMetric(memory(b, operator.Process.Pid, "VmHWM"), "operator-MiB-peak-RSS")
	b.ReportMetric(memory(b, s.pid, "VmRSS"), "server-MiB-RSS")
}

// crowdedServer is a SCIM server of the cluster.
type crowdedServer struct {
	cluster         *envtest.Cluster
	namespace, base string
	pid             int
}

// startServer makes a SCIMServer, and runs its pod as a process.
func startServer(b *testing.B, c *envtest.Cluster) *crowdedServer {
	b.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "bench-"}}
	if err := c.Client.Create(b.Context(), ns); err != nil {
		b.Fatal(err)
	}
	if err := c.Client.Create(b.Context(), newServer(ns.Name, "shared")); err != nil {
		b.Fatal(err)
	}
	listen, ops, dir := freeAddress(b), freeAddress(b), b.TempDir()
	s := &crowdedServer{cluster: c, namespace: ns.Name, base: "http://" + listen}
	s.pid = run(b, "scimserver", c.Kubeconfig(), "serve", "--config-secret="+ns.Name+"/shared-config",
		"--status-configmap="+ns.Name+"/shared-status", "--pod-name=shared-0", "--kubeconfig="+s.kubeconfig(b, dir),
		"--data="+dir, "--listen="+listen, "--ops-listen="+ops, "--drain=0s").Process.Pid
	s.until(b, "the server is ready", time.Minute, func() bool { return status(b, "http://"+ops+"/readyz", "") == http.StatusOK })
	s.until(b, "the StatefulSet is there", time.Minute, func() bool { return s.markReady(b.Context()) == nil })
	return s
}

func (s *crowdedServer) kubeconfig(b *testing.B, dir string) string {
	b.Helper()
	file := filepath.Join(dir, "kubeconfig")
	if err := os.WriteFile(file, s.cluster.Kubeconfig(), 0o600); err != nil {
		b.Fatal(err)
	}
	return file
}

// markReady says what the kubelet and the StatefulSet's controller would.
func (s *crowdedServer) markReady(ctx context.Context) error {
	set := &appsv1.StatefulSet{}
	if err := s.cluster.Client.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: "shared"}, set); err != nil {
		return err
	}
	set.Status.Replicas, set.Status.ReadyReplicas, set.Status.ObservedGeneration = 1, 1, set.Generation
	return s.cluster.Client.Status().Update(ctx, set)
}

// fill gives the server n tenants.
func (s *crowdedServer) fill(b *testing.B, n int) {
	b.Helper()
	numbers, failed := make(chan int), make(chan error, n)
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			for i := range numbers {
				t := newTenant(s.namespace, fmt.Sprintf("t%04d", i), on(s.namespace, "shared"))
				if err := s.cluster.Client.Create(b.Context(), t); err != nil {
					failed <- err
				}
			}
		})
	}
	for i := range n {
		numbers <- i
	}
	close(numbers)
	done.Wait()
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
	awaitProgrammed(b, s.cluster, s.namespace, n, time.Hour)
}

// add creates a tenant and returns the time until a request with its token is answered.
func (s *crowdedServer) add(b *testing.B, name string) time.Duration {
	b.Helper()
	began := time.Now()
	if err := s.cluster.Client.Create(b.Context(), newTenant(s.namespace, name, on(s.namespace, "shared"))); err != nil {
		b.Fatal(err)
	}
	secret := &corev1.Secret{}
	key := client.ObjectKey{Namespace: s.namespace, Name: v1alpha1.CredentialsSecretName(name)}
	s.until(b, "the credentials are there", time.Minute, func() bool { return s.cluster.Client.Get(b.Context(), key, secret) == nil })
	url := fmt.Sprintf("%s/%s/%s/scim/v2/Users", s.base, s.namespace, name)
	s.until(b, "the tenant is served", time.Minute, func() bool { return status(b, url, token(secret)) == http.StatusOK })
	return time.Since(began)
}

func (s *crowdedServer) until(b *testing.B, what string, within time.Duration, ok func() bool) {
	b.Helper()
	late, look := time.After(within), time.NewTicker(10*time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case <-late:
			b.Fatalf("not after %s: %s", within, what)
		}
	}
}

// freeAddress is one that nobody listens on.
func freeAddress(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// status of an answer, 0 if there is none.
func status(b *testing.B, url, token string) int {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}
