package server

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestPodTrouble(t *testing.T) {
	t.Parallel()
	waiting := func(reason, message string, last *corev1.ContainerStateTerminated) corev1.PodStatus {
		return corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "scim-server",
			State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
			LastTerminationState: corev1.ContainerState{Terminated: last}}}}
	}
	for want, status := range map[string]corev1.PodStatus{
		"": waiting("ContainerCreating", "", nil),
		"container scim-server: ImagePullBackOff: no such image": waiting("ImagePullBackOff", "no such image", nil),
		"container scim-server: CrashLoopBackOff, after OOMKilled with exit code 137; see kubectl logs --previous": waiting(
			"CrashLoopBackOff", "back-off 10s", &corev1.ContainerStateTerminated{Reason: "OOMKilled", ExitCode: 137}),
		"Unschedulable: 0/2 nodes are available": {Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/2 nodes are available"}}},
	} {
		if got := podTrouble(&corev1.Pod{Status: status}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	p := &pass{pods: []corev1.Pod{{}, {Status: waiting("ErrImagePull", "m", nil)}}}
	p.pods[1].Name = "shared-1"
	if got, want := p.trouble(), "pod shared-1: container scim-server: ErrImagePull: m"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
