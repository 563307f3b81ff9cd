package folder

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	kjson "sigs.k8s.io/json"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// header is what every object begins with.
type header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"metadata"`
}

func (h header) String() string {
	name := h.Metadata.Name
	if h.Metadata.Namespace != "" {
		name = h.Metadata.Namespace + "/" + name
	}
	return strings.TrimRight(h.Kind+" "+name, " ")
}

// list is a v1 List, as kubectl writes it.
type list struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []json.RawMessage `json:"items"`
}

// secret is a v1 Secret. The type of k8s.io/api would bring all other types of its group with it.
type secret struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Immutable         *bool             `json:"immutable"`
	Data              map[string][]byte `json:"data"`
	StringData        map[string]string `json:"stringData"`
	Type              string            `json:"type"`
}

// namespace is as much of a v1 Namespace as is read.
type namespace struct {
	metav1.ObjectMeta `json:"metadata"`
}

// decoder gathers objects, and what is wrong with them.
type decoder struct {
	objects *Objects
	errs    []error
}

func (d *decoder) add(at place, h header, list ...issue) {
	for _, i := range list {
		if i.line == 0 {
			i.line = at.fieldLine(i.path)
		}
		what := fmt.Sprintf("document %d", at.number)
		if h.Kind != "" {
			what += ", " + h.String()
		}
		if path := join(at.prefix, i.path); path != "" {
			what += ": " + path
		}
		d.errs = append(d.errs, fmt.Errorf("%s:%d: %s: %s", at.file, i.line, what, i.text))
	}
}

func (d *decoder) document(doc document) {
	data, issues := doc.toJSON()
	at := place{document: doc}
	if len(issues) > 0 {
		d.add(at, header{}, issues...)
		return
	}
	if string(data) != "null" {
		d.object(at, data)
	}
}

func (d *decoder) object(at place, data []byte) {
	var h header
	err := kjson.UnmarshalCaseSensitivePreserveInts(data, &h)
	switch {
	case len(data) == 0 || data[0] != '{':
		d.add(at, h, issue{text: "is no object; it needs apiVersion, kind and metadata"})
	case err != nil:
		d.add(at, h, misfit[header](data, err))
	case h.Kind == "":
		d.add(at, h, issue{text: "kind is missing"})
	default:
		d.kind(at, h, data)
	}
}

func (d *decoder) kind(at place, h header, data []byte) {
	group, version, _ := strings.Cut(h.APIVersion, "/")
	switch {
	case group == v1alpha1.GroupName && version == v1alpha1.SchemeGroupVersion.Version:
		d.own(at, h, data)
	case group == v1alpha1.GroupName:
		d.add(at, h, issue{path: "apiVersion", text: fmt.Sprintf("%q is not known; use %s", h.APIVersion, v1alpha1.SchemeGroupVersion)})
	case h.APIVersion == "v1" && h.Kind == "List" && at.prefix == "":
		d.list(at, h, data)
	case h.APIVersion == "v1" && h.Kind == "Secret":
		decode(d, at, h, data, d.secret)
	case h.APIVersion == "v1" && h.Kind == "Namespace":
		d.namespace(data)
	case group == "kustomize.config.k8s.io": // it says which files there are, and they are here
	default:
		d.foreign(at, h)
	}
}

func (d *decoder) own(at place, h header, data []byte) {
	switch h.Kind {
	case v1alpha1.KindSCIMServer:
		decode(d, at, h, data, func(key string, s *v1alpha1.SCIMServer) {
			s.ObjectMeta = strip(s.ObjectMeta)
			s.Default()
			d.objects.Servers[key] = s
		})
	case v1alpha1.KindSCIMApplication:
		decode(d, at, h, data, func(key string, a *v1alpha1.SCIMApplication) {
			a.ObjectMeta = strip(a.ObjectMeta)
			a.Default()
			d.objects.Applications[key] = a
		})
	case v1alpha1.KindSCIMMapping:
		decode(d, at, h, data, func(key string, m *v1alpha1.SCIMMapping) {
			m.ObjectMeta = strip(m.ObjectMeta)
			m.Default()
			d.objects.Mappings[key] = m
		})
	case v1alpha1.KindSCIMTenant:
		decode(d, at, h, data, func(key string, t *v1alpha1.SCIMTenant) {
			t.ObjectMeta = strip(t.ObjectMeta)
			t.Default()
			d.objects.Tenants[key] = t
		})
	default:
		d.foreign(at, h)
	}
}

func (d *decoder) foreign(at place, h header) {
	d.add(at, h, issue{path: "kind", text: fmt.Sprintf("%s of %q cannot be used here; there may be %s, %s, %s and %s of %s, Secret, Namespace and List of v1",
		h.Kind, h.APIVersion, v1alpha1.KindSCIMServer, v1alpha1.KindSCIMApplication, v1alpha1.KindSCIMMapping, v1alpha1.KindSCIMTenant, v1alpha1.SchemeGroupVersion)})
}

func (d *decoder) list(at place, h header, data []byte) {
	l, issues := strict[list](data)
	if len(issues) > 0 {
		d.add(at, h, issues...)
		return
	}
	for i, item := range l.Items {
		at.prefix = fmt.Sprintf("items[%d]", i)
		d.object(at, item)
	}
}

func (d *decoder) secret(key string, s *secret) {
	data := s.Data
	if data == nil {
		data = map[string][]byte{}
	}
	for name, value := range s.StringData {
		data[name] = []byte(value)
	}
	d.objects.Secrets[key] = Secret{Annotations: s.Annotations, Data: data}
}

// namespace takes the labels, which SCIMServers may select by; an API server adds the name.
func (d *decoder) namespace(data []byte) {
	var n namespace
	if kjson.UnmarshalCaseSensitivePreserveInts(data, &n) != nil || n.Name == "" {
		return
	}
	labels := map[string]string{}
	maps.Copy(labels, n.Labels)
	d.objects.Namespaces[n.Name] = labels
}

// meta is what every kind here has.
type meta[T any] interface {
	*T
	metav1.Object
}

// decode reads an object of a kind and passes it to keep, if nothing is wrong with it.
func decode[T any, P meta[T]](d *decoder, at place, h header, data []byte, keep func(key string, object P)) {
	obj, issues := strict[T](data)
	if len(issues) > 0 {
		d.add(at, h, issues...)
		return
	}
	p := P(obj)
	if p.GetNamespace() == "" {
		p.SetNamespace("default")
	}
	if list := identity(p); len(list) > 0 {
		d.add(at, h, list...)
		return
	}
	key := p.GetNamespace() + "/" + p.GetName()
	if first, ok := d.objects.places[h.Kind+" "+key]; ok {
		d.add(at, h, issue{path: "metadata.name", text: fmt.Sprintf("there is one of this name at %s already", first)})
		return
	}
	d.objects.places[h.Kind+" "+key] = at
	keep(key, p)
}

// identity checks namespace and name, of which paths are made.
func identity(o metav1.Object) []issue {
	var list []issue
	if o.GetName() == "" {
		return []issue{{path: "metadata.name", text: "is missing"}}
	}
	for _, text := range validation.IsDNS1123Subdomain(o.GetName()) {
		list = append(list, issue{path: "metadata.name", text: fmt.Sprintf("%q: %s", o.GetName(), text)})
	}
	for _, text := range validation.IsDNS1123Label(o.GetNamespace()) {
		list = append(list, issue{path: "metadata.namespace", text: fmt.Sprintf("%q: %s", o.GetNamespace(), text)})
	}
	return list
}
