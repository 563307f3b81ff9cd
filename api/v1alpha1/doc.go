// Package v1alpha1 holds the Kubernetes API of scim-operator: SCIMServer, SCIMApplication, SCIMMapping and SCIMTenant.
//
// +kubebuilder:object:generate=true
// +groupName=scim-operator.io
package v1alpha1
