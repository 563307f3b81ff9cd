package manifests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	spec := func(text string) string { return strings.Replace(acme, "{identityProvider: Okta}", text, 1) }
	for name, tc := range map[string]struct{ text, want string }{
		"not YAML":            {"a: [b", "f.yaml: yaml: line 1"},
		"not an object":       {"- a", "f.yaml:1: json: cannot unmarshal array"},
		"empty":               {"{}", "f.yaml:1: apiVersion, kind and metadata.name are needed"},
		"no name":             {"apiVersion: v1\nkind: Secret\n", "f.yaml:1: apiVersion, kind and metadata.name"},
		"other kind":          {"apiVersion: v1\nkind: Pod\nmetadata: {name: p}", "f.yaml:1: Pod of v1 is not read here"},
		"other version":       {strings.Replace(acme, "v1alpha1", "v1", 1), "SCIMTenant of scim-operator.io/v1 is not read here"},
		"unknown field":       {spec("{identityProvidr: Okta}"), "f.yaml:5: SCIMTenant acme: spec.identityProvidr: there is no such field"},
		"unknown metadata":    {strings.Replace(acme, "namespace:", "namespase:", 1), `unknown field "metadata.namespase"`},
		"line of a field":     {spec("\n  suspended: false\n  limits:\n    users: 0\n"), "f.yaml:8: SCIMTenant acme: spec.limits.users: is 0, must be at least 1"},
		"enum":                {spec("{identityProvider: Octa}"), `spec.identityProvider: "Octa" is none of Okta, EntraID, OneLogin, JumpCloud, Generic`},
		"bool as text":        {spec(`{suspended: "true"}`), "spec.suspended: must be a boolean, not a string"},
		"yes is text":         {spec(`{suspended: yes}`), "spec.suspended: must be a boolean, not a string"},
		"number as text":      {spec(`{identityProvider: 7}`), "spec.identityProvider: must be a string, not an integer; put it in quotes"},
		"text as list":        {spec(`{schemaExtensions: a}`), "spec.schemaExtensions: must be an array, not a string"},
		"list as object":      {spec(`{limits: [a]}`), "spec.limits: must be an object, not an array"},
		"object as text":      {spec(`{protocol: {a: b}}`), "spec.protocol: must be a string, not an object"},
		"required":            {spec(`{serverRef: {namespace: a}}`), "f.yaml:5: SCIMTenant acme: spec.serverRef.name: is required"},
		"pattern":             {spec(`{auth: {bearer: {rotation: {every: 1d}}}}`), `spec.auth.bearer.rotation.every: "1d" does not match`},
		"quantity":            {spec(`{limits: {bodyBytes: lots}}`), `spec.limits.bodyBytes: "lots" does not match`},
		"too many":            {spec(`{schemaExtensions: [{id: "urn:a:b", attributes: []}]}`), "spec.schemaExtensions[0].attributes: has 0 items, at least 1 are needed"},
		"twice in a map":      {spec(`{readinessGates: [{conditionType: a/b}, {conditionType: a/b}]}`), "spec.readinessGates[1]: is given twice: a/b"},
		"field twice":         {spec("\n  suspended: true\n  suspended: false\n"), "f.yaml:7: SCIMTenant acme: spec.suspended: is given twice"},
		"merge key":           {spec("{<<: {suspended: true}}"), "only plain names are allowed here"},
		"object twice":        {acme + "---" + acme, "f.yaml:7: SCIMTenant acme-ns/acme is declared twice, first at f.yaml:2"},
		"several at once":     {spec("{protocol: Loose}") + "---\nkind: x\n", "f.yaml:7: apiVersion"},
		"Secret, wrong type":  {"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: '***'}", "f.yaml:1: Secret s: illegal base64"},
		"Secret, wrong field": {"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringdata: {a: b}", `unknown field "stringdata"`},
		"alias of itself":     {"a: &a [*a]", "the document is nested more than 64 deep"},
		"alias bomb":          {bomb(), "the document has more than 200000 values"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "f.yaml"), []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := read(dir)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v\nwant %q", err, tc.want)
			}
		})
	}
}

func bomb() string {
	var b strings.Builder
	b.WriteString("kind: x\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 8 {
		digit := string(rune('0' + i))
		next := string(rune('1' + i))
		b.WriteString("a" + next + ": &a" + next + " [" + strings.TrimSuffix(strings.Repeat("*a"+digit+", ", 10), ", ") + "]\n")
	}
	return b.String()
}

// TestReadFolder: which files count, and several documents in one.
func TestReadFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.yaml":             "# only a comment\n---\n" + acme + "---\n" + strings.ReplaceAll(acme, "acme", "other"),
		"b.yml":              strings.ReplaceAll(acme, "namespace: acme-ns", "labels: {a: b}"),
		"c.json":             `{"apiVersion": "scim-operator.io/v1alpha1", "kind": "SCIMServer", "metadata": {"name": "s"}}`,
		"anchors.yaml":       strings.Replace(strings.ReplaceAll(acme, "acme", "anchored"), "{identityProvider: Okta}", "{identityProvider: &x Okta, limits: &l {users: 5}}", 1),
		"kustomization.yaml": "resources: [a.yaml]",
		".hidden.yaml":       "a: [",
		"README.md":          "a: [",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	o, err := read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.tenants) != 4 || len(o.servers) != 1 || o.tenants["default/acme"] == nil {
		t.Errorf("%d tenants, %d servers", len(o.tenants), len(o.servers))
	}
	if s := o.servers["default/s"]; s.Spec.Storage.SQLite == nil || s.Spec.Storage.SQLite.Size.String() != "1Gi" {
		t.Errorf("storage %+v is without its default", s.Spec.Storage)
	}
	if t1 := o.tenants["acme-ns/acme"]; t1.Spec.Protocol != "Compatible" || *t1.Spec.Limits.Users != 100000 {
		t.Errorf("spec %+v is without defaults", t1.Spec)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(acme)
	f.Add(acme + "---\n" + "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: YQ==}\n")
	f.Add("a: &a [*a]")
	f.Add("? [a]\n: b\n")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "f.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = read(dir)
	})
}
