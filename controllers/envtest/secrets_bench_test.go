package envtest_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	foreignSecrets = 10_000
	foreignBytes   = 100 << 10
)

// BenchmarkForeignSecrets measures what the memory of the operator makes of 10,000 Secrets of 100 KiB that are not its own:
// its resident set without them, when they have come while it runs, and of one that finds them at its start.
//
//	go test -run '^$' -bench ForeignSecrets -benchtime 1x -timeout 1h ./controllers/envtest
func BenchmarkForeignSecrets(b *testing.B) {
	c := startCluster(b)
	for b.Loop() {
		first := startProcess(b, c.Kubeconfig()).Process.Pid
		rest := func(pid int) float64 { // what is garbage goes within the garbage collector's two minutes
			<-time.After(130 * time.Second)
			return memory(b, pid, "VmRSS")
		}
		b.ReportMetric(rest(first), "MiB-without")
		foreign(b, c.Config)
		b.ReportMetric(rest(first), "MiB-with")
		second := startProcess(b, c.Kubeconfig()).Process.Pid
		b.ReportMetric(rest(second), "MiB-started-with")
		b.ReportMetric(memory(b, second, "VmHWM"), "MiB-peak")
	}
	b.ReportMetric(0, "ns/op")
}

// foreign creates the Secrets.
func foreign(b *testing.B, config *rest.Config) {
	b.Helper()
	config = rest.CopyConfig(config)
	config.QPS, config.ContentType = -1, "application/vnd.kubernetes.protobuf"
	k, err := kubernetes.NewForConfig(config)
	if err != nil {
		b.Fatal(err)
	}
	content := make([]byte, foreignBytes)
	_, _ = rand.Read(content)
	numbers := make(chan int)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range numbers {
				s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("foreign-%05d", i)}, Data: map[string][]byte{"content": content}}
				if _, err := k.CoreV1().Secrets("default").Create(context.Background(), s, metav1.CreateOptions{}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range foreignSecrets {
		numbers <- i
	}
	close(numbers)
	all.Wait()
}
