package crd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// wantPrefix begins the first line of an invalid manifest; what follows is part of the message that refuses it.
const wantPrefix = "# want: "

// yamlFiles lists the YAML files below dir, kustomizations excepted.
func yamlFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".yaml" && d.Name() != "kustomization.yaml" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatalf("list manifests: %v", err)
	}
	if len(files) == 0 {
		t.Fatalf("no manifests in %s", dir)
	}
	return files
}

// documents splits a YAML file.
func documents(t *testing.T, file string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var docs [][]byte
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		docs = append(docs, doc)
	}
}

func parse(t *testing.T, doc []byte) *unstructured.Unstructured {
	t.Helper()
	obj := &unstructured.Unstructured{}
	if err := sigsyaml.Unmarshal(doc, &obj.Object); err != nil {
		t.Fatalf("parse manifest: %v\n%s", err, doc)
	}
	return obj
}

// manifest is an object of this API from the YAML of its spec.
func manifest(t *testing.T, kind, namespace, name, spec string) *unstructured.Unstructured {
	t.Helper()
	obj := parse(t, fmt.Appendf(nil, "apiVersion: scim-operator.io/v1alpha1\nkind: %s\nspec: %s\n", kind, indent(spec)))
	obj.SetNamespace(namespace)
	obj.SetName(name)
	return obj
}

func indent(spec string) string {
	if !strings.Contains(spec, "\n") {
		return spec
	}
	return "\n  " + strings.ReplaceAll(strings.TrimSpace(spec), "\n", "\n  ")
}

// wantOf reads the message that a manifest expects in its first line.
func wantOf(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	want, ok := strings.CutPrefix(line, wantPrefix)
	if !ok || strings.TrimSpace(want) == "" {
		t.Fatalf("%s: the first line must be %q and part of the message", file, wantPrefix)
	}
	return strings.TrimSpace(want)
}

// newNamespace makes a namespace for one test.
func newNamespace(t *testing.T) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "crd-"}}
	if err := k8s.Create(t.Context(), ns); err != nil {
		t.Fatalf("create a namespace: %v", err)
	}
	return ns.Name
}
