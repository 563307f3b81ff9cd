package folder_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/manifests/folder"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestRead reads folders from archives, whose file want tells what there is, or what is wrong.
func TestRead(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("%d archives: %v", len(archives), err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			last := len(a.Files) - 1
			got := read(unpack(t, a.Files[:last]))
			if *update {
				a.Files[last].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(a.Files[last].Data), got); diff != "" || a.Files[last].Name != "want" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func unpack(t *testing.T, files []txtar.File) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// read is the folder in words.
func read(dir string) string {
	o, err := folder.Read(dir)
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	line := func(kind, key, more string) { fmt.Fprintf(&b, "%s %s %s%s\n", kind, key, o.Place(kind, key, ""), more) }
	for _, key := range slices.Sorted(maps.Keys(o.Applications)) {
		line(v1alpha1.KindSCIMApplication, key, "")
	}
	for _, key := range slices.Sorted(maps.Keys(o.Mappings)) {
		line(v1alpha1.KindSCIMMapping, key, "")
	}
	for _, key := range slices.Sorted(maps.Keys(o.Servers)) {
		line(v1alpha1.KindSCIMServer, key, "")
	}
	for _, key := range slices.Sorted(maps.Keys(o.Tenants)) {
		line(v1alpha1.KindSCIMTenant, key, "")
	}
	for _, key := range slices.Sorted(maps.Keys(o.Secrets)) {
		line("Secret", key, pairs(o.Secrets[key].Data))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Namespaces)) {
		fmt.Fprintf(&b, "Namespace %s%s\n", name, pairs(o.Namespaces[name]))
	}
	return b.String()
}

func pairs[V ~string | ~[]byte](m map[string]V) string {
	text := ""
	for _, k := range slices.Sorted(maps.Keys(m)) {
		text += " " + k + "=" + string(m[k])
	}
	return text
}

// TestObjects: defaults are filled in, and what only an API server knows is not taken from a file.
func TestObjects(t *testing.T) {
	t.Parallel()
	a, err := txtar.ParseFile("testdata/good.txtar")
	if err != nil {
		t.Fatal(err)
	}
	o, err := folder.Read(unpack(t, a.Files))
	if err != nil {
		t.Fatal(err)
	}
	acme, first, server := o.Tenants["default/acme"], o.Tenants["json/first"], o.Servers["scim/shared"]
	if acme.Spec.Protocol != v1alpha1.ProtocolCompatible || acme.Annotations[v1alpha1.AnnotationRotate] != "now" || len(acme.Status.Conditions) != 1 {
		t.Errorf("acme: %+v", acme)
	}
	if first.UID != "" || first.Generation != 0 {
		t.Errorf("first: uid %q, generation %d", first.UID, first.Generation)
	}
	if server.Spec.AllowedTenants.Namespaces.From != v1alpha1.NamespacesFromSame || *server.Spec.Replicas != 1 {
		t.Errorf("server: %+v", server.Spec)
	}
	if got := o.Place(v1alpha1.KindSCIMTenant, "default/acme", "spec.identityProvider"); got != "tenant.yaml:10" {
		t.Errorf("the field is at %s", got)
	}
	if got := o.Place(v1alpha1.KindSCIMTenant, "default/none", ""); got != "" {
		t.Errorf("what is not there is at %s", got)
	}
}

// TestSamples: what is applied to a cluster can be served without one.
func TestSamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"quickstart", "reference"} {
		if _, err := folder.Read("../../../config/samples/" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	if _, err := folder.Read(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("no folder: %v", err)
	}
	dir := t.TempDir()
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Read(dir); err == nil || !strings.Contains(err.Error(), "dangling.yaml") {
		t.Errorf("dangling link: %v", err)
	}
	dir = t.TempDir()
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "device.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Read(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("device: %v", err)
	}
	dir = t.TempDir()
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, folder.MaxFileBytes+1); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Read(dir); err == nil || !strings.Contains(err.Error(), "more than 16777216 bytes") {
		t.Errorf("large file: %v", err)
	}
}

// TestAliases: aliases of aliases cannot fill the memory.
func TestAliases(t *testing.T) {
	t.Parallel()
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	_, err := folder.Read(unpack(t, []txtar.File{{Name: "bomb.yaml", Data: []byte(text)}}))
	if err == nil || !strings.Contains(err.Error(), "bomb.yaml:1: document 1: document contains excessive aliasing") {
		t.Errorf("error %v", err)
	}
}

func TestReadSecret(t *testing.T) {
	t.Parallel()
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: {a: b}}\n"
	for name, tc := range map[string]struct{ text, want string }{
		"sound":       {secret + "stringData: {token: x}\ndata: {id: eQ==}\n", ""},
		"empty":       {"", "must hold one Secret"},
		"two":         {secret + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: t}\n", "must hold one Secret"},
		"other kind":  {"apiVersion: scim-operator.io/v1alpha1\nkind: SCIMTenant\nmetadata: {name: t}\n", "must hold one Secret"},
		"also others": {secret + "---\napiVersion: scim-operator.io/v1alpha1\nkind: SCIMTenant\nmetadata: {name: t}\n", "must hold one Secret"},
		"broken":      {"a: b: c", "s.yaml:1: document 1: mapping values"},
		"unknown":     {secret + "dat: {}\n", "s.yaml:4: document 1, Secret s: dat: there is no such field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "s.yaml")
			if err := os.WriteFile(file, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := folder.ReadSecret(file)
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if err == nil && (string(got.Data["token"]) != "x" || string(got.Data["id"]) != "y" || got.Annotations["a"] != "b") {
				t.Errorf("%q", got)
			}
		})
	}
}
