package manifests

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

const deletable = acme + "  deletionPolicy: Delete\n"

func TestDeletion(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spec  string
		purge bool
	}{
		"Delete": {deletable, true}, "Retain": {acme + "  deletionPolicy: Retain\n", false}, "default": {acme, false},
		"misspelt": {acme + "  deletionPolicy: delete\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, acme)
			b.write("a.yaml", tc.spec)
			b.pass()
			first, token := b.tenant(key), b.token(key)
			b.remove(filepath.Join(b.dir, "a.yaml"))
			b.pass()
			b.notServed(key)
			b.logged("tenant is not served any more")
			if n := len(b.served().Purges); n > 0 || b.token(key) != token || !b.next.Equal(b.now.Add(b.timing.grace)) {
				t.Errorf("at once: %d purges, next pass at %s", n, b.next)
			}
			b.now = b.next
			b.pass()
			b.logged("tenant is deleted")
			var want []config.Purge
			if tc.purge {
				want = []config.Purge{{Tenant: key, UID: first.UID}}
			}
			if diff := cmp.Diff(want, b.served().Purges); diff != "" || b.token(key) != "" {
				t.Errorf("after the grace: token %q, purges (-want +got):\n%s", b.token(key), diff)
			}
			b.write("a.yaml", tc.spec)
			if b.pass(); name == "misspelt" {
				return
			}
			if got := b.tenant(key); got.UID == first.UID || b.accepts(key, token) {
				t.Errorf("a later tenant of the same name: %+v", got)
			}
		})
	}
}

// TestPurgeIsDone: it is ordered until the server says that it is done, also over restarts.
func TestPurgeIsDone(t *testing.T) {
	t.Parallel()
	b := newBench(t, deletable)
	uid := b.tenant(key).UID
	b.write("a.yaml", "")
	b.pass()
	b.now = b.next
	b.restart()
	b.restart()
	if len(b.served().Purges) != 1 {
		t.Fatalf("purges %v", b.served().Purges)
	}
	b.report(b.served(), uid)
	select {
	case <-b.notice.purged:
	default:
		t.Error("no signal")
	}
	b.pass()
	if len(b.served().Purges) > 0 || len(b.state.purges) > 0 {
		t.Errorf("purges %v", b.served().Purges)
	}
	b.report(b.served())
	select {
	case <-b.notice.purged:
		t.Error("a signal for nothing")
	default:
	}
}

// TestAbsence: who comes back in time is who was there before.
func TestAbsence(t *testing.T) {
	t.Parallel()
	b := newBench(t, deletable)
	before, token := b.tenant(key), b.token(key)
	b.write("a.yaml", "")
	b.pass()
	b.now = b.next.Add(-time.Nanosecond)
	b.write("a.yaml", deletable)
	b.pass()
	if got := b.tenant(key); got.Hash() != before.Hash() || b.token(key) != token || len(b.served().Purges) > 0 {
		t.Errorf("%+v", got)
	}
	b.now = b.now.Add(time.Hour)
	b.write("a.yaml", "")
	b.pass()
	if !b.next.Equal(b.now.Add(b.timing.grace)) {
		t.Error("the earlier absence counts")
	}
	// A broken file is no deletion, however long it lasts.
	b.write("a.yaml", "a: b: c")
	b.now = b.now.Add(time.Hour)
	b.pass()
	if len(b.served().Purges) > 0 {
		t.Error("purged while the folder could not be read")
	}
}

// TestDeletedWhileDown: a deletion is noticed at the next start.
func TestDeletedWhileDown(t *testing.T) {
	t.Parallel()
	b := newBench(t, deletable)
	b.write("a.yaml", "")
	b.now = b.now.Add(time.Hour)
	b.restart()
	b.notServed(key)
	b.now = b.next
	if b.pass(); len(b.served().Purges) != 1 {
		t.Errorf("purges %v", b.served().Purges)
	}
}

// TestAnotherFolder: tenants that are not there have not been deleted.
func TestAnotherFolder(t *testing.T) {
	t.Parallel()
	b := newBench(t, deletable)
	b.dir = t.TempDir()
	b.write("a.yaml", strings.Replace(acme, "acme", "other", 1))
	b.restart()
	b.tenant("default/other")
	b.notServed(key)
	b.now = b.next
	b.pass()
	if len(b.served().Purges) > 0 || b.state.tenants[key] != nil {
		t.Errorf("purges %v", b.served().Purges)
	}
}
