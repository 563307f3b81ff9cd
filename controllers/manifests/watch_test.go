package manifests

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// follow runs the Source of a bench, and returns the configurations that it offers.
func follow(b *bench) <-chan *config.Server {
	b.Helper()
	offers := make(chan *config.Server, 100)
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	b.Clock, b.offered = time.Now, ""
	go func() {
		ended <- b.Source.Run(ctx, func(data []byte) error {
			c, err := config.Decode(data)
			offers <- c
			return err
		})
	}()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			b.Errorf("Run ended with %v", err)
		}
	})
	return offers
}

// await waits for a configuration.
func await(b *bench, offers <-chan *config.Server, what string, ok func(*config.Server) bool) {
	b.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case c := <-offers:
			if ok(c) {
				return
			}
		case <-timer.C:
			b.Fatalf("%s is not noticed", what)
		}
	}
}

func users(n int64) func(*config.Server) bool {
	return func(c *config.Server) bool { return len(c.Tenants) == 1 && c.Tenants[0].Limits.Users == n }
}

func limited(n string) string { return acme + "  limits: {users: " + n + "}\n" }

// quick is fast enough for tests; poll never comes.
var quick = timing{quiet: 10 * time.Millisecond, within: 100 * time.Millisecond, poll: time.Hour, grace: time.Hour}

func withTiming(t timing) func(*Options) { return func(o *Options) { o.timing = t } }

func TestRunNoticesChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t, limited("1"))
	b.restart(withTiming(quick))
	offers := follow(b)
	await(b, offers, "the start", users(1))
	b.write("a.yaml", limited("2"))
	await(b, offers, "an edit", users(2))

	b.write(".a.yaml.swp", limited("3")) // as editors do
	if err := os.Rename(filepath.Join(b.dir, ".a.yaml.swp"), filepath.Join(b.dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	await(b, offers, "a rename", users(3))

	b.write("b.yaml", strings.Replace(acme, "acme", "other", 1))
	await(b, offers, "a new file", func(c *config.Server) bool { return len(c.Tenants) == 2 })
	b.remove(filepath.Join(b.dir, "b.yaml"))
	await(b, offers, "a deletion", func(c *config.Server) bool { return len(c.Tenants) == 1 })

	before := b.token(key)
	b.remove(b.vault.secretFile(key))
	await(b, offers, "the deletion of a token", func(c *config.Server) bool { return c.Tenants[0].Tokens[0].SHA256 != config.HashToken(before) })

	b.write("a.yaml", "a: b: c")
	b.write("a.yaml", limited("4"))
	await(b, offers, "what was mended", users(4))
}

// TestRunFollowsAConfigMap: the kubelet swaps a link to a folder, and the files are links into it.
func TestRunFollowsAConfigMap(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.remove(filepath.Join(b.dir, "a.yaml"))
	mount := func(name, text string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(b.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		b.write(filepath.Join(name, "a.yaml"), text)
		link(t, name, filepath.Join(b.dir, "..data_tmp"))
		if err := os.Rename(filepath.Join(b.dir, "..data_tmp"), filepath.Join(b.dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	mount("..1", limited("1"))
	link(t, filepath.Join("..data", "a.yaml"), filepath.Join(b.dir, "a.yaml"))
	b.restart(withTiming(quick))
	offers := follow(b)
	await(b, offers, "the start", users(1))
	mount("..2", limited("2"))
	await(b, offers, "the swap", users(2))
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// TestRunPolls: changes that nobody announces are noticed as well.
func TestRunPolls(t *testing.T) {
	t.Parallel()
	polling := quick
	polling.poll = 20 * time.Millisecond
	b := newBench(t, "")
	b.remove(filepath.Join(b.dir, "a.yaml"))
	elsewhere := filepath.Join(t.TempDir(), "target.yaml")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(elsewhere, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(limited("1"))
	link(t, elsewhere, filepath.Join(b.dir, "a.yaml"))
	b.restart(withTiming(polling))
	offers := follow(b)
	await(b, offers, "the start", users(1))
	put(limited("22"))
	await(b, offers, "a change behind a link", users(22))

	if err := os.Rename(b.dir, b.dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b.write("a.yaml", limited("333"))
	await(b, offers, "another folder in its place", users(333))
	b.write("a.yaml", limited("4444"))
	await(b, offers, "an edit in it", users(4444))
}

// TestRunWakesUp: time and the server change the configuration, too.
func TestRunWakesUp(t *testing.T) {
	t.Parallel()
	short := quick
	short.grace = 50 * time.Millisecond
	b := newBench(t, deletable)
	b.restart(withTiming(short))
	offers := follow(b)
	await(b, offers, "the start", func(c *config.Server) bool { return len(c.Tenants) == 1 })
	b.write("a.yaml", "")
	uid := ""
	await(b, offers, "the end of the grace", func(c *config.Server) bool {
		if len(c.Purges) == 1 {
			uid = c.Purges[0].UID
		}
		return uid != ""
	})
	b.notice.report(config.Report{Purged: []string{uid}})
	await(b, offers, "the end of the purge", func(c *config.Server) bool { return len(c.Purges) == 0 })
}

func TestMatters(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		e    fsnotify.Event
		want bool
	}{
		"written":          {fsnotify.Event{Name: "/m/a.yaml", Op: fsnotify.Write}, true},
		"written and more": {fsnotify.Event{Name: "/m/scim.db", Op: fsnotify.Write | fsnotify.Create}, true},
		"database":         {fsnotify.Event{Name: "/m/scim.db-wal", Op: fsnotify.Write}, false},
		"swap file":        {fsnotify.Event{Name: "/m/.a.yaml.swp", Op: fsnotify.Write}, false},
		"rights":           {fsnotify.Event{Name: "/m/a.yaml", Op: fsnotify.Chmod}, false},
		"link swapped":     {fsnotify.Event{Name: "/m/..data", Op: fsnotify.Create}, true},
		"removed":          {fsnotify.Event{Name: "/m/a.yaml", Op: fsnotify.Remove}, true},
		"renamed":          {fsnotify.Event{Name: "/m/a.yaml", Op: fsnotify.Rename}, true},
	} {
		if got := matters(tc.e); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestWatcherWithoutTheKernel: where the system announces nothing, comparing the files does.
func TestWatcherWithoutTheKernel(t *testing.T) {
	t.Parallel()
	w := &watcher{}
	w.add(t.TempDir())
	defer w.close()
	file := filepath.Join(t.TempDir(), "a.yaml")
	differs := func(what string, want bool) {
		t.Helper()
		if got := w.differs([]string{file}); got != want {
			t.Errorf("%s: differs %t", what, got)
		}
	}
	differs("first look", true)
	differs("absent", false)
	if err := os.WriteFile(file, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	differs("new", true)
	differs("same", false)
	if err := os.Chtimes(file, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	differs("written", true)
	if err := os.Chmod(file, 0o400); err != nil {
		t.Fatal(err)
	}
	differs("other rights", true)
}
