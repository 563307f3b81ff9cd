package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// LocalReference names an object of the referrer's own namespace.
type LocalReference struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of an object has lower case letters, digits, '-' and '.', and begins and ends with a letter or digit"
	Name string `json:"name"`
}

// ObjectReference names an object, in the referrer's namespace unless another is given.
type ObjectReference struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of an object has lower case letters, digits, '-' and '.', and begins and ends with a letter or digit"
	Name string `json:"name"`

	// namespace of the object. Default: the namespace of the object that refers to it.
	// Another namespace must be permitted by the allowedTenants of the object referred to.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name of a namespace has lower case letters, digits and '-', and begins and ends with a letter or digit"
	Namespace string `json:"namespace,omitempty"`
}

// SecretKeyReference names one key of a Secret of the referrer's own namespace.
type SecretKeyReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of an object has lower case letters, digits, '-' and '.', and begins and ends with a letter or digit"
	Name string `json:"name"`

	// key in the Secret's data.
	// +optional
	// +kubebuilder:default=uri
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="the key of a Secret has letters, digits, '-', '_' and '.'"
	Key string `json:"key,omitempty"`
}

// Toggle switches a feature on or off.
// +kubebuilder:validation:Enum=Enabled;Disabled
type Toggle string

// Values of Toggle.
const (
	Enabled  Toggle = "Enabled"
	Disabled Toggle = "Disabled"
)

// AllowedTenants says which tenants may refer to an object, as a Gateway listener's allowedRoutes does.
type AllowedTenants struct {
	// namespaces from which tenants may refer to this object.
	// +optional
	// +kubebuilder:default={from: Same}
	Namespaces TenantNamespaces `json:"namespaces,omitzero"`
}

// TenantNamespaces selects namespaces.
//
// +kubebuilder:validation:XValidation:rule="!has(self.from) || self.from != 'Selector' || has(self.selector)",message="from: Selector needs a selector; an empty one, {}, selects every namespace",fieldPath=".selector"
// +kubebuilder:validation:XValidation:rule="!has(self.selector) || (has(self.from) && self.from == 'Selector')",message="selector is used only with from: Selector; set from: Selector, or remove selector",fieldPath=".selector"
type TenantNamespaces struct {
	// from says which namespaces are meant: Same (the object's own), All, or those that match selector.
	// +optional
	// +kubebuilder:default=Same
	From FromNamespaces `json:"from,omitempty"`

	// selector is matched against the labels of namespaces; only with from: Selector.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// FromNamespaces names a way to select namespaces.
// +kubebuilder:validation:Enum=Same;All;Selector
type FromNamespaces string

// Values of FromNamespaces.
const (
	NamespacesFromSame     FromNamespaces = "Same"
	NamespacesFromAll      FromNamespaces = "All"
	NamespacesFromSelector FromNamespaces = "Selector"
)
