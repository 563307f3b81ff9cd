package manifests

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/controllers/compile"
)

const shared = `apiVersion: scim-operator.io/v1alpha1
kind: SCIMServer
metadata: {name: shared, namespace: scim}
spec:
  endpoint: {baseURL: "https://scim.example.com"}
  allowedTenants: {namespaces: %s}
`

func server(namespaces string) string { return strings.Replace(shared, "%s", namespaces, 1) }

const onShared = "  serverRef: {name: shared, namespace: scim}\n"

// TestServers: tenants of all servers are served, where their servers allow it.
func TestServers(t *testing.T) {
	t.Parallel()
	b := newBench(t, acme+onShared)
	b.notServed(key)
	b.logged("reason=ServerNotFound", "there is no SCIMServer scim/shared")
	serve := func(namespaces string) {
		b.write("s.yaml", server(namespaces))
		b.pass()
	}
	serve("{from: Same}")
	b.notServed(key)
	b.logged("reason=NotAllowedByServer", "SCIMServer scim/shared does not allow tenants of namespace default")
	serve("{from: All}")
	if b.tenant(key); b.served().BaseURL != "https://scim.example.com" {
		t.Errorf("base URL %s", b.served().BaseURL)
	}
	if want := "  Base URL  https://scim.example.com/default/acme/scim/v2\n"; !strings.Contains(b.out.String(), want) ||
		!strings.Contains(b.out.String(), " http://localhost:8080/default/acme/scim/v2/Users\n") {
		t.Errorf("people read %s", b.out.String())
	}
	serve("{from: Selector, selector: {matchLabels: {scim: allowed}}}")
	b.notServed(key)
	b.write("n.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {scim: allowed}}\n")
	b.pass()
	b.tenant(key)
	serve("{from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: default}}}")
	b.tenant(key)

	b.write("b.yaml", strings.Replace(acme, "acme", "alone", 1))
	b.pass()
	b.tenant("default/alone")
	before := b.tenant(key)
	serve("{from: Everybody}")
	b.logged("kind=SCIMServer", `spec.allowedTenants.namespaces.from: Unsupported value`, "at=s.yaml:6",
		"reason=ServerNotReady", "SCIMServer scim/shared is not accepted: ")
	b.remove(filepath.Join(b.dir, "s.yaml"))
	b.pass()
	if got := b.tenant(key); got.Hash() != before.Hash() {
		t.Error("a server that is missing takes its tenants with it")
	}
}

// TestBaseURL: there is one, and a mistake in it does not move the tenants.
func TestBaseURL(t *testing.T) {
	t.Parallel()
	b := newBench(t, acme+"---\n"+server("{from: All}"))
	base := func(want string) {
		t.Helper()
		if got := b.served().BaseURL; got != want {
			t.Errorf("base URL %s, want %s", got, want)
		}
	}
	base("https://scim.example.com")
	second := strings.Replace(server("{from: All}"), "name: shared", "name: second", 1)
	b.write("b.yaml", second)
	b.pass()
	base("https://scim.example.com")
	b.write("b.yaml", strings.Replace(second, "scim.example.com", "other.example.com", 1))
	b.pass()
	base("https://scim.example.com")
	b.logged("a.yaml:12: SCIMServer scim/shared and SCIMServer scim/second name different base URLs", "--base-url")
	b.restart(func(o *Options) { o.BaseURL = "https://chosen.example.com" })
	base("https://chosen.example.com")

	b.remove(filepath.Join(b.dir, "b.yaml"))
	b.write("a.yaml", acme+"---\n"+strings.Replace(server("{from: All}"), "https://", "", 1))
	b.restart()
	base("https://chosen.example.com")
	b.logged("spec.endpoint.baseURL: Invalid value")
	b.write("a.yaml", acme)
	b.pass()
	base("http://localhost:8080")
}

// TestFindings: what an API server or the operator would not accept.
func TestFindings(t *testing.T) {
	t.Parallel()
	conflict := strings.Replace(server("{from: Same}"), "name: shared, namespace: scim", "name: acme", 1)
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"no application": {acme + "  applicationRef: {name: a}\n  mappingRefs: [{name: b}]\n", []string{"reason=ApplicationNotFound", "no SCIMApplication default/a"}},
		"lifecycle":      {acme + "  lifecycle: {onDelete: {action: None}}\n", []string{"reason=Invalid", "lifecycle needs an applicationRef", "at=a.yaml:7"}},
		"long name":      {strings.Replace(acme, "acme", strings.Repeat("a", 53), 1), []string{"reason=Invalid", "metadata.name", "at=a.yaml:4"}},
		"taken":          {acme + "---\n" + conflict, []string{"reason=Conflict", "SCIMServer default/acme exists already", "spec.serverRef"}},
		"extension": {acme + "  schemaExtensions:\n  - id: urn:example:badge\n    attributes:\n    - name: badge\n    - name: BADGE\n",
			[]string{"reason=Invalid", "spec.schemaExtensions[0].attributes: ", "two attributes have the same name", "at=a.yaml:9"}},
		"reserved attribute": {acme + "  schemaExtensions:\n  - id: urn:ietf:params:scim:schemas:extension:lucid:2.0:User\n    attributes:\n    - name: schemas\n    - name: $ref\n",
			[]string{"reason=Invalid", "spec.schemaExtensions"}},
		"server": {acme + "  serverRef: {name: pg}\n---\napiVersion: scim-operator.io/v1alpha1\nkind: SCIMServer\nmetadata: {name: pg}\n" +
			"spec: {endpoint: {baseURL: 'ftp://scim.example.com'}}\n", []string{"reason=Invalid", "spec.endpoint", "reason=ServerNotReady"}},
		"application": {"apiVersion: scim-operator.io/v1alpha1\nkind: SCIMApplication\nmetadata: {name: a}\nspec:\n  displayName: A\n  delivery: {}\n",
			[]string{"kind=SCIMApplication", "reason=Invalid", "spec.delivery: Invalid value: give a webhook", "at=a.yaml:6"}},
		"webhook Secret": {"apiVersion: scim-operator.io/v1alpha1\nkind: SCIMApplication\nmetadata: {name: a}\nspec:\n  delivery: {webhook: {url: 'https://a.example.com', secretRef: {name: s}}}\n",
			[]string{"kind=SCIMApplication", "reason=SecretNotFound", "no Secret s in namespace default", "at=a.yaml:5"}},
		"mapping": {"apiVersion: scim-operator.io/v1alpha1\nkind: SCIMMapping\nmetadata: {name: m}\nspec:\n  attributes:\n  - {field: a, from: 'emails['}\n",
			[]string{"kind=SCIMMapping", "reason=Invalid", "spec.attributes[0].from", "at=a.yaml:6"}},
		"many": {acme + "  protocol: a\n  uniqueIdentifier: b\n  deletionPolicy: c\n  resources: {groups: d}\n  limits: {users: 0, groups: 0, burst: 0}\n",
			[]string{"spec.protocol", "spec.uniqueIdentifier", "at=a.yaml:7"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, tc.text)
			b.logged(tc.want...)
			b.notServed(key)
		})
	}
}

// TestGates: without a cluster the file itself says that a gate is open.
func TestGates(t *testing.T) {
	t.Parallel()
	gated := acme + "  readinessGates: [{conditionType: example.com/Open}]\n"
	b := newBench(t, gated)
	if !b.tenant(key).Gated || !strings.Contains(b.out.String(), "SCIMTenant default/acme is waiting for its readiness gates and answers 503.") {
		t.Errorf("people read %s", b.out.String())
	}
	b.write("a.yaml", gated+"status:\n  conditions: [{type: example.com/Open, status: \"True\", reason: Set, message: \"\", lastTransitionTime: null}]\n")
	b.pass()
	if b.tenant(key).Gated || !strings.Contains(b.out.String(), "is served") {
		t.Errorf("people read %s", b.out.String())
	}
	b.write("a.yaml", acme+"  suspended: true\n")
	if b.pass(); !strings.Contains(b.out.String(), "is suspended and answers 503.") {
		t.Errorf("people read %s", b.out.String())
	}
}

func TestFieldOf(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"spec.limits.users: Invalid value": "spec.limits.users", "spec.schemaExtensions[0].id: x": "spec.schemaExtensions[0].id",
		"spec.applicationRef is not": "spec.applicationRef", "there is no SCIMServer": "", "spec is": "", "metadata.name: x": "metadata.name",
	} {
		if got := fieldOf(message); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
	if f := (compile.Finding{}); !f.OK() || !refused(nil).OK() {
		t.Error("nothing is wrong")
	}
}
