package manifests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/controllers/manifests/folder"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

const inventory = `apiVersion: scim-operator.io/v1alpha1
kind: SCIMApplication
metadata: {name: inventory, namespace: apps}
spec:
  memberFields: [{name: email, required: true, unique: true}]
  roles: [{name: Viewer}]
  actions: [{name: Archive}]
  delivery: {webhook: {url: 'http://127.0.0.1:9000/scim', secretRef: {name: hook}}}
  allowedTenants: {namespaces: {from: All}}
---
apiVersion: v1
kind: Secret
metadata: {name: hook, namespace: apps}
stringData: {signingKey: whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz}
---
apiVersion: scim-operator.io/v1alpha1
kind: SCIMMapping
metadata: {name: base}
spec:
  attributes: [{field: email, from: userName}]
  role: {default: Viewer}
`

const provisions = "  applicationRef: {name: inventory, namespace: apps}\n  mappingRefs: [{name: base}]\n  lifecycle: {onDelete: {action: Archive}}\n"

// TestProvisioning: a tenant with an application, a mapping, a webhook and a feed, and what becomes of it.
func TestProvisioning(t *testing.T) {
	t.Parallel()
	b := newBench(t, acme+provisions)
	b.notServed(key)
	b.logged("reason=ApplicationNotFound")
	b.write("i.yaml", inventory)
	b.pass()
	got := b.tenant(key)
	if a := got.Application; a == nil || a.Name != "apps/inventory" || a.Webhook.SigningKeys[0] != "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz" ||
		got.Mapping.Attributes[0].From != "userName" || got.Lifecycle.OnDelete.Action != "Archive" {
		t.Errorf("entry %+v", got)
	}
	if !slices.Equal(b.served().AllowedNetworks, []string{"127.0.0.0/8", "::1/128"}) {
		t.Errorf("networks %v", b.served().AllowedNetworks)
	}
	header := filepath.Join(b.data, "feed-credentials", "apps", "inventory.header")
	if want := "  Members   curl -H @" + header + " http://localhost:8080/default/acme/members/v1/members\n"; !strings.Contains(b.out.String(), want) {
		t.Errorf("people read %s, want %s", b.out.String(), want)
	}
	b.logged("feed token issued", "application=apps/inventory")
	token := b.feedToken(got, `{"default/acme":"http://localhost:8080/default/acme/members/v1"}`)
	private(t, b.data, token)

	offers := len(b.offers)
	b.pass()
	if len(b.offers) != offers || b.logs.Len()+b.out.Len() > 0 || !b.next.IsZero() {
		t.Errorf("without a change: %d offers, next %s\n%s%s", len(b.offers), b.next, b.logs.String(), b.out.String())
	}

	good := b.tenant(key)
	for change, want := range map[[2]string]string{
		{"name: Archive", "name: Shelve"}:                                           "has no action Archive",
		{"{field: email, from: userName}", "{field: email, expression: user.mail}"}: "SCIMMapping base: spec.attributes[0].expression",
		{"name: email, required", "name: mail, required"}:                           `has no field \"email\"`,
		{"{signingKey: whsec_", "{signingKey: secret_"}:                             "does not begin with whsec_",
		{"{name: hook, namespace: apps}\nstring", "{name: hook}\nstring"}:           "there is no Secret hook in namespace apps",
		{"role: {default: Viewer}", "role: {default: ' Viewer', unknown: Perhaps}"}: `Unsupported value: \"Perhaps\"`,
	} {
		if !strings.Contains(inventory, change[0]) {
			t.Fatalf("%s is not in the text", change[0])
		}
		b.write("i.yaml", strings.Replace(inventory, change[0], change[1], 1))
		b.pass()
		b.logged("name="+key, want)
		if diff := cmp.Diff(good, b.tenant(key)); diff != "" {
			t.Errorf("%s: the last good entry is gone (-want +got):\n%s", want, diff)
		}
	}
	b.write("i.yaml", strings.Replace(inventory, "from: All", "from: Same", 1))
	b.pass()
	b.notServed(key)
	b.logged("reason=NotAllowedByApplication")
}

// feedToken reads the feed credentials, which must be those that the entry has the hash of.
func (b *bench) feedToken(entry config.Tenant, feeds string) string {
	b.Helper()
	secret, err := folder.ReadSecret(filepath.Join(b.data, "feed-credentials", "apps", "inventory.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	token := string(secret.Data["token"])
	if !config.CheckToken(token) || entry.Application.FeedTokens[0].SHA256 != config.HashToken(token) || string(secret.Data["feeds"]) != feeds || secret.Data["baseURL"] != nil {
		b.Errorf("feed credentials %s, tokens %+v", secret.Data, entry.Application.FeedTokens)
	}
	return token
}

// TestFeedToken: there is a new one when somebody asks for it, and when its time has come.
func TestFeedToken(t *testing.T) {
	t.Parallel()
	b := newBench(t, acme+provisions+"---\n"+inventory)
	feeds := `{"default/acme":"http://localhost:8080/default/acme/members/v1"}`
	first := b.feedToken(b.tenant(key), feeds)
	file := filepath.Join(b.data, "feed-credentials", "apps", "inventory.yaml")
	if files := b.files(); !slices.Contains(files, file) || !slices.Contains(b.folders(), filepath.Dir(file)) {
		t.Errorf("nobody watches %s: %v", file, files)
	}
	b.remove(file)
	b.pass()
	second := b.feedToken(b.tenant(key), feeds)
	rotating := strings.Replace(inventory, "  roles:", "  feed: {rotation: {every: 2h, overlap: 1h}}\n  roles:", 1)
	b.write("a.yaml", acme+provisions+"---\n"+rotating)
	b.pass()
	b.now = b.now.Add(2 * time.Hour)
	b.pass()
	third := b.feedToken(b.tenant(key), feeds)
	if first == second || second == third || len(b.tenant(key).Application.FeedTokens) != 2 || !b.next.Equal(b.now.Add(time.Hour)) {
		t.Errorf("tokens %s, %s, %s; next at %s", first, second, third, b.next)
	}
	b.write("a.yaml", acme+provisions+"---\n"+strings.Replace(rotating, "namespace: apps}\nspec", "namespace: apps, annotations: {scim-operator.io/rotate: x}}\nspec", 1))
	b.pass()
	fourth := b.feedToken(b.tenant(key), feeds)
	b.pass()
	if again := b.feedToken(b.tenant(key), feeds); fourth == third || again != fourth {
		t.Errorf("asked for once: %s, %s, %s", third, fourth, again)
	}

	b.write("a.yaml", acme)
	b.pass()
	if b.tenant(key).Application != nil {
		t.Error("without applicationRef there is an application")
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the token of a missing application is gone: %v", err)
	}
}
