package folder

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// Objects are what a folder holds, by namespace/name. Defaults are filled in; of the metadata only name, namespace, labels
// and annotations are left.
type Objects struct {
	Servers      map[string]*v1alpha1.SCIMServer
	Applications map[string]*v1alpha1.SCIMApplication
	Mappings     map[string]*v1alpha1.SCIMMapping
	Tenants      map[string]*v1alpha1.SCIMTenant
	Secrets      map[string]Secret
	// Namespaces are the labels of namespaces, by name.
	Namespaces map[string]map[string]string

	places map[string]place
}

// Secret is what is read of a Secret.
type Secret struct {
	Annotations map[string]string
	Data        map[string][]byte // with stringData
}

func newObjects() *Objects {
	return &Objects{
		Servers: map[string]*v1alpha1.SCIMServer{}, Applications: map[string]*v1alpha1.SCIMApplication{},
		Mappings: map[string]*v1alpha1.SCIMMapping{}, Tenants: map[string]*v1alpha1.SCIMTenant{},
		Secrets: map[string]Secret{}, Namespaces: map[string]map[string]string{}, places: map[string]place{},
	}
}

// place is where an object stands.
type place struct {
	document
	prefix string // path of an item of a List; "": the document is the object
}

// line of a field of the object.
func (p place) fieldLine(path string) int { return p.line + locate(p.text, join(p.prefix, path)) }

func (p place) String() string { return fmt.Sprintf("%s:%d", p.file, p.fieldLine("")) }

// Place tells where a field of an object stands, as file:line. Without a path it is where the object begins.
func (o *Objects) Place(kind, key, path string) string {
	p, ok := o.places[kind+" "+key]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s:%d", p.file, p.fieldLine(path))
}

// strip leaves of an object's metadata what people write; the rest is the API server's.
func strip(m metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: m.Namespace, Name: m.Name, Labels: m.Labels, Annotations: m.Annotations}
}
