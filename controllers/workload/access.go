package workload

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// StatusConfigMap is where the pods report on the tenants of a shard of their configuration. Its data are theirs.
func StatusConfigMap(s *v1alpha1.SCIMServer, shard int) *corev1ac.ConfigMapApplyConfiguration {
	return corev1ac.ConfigMap(v1alpha1.StatusConfigMapName(s.Name, shard), s.Namespace).WithLabels(Labels(s))
}

// ServiceAccount is the pods' identity. The pod asks for its token, other pods that would name the account get none.
func ServiceAccount(s *v1alpha1.SCIMServer) *corev1ac.ServiceAccountApplyConfiguration {
	return corev1ac.ServiceAccount(s.Name, s.Namespace).WithLabels(Labels(s)).WithAutomountServiceAccountToken(false)
}

// Role lets the pods read their configuration and write their report, by name.
func Role(s *v1alpha1.SCIMServer, shards []int) *rbacv1ac.RoleApplyConfiguration {
	var secrets, configMaps []string
	for _, n := range orFirst(shards) {
		secrets = append(secrets, v1alpha1.ConfigSecretName(s.Name, n))
		configMaps = append(configMaps, v1alpha1.StatusConfigMapName(s.Name, n))
	}
	return rbacv1ac.Role(s.Name, s.Namespace).WithLabels(Labels(s)).WithRules(
		rbacv1ac.PolicyRule().WithAPIGroups("").WithResources("secrets").
			WithResourceNames(secrets...).WithVerbs("get", "watch"),
		rbacv1ac.PolicyRule().WithAPIGroups("").WithResources("configmaps").
			WithResourceNames(configMaps...).WithVerbs("get", "patch"),
	)
}

// orFirst are the shards of a configuration that is still to come, or of one that is there.
func orFirst(shards []int) []int {
	if len(shards) == 0 {
		return []int{0}
	}
	return shards
}

// RoleBinding gives the Role to the ServiceAccount.
func RoleBinding(s *v1alpha1.SCIMServer) *rbacv1ac.RoleBindingApplyConfiguration {
	return rbacv1ac.RoleBinding(s.Name, s.Namespace).WithLabels(Labels(s)).
		WithRoleRef(rbacv1ac.RoleRef().WithAPIGroup("rbac.authorization.k8s.io").WithKind("Role").WithName(s.Name)).
		WithSubjects(rbacv1ac.Subject().WithKind("ServiceAccount").WithName(s.Name).WithNamespace(s.Namespace))
}
