package manifests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

const key = "default/acme"

func annotated(annotations, spec string) string {
	return strings.Replace(acme, "  name: acme\n", "  name: acme\n  annotations: {"+annotations+"}\n", 1) + spec
}

// TestRotation: each way to a new token, and none without a reason.
func TestRotation(t *testing.T) {
	t.Parallel()
	b := newBench(t, acme)
	first := b.token(key)
	renewed := func(what string, want bool) {
		t.Helper()
		b.pass()
		token := b.token(key)
		if (token != first) != want || !b.accepts(key, token) || b.accepts(key, first) == want {
			t.Errorf("%s: new token: %t; the new one is accepted: %t, the earlier one: %t", what, token != first, b.accepts(key, token), b.accepts(key, first))
		}
		if strings.Contains(b.out.String(), "is served") != want || (want && len(b.tenant(key).Tokens) != 1) {
			t.Errorf("%s: people read %q; %d tokens", what, b.out.String(), len(b.tenant(key).Tokens))
		}
		first = token
	}
	renewed("nothing", false)
	b.write("a.yaml", annotated("scim-operator.io/rotate: one", ""))
	renewed("annotation", true)
	renewed("the same annotation", false)
	b.restart()
	renewed("the same annotation after a restart", false)
	b.write("a.yaml", annotated("scim-operator.io/rotate: two", ""))
	renewed("another annotation", true)
	b.write("a.yaml", acme)
	renewed("no annotation", false)
	b.remove(b.vault.secretFile(key))
	renewed("file deleted", true)
	b.remove(b.vault.headerFile(key))
	renewed("header deleted", false)
	if _, err := os.Stat(b.vault.headerFile(key)); err != nil {
		t.Error(err)
	}
	edit(t, b.vault.secretFile(key), "metadata:\n", "metadata:\n  annotations: {scim-operator.io/rotate: x}\n")
	renewed("annotation of the file", true)
	edit(t, b.vault.secretFile(key), "issuedAt:", "issued:")
	renewed("a part of the file is missing", true)
	if err := os.RemoveAll(b.vault.dir); err != nil {
		t.Fatal(err)
	}
	renewed("folder deleted", true)
}

func edit(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), from) {
		t.Fatalf("%s: %v\n%s", file, err, text)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRotationInTime: a token ends, and the one before it after the overlap.
func TestRotationInTime(t *testing.T) {
	t.Parallel()
	b := newBench(t, acme+"  auth: {bearer: {rotation: {every: 2h, overlap: 30m}}}\n")
	first, began := b.token(key), b.now
	if !b.next.Equal(began.Add(2 * time.Hour)) {
		t.Errorf("next pass at %s", b.next)
	}
	b.now = began.Add(2*time.Hour - time.Second)
	if b.pass(); b.token(key) != first {
		t.Error("renewed before its time")
	}
	b.now = began.Add(2 * time.Hour)
	b.pass()
	second := b.token(key)
	if second == first || !b.accepts(key, first) || !b.accepts(key, second) || !b.next.Equal(b.now.Add(30*time.Minute)) {
		t.Errorf("after 2h: next pass at %s", b.next)
	}
	b.restart() // the overlap survives
	b.now = b.now.Add(29 * time.Minute)
	if b.pass(); !b.accepts(key, first) {
		t.Error("the overlap ends early")
	}
	b.now = b.now.Add(time.Minute)
	if b.pass(); b.accepts(key, first) || !b.accepts(key, second) || len(b.tenant(key).Tokens) != 1 {
		t.Errorf("after the overlap: %+v", b.tenant(key).Tokens)
	}
}

const (
	broughtSpec = "  auth: {bearer: {secretRef: {name: mine}}}\n"
	mine        = "apiVersion: v1\nkind: Secret\nmetadata: {name: mine}\nstringData: {token: %s}\n"
)

// TestBrought: the token is in a Secret of the folder.
func TestBrought(t *testing.T) {
	t.Parallel()
	b := newBench(t, acme+broughtSpec)
	b.notServed(key)
	b.logged("reason=SecretNotFound", "there is no Secret mine in namespace default", "at=a.yaml:7")
	bring := func(token string) {
		b.write("b.yaml", strings.Replace(mine, "%s", token, 1))
		b.pass()
	}
	bring("short")
	b.notServed(key)
	b.logged("reason=InvalidSecret", "at least 16 are needed")

	bring("an-admins-own-token-1234")
	first := b.tenant(key)
	if !b.accepts(key, "an-admins-own-token-1234") || b.token(key) != "an-admins-own-token-1234" || len(first.Tokens) != 1 {
		t.Errorf("%+v", first.Tokens)
	}
	bring("an-admins-own-token-1234 # again")
	b.restart()
	if got := b.tenant(key); got.Hash() != first.Hash() {
		t.Errorf("without a change: %+v", got)
	}
	bring("another-token-of-the-admin")
	if !b.accepts(key, "another-token-of-the-admin") || b.accepts(key, "an-admins-own-token-1234") {
		t.Errorf("replaced: %+v", b.tenant(key).Tokens)
	}
	b.remove(filepath.Join(b.dir, "b.yaml"))
	b.pass()
	if !b.accepts(key, "another-token-of-the-admin") || b.token(key) != "another-token-of-the-admin" {
		t.Error("the Secret is gone for a moment, and the tenant does not go on")
	}
	b.write("a.yaml", acme)
	b.pass()
	if token := b.token(key); !config.CheckToken(token) || !b.accepts(key, token) || b.accepts(key, "another-token-of-the-admin") {
		t.Errorf("no longer brought: %+v", b.tenant(key).Tokens)
	}
}

// TestUnreadableCredentials: a file that people broke is not overwritten, and its token goes on.
func TestUnreadableCredentials(t *testing.T) {
	t.Parallel()
	b := newBench(t, acme)
	token := b.token(key)
	sound, err := os.ReadFile(b.vault.secretFile(key))
	if err != nil {
		t.Fatal(err)
	}
	broken := append([]byte("a: b: c\n"), sound...)
	if err := os.WriteFile(b.vault.secretFile(key), broken, 0o600); err != nil {
		t.Fatal(err)
	}
	b.write("a.yaml", acme+"  suspended: true\n")
	b.pass()
	b.logged("credentials of a tenant could not be kept", "acme.yaml")
	if now, err := os.ReadFile(b.vault.secretFile(key)); err != nil || string(now) != string(broken) || !b.accepts(key, token) || b.next.IsZero() {
		t.Errorf("%v, next pass at %s\n%s", err, b.next, now)
	}
	if err := os.WriteFile(b.vault.secretFile(key), sound, 0o600); err != nil {
		t.Fatal(err)
	}
	b.pass()
	if !b.tenant(key).Suspended || !b.accepts(key, token) {
		t.Error("mended, and the change is not served")
	}
}

func TestCredentialsCannotBeWritten(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	if err := os.MkdirAll(b.data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.vault.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.write("a.yaml", acme)
	b.pass()
	b.notServed(key)
	b.logged("credentials of a tenant could not be kept", "not a directory")
	b.remove(b.vault.dir)
	b.pass()
	b.tenant(key)
}

// TestInvalidTenantRotates: a token can be replaced while the spec is wrong.
func TestInvalidTenantRotates(t *testing.T) {
	t.Parallel()
	b := newBench(t, acme)
	first := b.token(key)
	b.write("a.yaml", annotated("scim-operator.io/rotate: now", "  protocol: Loose\n"))
	b.pass()
	if second := b.token(key); second == first || !b.accepts(key, second) || b.accepts(key, first) || b.tenant(key).Protocol != "Compatible" {
		t.Errorf("%+v", b.tenant(key))
	}
}
