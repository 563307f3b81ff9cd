package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of all kinds of this package.
const GroupName = "scim-operator.io"

// Kinds of this package.
const (
	KindSCIMServer      = "SCIMServer"
	KindSCIMApplication = "SCIMApplication"
	KindSCIMMapping     = "SCIMMapping"
	KindSCIMTenant      = "SCIMTenant"
)

var (
	// SchemeGroupVersion is the group and version of the kinds of this package.
	SchemeGroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

	// SchemeBuilder collects the functions that add the kinds to a scheme.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme adds the kinds of this package to a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(SchemeGroupVersion,
		&SCIMServer{}, &SCIMServerList{},
		&SCIMApplication{}, &SCIMApplicationList{},
		&SCIMMapping{}, &SCIMMappingList{},
		&SCIMTenant{}, &SCIMTenantList{},
	)
	metav1.AddToGroupVersion(scheme, SchemeGroupVersion)
	return nil
}
