package e2e

import (
	"context"
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
)

// residentMemory asks the node's kubelet for the pod's resident set size in bytes.
func residentMemory(ctx context.Context, pod *corev1.Pod) uint64 {
	GinkgoHelper()
	var rss uint64
	Eventually(func(g Gomega) {
		raw := kubectl(ctx, "get", "--raw", "/api/v1/nodes/"+pod.Spec.NodeName+"/proxy/stats/summary")
		var summary struct {
			Pods []struct {
				PodRef struct{ Name, Namespace string }
				Memory struct{ RSSBytes uint64 }
			}
		}
		g.Expect(json.Unmarshal([]byte(raw), &summary)).To(Succeed())
		for _, p := range summary.Pods {
			if p.PodRef.Name == pod.Name && p.PodRef.Namespace == pod.Namespace {
				rss = p.Memory.RSSBytes
			}
		}
		g.Expect(rss).NotTo(BeZero(), "the kubelet has no figure yet")
	}).WithContext(ctx).Should(Succeed())
	return rss
}
