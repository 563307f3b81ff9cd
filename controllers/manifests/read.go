package manifests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// maxFile is the size of a file that is read, in bytes.
const maxFile = 16 << 20

// objects are what the files of a folder declare, by namespace/name; namespaces by name.
type objects struct {
	servers      map[string]*v1alpha1.SCIMServer
	tenants      map[string]*v1alpha1.SCIMTenant
	applications map[string]*v1alpha1.SCIMApplication
	mappings     map[string]*v1alpha1.SCIMMapping
	secrets      map[string]*corev1.Secret
	namespaces   map[string]*corev1.Namespace
	origin       map[string]string // kind and key → file and line
}

func newObjects() *objects {
	return &objects{
		servers: map[string]*v1alpha1.SCIMServer{}, tenants: map[string]*v1alpha1.SCIMTenant{},
		applications: map[string]*v1alpha1.SCIMApplication{}, mappings: map[string]*v1alpha1.SCIMMapping{},
		secrets: map[string]*corev1.Secret{}, namespaces: map[string]*corev1.Namespace{}, origin: map[string]string{},
	}
}

// files are the names of the manifests in a folder, as kubectl apply -f takes them. Hidden files and those of kustomize
// are not among them.
func files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the manifests: %w", err)
	}
	var out []string
	for _, e := range entries {
		name := e.Name()
		base, extension := strings.TrimSuffix(name, filepath.Ext(name)), filepath.Ext(name)
		if e.IsDir() || strings.HasPrefix(name, ".") || strings.EqualFold(base, "kustomization") {
			continue
		}
		if slices.Contains([]string{".yaml", ".yml", ".json"}, extension) {
			out = append(out, name)
		}
	}
	return out, nil
}

// read reads all files. The error joins everything that is wrong, with file and line.
func read(dir string) (*objects, error) {
	o := newObjects()
	names, err := files(dir)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, o.readFile(dir, name))
	}
	return o, errors.Join(errs...)
}

func (o *objects) readFile(dir, name string) error {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return err
	}
	if len(text) > maxFile {
		return fmt.Errorf("%s: larger than %d bytes", name, maxFile)
	}
	var errs []error
	documents := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		err := documents.Decode(&n)
		if errors.Is(err, io.EOF) {
			return errors.Join(errs...)
		}
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("%s: %w", name, err))...)
		}
		if n.Kind == yaml.DocumentNode && len(n.Content) == 1 && n.Content[0].ShortTag() != "!!null" {
			errs = append(errs, o.document(name, n.Content[0]))
		}
	}
}

// header is what every document begins with.
type header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"metadata"`
}

func (o *objects) document(file string, n *yaml.Node) error {
	free := &checker{}
	var h header
	value := free.value(n, nil, "")
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	at := fmt.Sprintf("%s:%d", file, n.Line)
	if err != nil || len(free.problems) > 0 {
		return errors.Join(render(file, h, free.problems), prefix(at, err))
	}
	if h.Kind == "" || h.APIVersion == "" || h.Metadata.Name == "" {
		return fmt.Errorf("%s: apiVersion, kind and metadata.name are needed", at)
	}
	return o.add(file, at, h, n, text)
}

// add decodes a document by its kind. Those of the four kinds are checked against their schemas first.
func (o *objects) add(file, at string, h header, n *yaml.Node, text []byte) error {
	all, err := schemas()
	if err != nil {
		return err
	}
	switch id := h.APIVersion + " " + h.Kind; {
	case id == "v1 Secret":
		return into(o, o.secrets, at, h, text, &corev1.Secret{})
	case id == "v1 Namespace":
		return into(o, o.namespaces, at, h, text, &corev1.Namespace{})
	case h.APIVersion != v1alpha1.SchemeGroupVersion.String() || all[h.Kind] == nil:
		return fmt.Errorf("%s: %s of %s is not read here, only the kinds of %s, and Secret and Namespace of v1", at, h.Kind, h.APIVersion, v1alpha1.SchemeGroupVersion)
	}
	c := &checker{}
	value := c.value(n, all[h.Kind], "")
	if len(c.problems) > 0 {
		return render(file, h, c.problems)
	}
	if text, err = json.Marshal(all[h.Kind].withDefaults(value)); err != nil {
		return prefix(at, err)
	}
	switch h.Kind {
	case v1alpha1.KindSCIMServer:
		return into(o, o.servers, at, h, text, &v1alpha1.SCIMServer{})
	case v1alpha1.KindSCIMTenant:
		return into(o, o.tenants, at, h, text, &v1alpha1.SCIMTenant{})
	case v1alpha1.KindSCIMApplication:
		return into(o, o.applications, at, h, text, &v1alpha1.SCIMApplication{})
	}
	return into(o, o.mappings, at, h, text, &v1alpha1.SCIMMapping{})
}

// into decodes text strictly and keeps the object under its key.
func into[T metav1.Object](o *objects, kind map[string]T, at string, h header, text []byte, obj T) error {
	strict, err := kjson.UnmarshalStrict(text, obj, kjson.DisallowUnknownFields)
	if err := errors.Join(append(strict, err)...); err != nil {
		return fmt.Errorf("%s: %s %s: %w", at, h.Kind, h.Metadata.Name, err)
	}
	key := obj.GetName()
	if h.Kind != "Namespace" {
		if obj.GetNamespace() == "" {
			obj.SetNamespace(metav1.NamespaceDefault)
		}
		key = obj.GetNamespace() + "/" + key
	}
	obj.SetDeletionTimestamp(nil) // a file is there or it is not
	if first, ok := o.origin[h.Kind+" "+key]; ok {
		return fmt.Errorf("%s: %s %s is declared twice, first at %s", at, h.Kind, key, first)
	}
	o.origin[h.Kind+" "+key] = at
	kind[key] = obj
	return nil
}

func render(file string, h header, list []problem) error {
	var errs []error
	for _, p := range list {
		at := p.text
		if p.field != "" {
			at = p.field + ": " + p.text
		}
		errs = append(errs, fmt.Errorf("%s:%d: %s %s: %s", file, p.line, h.Kind, h.Metadata.Name, at))
	}
	return errors.Join(errs...)
}

func prefix(at string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", at, err)
}
