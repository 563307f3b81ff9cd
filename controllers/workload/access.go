package workload

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// StatusConfigMap is where the pods report. Its data are theirs.
func StatusConfigMap(s *v1alpha1.SCIMServer) *corev1ac.ConfigMapApplyConfiguration {
	return corev1ac.ConfigMap(statusConfigMap(s), s.Namespace).WithLabels(Labels(s))
}

// ServiceAccount is the pods' identity. The pod asks for its token, other pods that would name the account get none.
func ServiceAccount(s *v1alpha1.SCIMServer) *corev1ac.ServiceAccountApplyConfiguration {
	return corev1ac.ServiceAccount(s.Name, s.Namespace).WithLabels(Labels(s)).WithAutomountServiceAccountToken(false)
}

// Role lets the pods read their configuration and write their report, by name.
func Role(s *v1alpha1.SCIMServer) *rbacv1ac.RoleApplyConfiguration {
	return rbacv1ac.Role(s.Name, s.Namespace).WithLabels(Labels(s)).WithRules(
		rbacv1ac.PolicyRule().WithAPIGroups("").WithResources("secrets").
			WithResourceNames(configSecret(s)).WithVerbs("get", "watch"),
		rbacv1ac.PolicyRule().WithAPIGroups("").WithResources("configmaps").
			WithResourceNames(statusConfigMap(s)).WithVerbs("get", "patch"),
	)
}

// RoleBinding gives the Role to the ServiceAccount.
func RoleBinding(s *v1alpha1.SCIMServer) *rbacv1ac.RoleBindingApplyConfiguration {
	return rbacv1ac.RoleBinding(s.Name, s.Namespace).WithLabels(Labels(s)).
		WithRoleRef(rbacv1ac.RoleRef().WithAPIGroup("rbac.authorization.k8s.io").WithKind("Role").WithName(s.Name)).
		WithSubjects(rbacv1ac.Subject().WithKind("ServiceAccount").WithName(s.Name).WithNamespace(s.Namespace))
}
