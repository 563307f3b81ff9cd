package manifests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// TestManyTenants: people see some of them, and how many there are.
func TestManyTenants(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 23 {
		fmt.Fprintf(&text, "%s---\n", strings.Replace(acme, "acme", fmt.Sprintf("acme%02d", i), 1))
	}
	b := newBench(t, text.String())
	if n := strings.Count(b.out.String(), "is served.\n"); n != maxBlocks || !strings.Contains(b.out.String(), "3 more tenants are served") {
		t.Errorf("%d blocks:\n%s", n, b.out.String())
	}
}

// TestServedWhenReported: nothing is announced that the server does not serve.
func TestServedWhenReported(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.write("a.yaml", acme)
	b.out.Reset()
	b.Source.pass()
	entry := b.tenant(key)
	for name, r := range map[string]config.TenantReport{
		"earlier entry": {Hash: "0"}, "with an error": {Hash: entry.Hash(), Error: "its predecessor's data are being deleted"}, "unknown": {},
	} {
		if err := b.Report(t.Context(), config.Report{Tenants: map[string]config.TenantReport{key: r}}); err != nil || b.out.Len() > 0 {
			t.Errorf("%s: %v, %s", name, err, b.out.String())
		}
	}
	for range 2 {
		b.report(b.served())
	}
	if strings.Count(b.out.String(), "is served.") != 1 {
		t.Errorf("announced: %s", b.out.String())
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		".data/acme.header": ".data/acme.header", "http://localhost:8080/a/b": "http://localhost:8080/a/b", "http://[::1]:1": "'http://[::1]:1'",
		"a b": "'a b'", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "~/x": "'~/x'",
	} {
		if got := quote(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
