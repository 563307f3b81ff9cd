package workload

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// StatefulSet runs the pods of a server. The error names spec.podTemplate if that cannot be merged.
func StatefulSet(in Input) (*appsv1ac.StatefulSetApplyConfiguration, error) {
	s := in.Server
	template, err := merge(podTemplate(in), s.Spec.PodTemplate)
	if err != nil {
		return nil, fmt.Errorf("spec.podTemplate: %w", err)
	}
	return appsv1ac.StatefulSet(s.Name, s.Namespace).
		WithLabels(Labels(s)).
		WithSpec(appsv1ac.StatefulSetSpec().
			WithReplicas(Replicas(s)).
			WithServiceName(headless(s)).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector(s))).
			WithPodManagementPolicy(appsv1.ParallelPodManagement).
			WithRevisionHistoryLimit(3).
			WithPersistentVolumeClaimRetentionPolicy(retention(s)).
			WithVolumeClaimTemplates(volumeClaim(s)).
			WithTemplate(template)), nil
}

// retention lets the volume go with a tenant's own server if that tenant's data are to go. It stays in all other cases.
func retention(s *v1alpha1.SCIMServer) *appsv1ac.StatefulSetPersistentVolumeClaimRetentionPolicyApplyConfiguration {
	whenDeleted := appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	if s.Annotations[v1alpha1.AnnotationDeletionPolicy] == string(v1alpha1.DeletionPolicyDelete) {
		whenDeleted = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	}
	return appsv1ac.StatefulSetPersistentVolumeClaimRetentionPolicy().
		WithWhenDeleted(whenDeleted).
		WithWhenScaled(appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
}

func volumeClaim(s *v1alpha1.SCIMServer) *corev1ac.PersistentVolumeClaimApplyConfiguration {
	spec := corev1ac.PersistentVolumeClaimSpec().
		WithAccessModes(corev1.ReadWriteOnce).
		WithResources(corev1ac.VolumeResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceStorage: volumeSize(s)}))
	if q := s.Spec.Storage.SQLite; q != nil && q.StorageClassName != "" {
		spec.WithStorageClassName(q.StorageClassName)
	}
	// The labels are part of what is immutable.
	claim := &corev1ac.PersistentVolumeClaimApplyConfiguration{}
	return claim.WithName(VolumeName).WithLabels(selector(s)).WithSpec(spec)
}

func volumeSize(s *v1alpha1.SCIMServer) resource.Quantity {
	if q := s.Spec.Storage.SQLite; q != nil && !q.Size.IsZero() {
		return q.Size
	}
	return resource.MustParse("1Gi")
}
