package manifests

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/controllers/manifests/folder"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

const acme = `apiVersion: scim-operator.io/v1alpha1
kind: SCIMTenant
metadata:
  name: acme
spec:
  identityProvider: Okta
`

// bench is a Source between a folder and a server that takes what it is offered. Passes are made by hand.
type bench struct {
	*testing.T
	*Source
	dir, data string
	now       time.Time
	next      time.Time // when the latest pass wants another one
	out, logs bytes.Buffer
	refuse    error            // what the server says
	offers    []*config.Server // what it has taken
}

// newBench starts a Source with one file.
func newBench(t *testing.T, text string) *bench {
	t.Helper()
	b := &bench{T: t, dir: t.TempDir(), data: filepath.Join(t.TempDir(), "data"), now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	b.write("a.yaml", text)
	b.restart()
	return b
}

// restart ends the Source and begins with another one over the same folders.
func (b *bench) restart(change ...func(*Options)) {
	b.Helper()
	b.logs.Reset()
	o := Options{
		Dir: b.dir, Data: b.data, Log: slog.New(slog.NewTextHandler(&b.logs, nil)), Out: &b.out,
		Clock: func() time.Time { return b.now }, Rand: rand.Reader,
	}
	for _, c := range change {
		c(&o)
	}
	var err error
	if b.Source, err = New(o); err != nil {
		b.Fatal(err)
	}
	b.Listening("[::]:8080", false)
	b.Source.offer = b.offer
	b.state = loadState(b.data, o.Dir, o.Log)
	b.passOn()
}

// offer is the server's side.
func (b *bench) offer(data []byte) error {
	c, err := config.Decode(data)
	if err != nil {
		b.Errorf("the offer is damaged: %v", err)
	}
	if b.refuse != nil {
		return b.refuse
	}
	b.offers = append(b.offers, c)
	return nil
}

func (b *bench) pass() {
	b.Helper()
	b.logs.Reset()
	b.passOn()
}

// passOn is a pass that keeps what was logged before.
func (b *bench) passOn() {
	b.out.Reset()
	b.next = b.Source.pass()
	if c := b.served(); c != nil {
		b.report(c)
	}
}

// report tells the Source what the server does: it serves everything, and has done no purge unless they are given.
func (b *bench) report(c *config.Server, purged ...string) {
	r := config.Report{ConfigHash: c.Hash(), Tenants: map[string]config.TenantReport{}, Purged: purged}
	for _, t := range c.Tenants {
		r.Tenants[t.Key] = config.TenantReport{Hash: t.Hash()}
	}
	if err := b.Report(b.Context(), r); err != nil {
		b.Error(err)
	}
}

func (b *bench) write(name, text string) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) remove(file string) {
	b.Helper()
	if err := os.Remove(file); err != nil {
		b.Fatal(err)
	}
}

// served is what the server has in effect, nil if it has nothing.
func (b *bench) served() *config.Server {
	if len(b.offers) == 0 {
		return nil
	}
	return b.offers[len(b.offers)-1]
}

// tenant is the entry that is served.
func (b *bench) tenant(key string) config.Tenant {
	b.Helper()
	var list []config.Tenant
	if c := b.served(); c != nil {
		list = c.Tenants
	}
	i := slices.IndexFunc(list, func(t config.Tenant) bool { return t.Key == key })
	if i < 0 {
		b.Fatalf("tenant %s is not served; log:\n%s", key, b.logs.String())
	}
	return list[i]
}

func (b *bench) notServed(key string) {
	b.Helper()
	if c := b.served(); c != nil && slices.ContainsFunc(c.Tenants, func(t config.Tenant) bool { return t.Key == key }) {
		b.Errorf("tenant %s is served", key)
	}
}

// logged checks that the latest pass has logged all of the texts.
func (b *bench) logged(texts ...string) {
	b.Helper()
	for _, text := range texts {
		if !strings.Contains(b.logs.String(), text) {
			b.Errorf("not logged: %s\nbut\n%s", text, b.logs.String())
		}
	}
}

// token is what the credentials file of a tenant has; "": there is none.
func (b *bench) token(key string) string {
	b.Helper()
	s, err := folder.ReadSecret(b.vault.secretFile(key))
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		b.Fatal(err)
	}
	return string(s.Data["token"])
}

// accepts tells whether a tenant's entry accepts a token now.
func (b *bench) accepts(key, token string) bool {
	b.Helper()
	return slices.ContainsFunc(b.tenant(key).Tokens, func(t config.Token) bool {
		return t.SHA256 == config.HashToken(token) && (t.NotAfter == nil || t.NotAfter.After(b.now))
	})
}
