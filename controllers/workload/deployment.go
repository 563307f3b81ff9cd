package workload

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// nodeLossSeconds is how long a pod without data of its own stays on a node that does not answer. Kubernetes' default is
// five minutes.
const nodeLossSeconds = 10

// Deployment runs the pods of a server whose data are in PostgreSQL. It is no StatefulSet, since that never replaces a pod
// of a lost node, and takes a pod away before it makes the next one. The error names spec.podTemplate if that cannot be
// merged.
func Deployment(in Input) (*appsv1ac.DeploymentApplyConfiguration, error) {
	s := in.Server
	template, err := merge(stateless(podTemplate(in), s), s.Spec.PodTemplate)
	if err != nil {
		return nil, fmt.Errorf("spec.podTemplate: %w", err)
	}
	return appsv1ac.Deployment(s.Name, s.Namespace).
		WithLabels(Labels(s)).
		WithSpec(appsv1ac.DeploymentSpec().
			WithReplicas(Replicas(s)).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector(s))).
			WithRevisionHistoryLimit(3).
			WithStrategy(appsv1ac.DeploymentStrategy().
				WithType(appsv1.RollingUpdateDeploymentStrategyType).
				WithRollingUpdate(appsv1ac.RollingUpdateDeployment().
					WithMaxUnavailable(intstr.FromInt32(0)).
					WithMaxSurge(intstr.FromString("25%")))).
			WithTemplate(template)), nil
}

// stateless spreads the pods, and lets them be replaced soon where their node is lost.
func stateless(t *corev1ac.PodTemplateSpecApplyConfiguration, s *v1alpha1.SCIMServer) *corev1ac.PodTemplateSpecApplyConfiguration {
	for _, key := range []string{corev1.LabelHostname, corev1.LabelTopologyZone} {
		t.Spec.WithTopologySpreadConstraints(corev1ac.TopologySpreadConstraint().
			WithTopologyKey(key).
			WithMaxSkew(1).
			WithWhenUnsatisfiable(corev1.ScheduleAnyway).
			WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(selector(s))).
			WithMatchLabelKeys(appsv1.DefaultDeploymentUniqueLabelKey)) // the pods of an update are spread among themselves
	}
	for _, key := range []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable} {
		t.Spec.WithTolerations(corev1ac.Toleration().
			WithKey(key).
			WithOperator(corev1.TolerationOpExists).
			WithEffect(corev1.TaintEffectNoExecute).
			WithTolerationSeconds(nodeLossSeconds))
	}
	return t
}
