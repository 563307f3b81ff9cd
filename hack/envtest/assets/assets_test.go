package assets

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var errOffline = errors.New("offline")

func TestFindOrder(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		env, built, download bool // which folders hold the programs
		want                 string
		wantBuilds           int32
		wantLog              string
	}{
		"the variable comes first":      {env: true, built: true, download: true, want: "env"},
		"an own build before downloads": {built: true, download: true, want: "built", wantLog: "KUBEBUILDER_ASSETS is of no use"},
		"a download before a build":     {download: true, want: "download"},
		"a build when offline":          {want: "built", wantBuilds: 1, wantLog: "offline"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			var log strings.Builder
			var builds atomic.Int32
			f := fakeFinder(root, &log, &builds)
			f.env = filepath.Join(root, "env")
			for folder, there := range map[string]bool{"env": tc.env, "built": tc.built, "download": tc.download} {
				if there {
					writePrograms(t, filepath.Join(root, folder), 0o755)
				}
			}
			if tc.download {
				f.download = func(context.Context) (string, error) { return filepath.Join(root, "download"), nil }
			}
			dir, err := f.find(t.Context())
			if err != nil || dir != filepath.Join(root, tc.want) {
				t.Errorf("find() = %q, %v; want %q", dir, err, tc.want)
			}
			if got := builds.Load(); got != tc.wantBuilds {
				t.Errorf("%d builds, want %d", got, tc.wantBuilds)
			}
			if !strings.Contains(log.String(), tc.wantLog) {
				t.Errorf("log %q does not say %q", log.String(), tc.wantLog)
			}
			if err := usable(dir); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFindTwiceAtOnceBuildsOnce(t *testing.T) {
	t.Parallel()
	var builds atomic.Int32
	root := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := fakeFinder(root, io.Discard, &builds).find(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := builds.Load(); got != 1 {
		t.Errorf("%d builds, want 1", got)
	}
}

func TestFailedBuildLeavesNothingToUse(t *testing.T) {
	t.Parallel()
	var builds atomic.Int32
	f := fakeFinder(t.TempDir(), io.Discard, &builds)
	good := f.build
	f.build = func(_ context.Context, dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "etcd"), nil, 0o755), errOffline)
	}
	if _, err := f.find(t.Context()); !errors.Is(err, errOffline) {
		t.Fatalf("find() = %v, want %v", err, errOffline)
	}
	if _, err := os.Stat(f.built); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is there after a failed build: %v", f.built, err)
	}
	f.build = good
	if dir, err := f.find(t.Context()); err != nil || usable(dir) != nil {
		t.Errorf("find() after a failed build = %q, %v", dir, err)
	}
}

func TestIncompleteBuildIsRefused(t *testing.T) {
	t.Parallel()
	var builds atomic.Int32
	f := fakeFinder(t.TempDir(), io.Discard, &builds)
	f.build = func(context.Context, string) error { return nil }
	if _, err := f.find(t.Context()); err == nil {
		t.Error("a build without programs passed")
	}
}

func TestCanceledFindDoesNotBuild(t *testing.T) {
	t.Parallel()
	var builds atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fakeFinder(t.TempDir(), io.Discard, &builds).find(ctx); !errors.Is(err, context.Canceled) || builds.Load() != 0 {
		t.Errorf("find() = %v after %d builds, want %v and none", err, builds.Load(), context.Canceled)
	}
}

func TestUsable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if usable(dir) == nil {
		t.Error("an empty folder is usable")
	}
	writePrograms(t, dir, 0o644)
	if usable(dir) == nil {
		t.Error("files that cannot be run are usable")
	}
}

func TestReadPinned(t *testing.T) {
	t.Parallel()
	first := writeModule(t, "k8s.io/kubernetes v1.37.0")
	got, err := readPinned(first)
	if err != nil || got.version != "v1.37.0" || got.series() != "1.37.x" || !strings.HasPrefix(got.name(), "v1.37.0-") {
		t.Errorf("readPinned() = %+v, %v", got, err)
	}
	other, err := readPinned(writeModule(t, "k8s.io/kubernetes v1.37.0\n\tgo.etcd.io/etcd/server/v3 v3.7.1"))
	if err != nil || other.name() == got.name() {
		t.Errorf("the same name %q for another module: %v", other.name(), err)
	}
	if _, err := readPinned(writeModule(t, "example.com/other v1.0.0")); err == nil {
		t.Error("a module without k8s.io/kubernetes passed")
	}
}

// The API server of the tests should be of the release that the product's client libraries are of.
func TestRepositoryPinsTheReleaseOfItsClients(t *testing.T) {
	t.Parallel()
	p, err := findPinned(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client, err := output(command(t.Context(), p.root, "go", "list", "-m", "-f", "{{.Version}}", "k8s.io/client-go"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "v0." + p.parts()[1] + "."; !strings.HasPrefix(client, want) {
		t.Errorf("client-go %s, but Kubernetes %s in hack/envtest/binaries", client, p.version)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	p := progress{log: &log, of: 3}
	p.follow(strings.NewReader("go: downloading example.com/a v1.0.0\nexample.com/a\nexample.com/b\n# example.com/b\nb.go:1:1: expected 'package'\n"), time.Hour)
	if p.downloaded != 1 || p.compiled != 2 {
		t.Errorf("%d downloaded, %d compiled; want 1 and 2", p.downloaded, p.compiled)
	}
	if want := "# example.com/b\nb.go:1:1: expected 'package'\n"; log.String() != want {
		t.Errorf("log %q, want %q", log.String(), want)
	}
}

// fakeFinder is offline and builds by writing empty programs.
func fakeFinder(root string, log io.Writer, builds *atomic.Int32) finder {
	return finder{
		built:    filepath.Join(root, "built"),
		log:      log,
		download: func(context.Context) (string, error) { return "", errOffline },
		build: func(_ context.Context, dir string) error {
			builds.Add(1)
			return makePrograms(dir, 0o755)
		},
	}
}

func writePrograms(t *testing.T, dir string, mode os.FileMode) {
	t.Helper()
	if err := makePrograms(dir, mode); err != nil {
		t.Fatal(err)
	}
}

func makePrograms(dir string, mode os.FileMode) error {
	err := os.MkdirAll(dir, 0o755)
	for _, name := range Programs {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), nil, mode))
	}
	return err
}

// writeModule is a repository whose hack/envtest/binaries requires something.
func writeModule(t *testing.T, require string) string {
	t.Helper()
	root := t.TempDir()
	p := pinned{root: root}
	files := map[string]string{"go.mod": "module example.com/m\n\nrequire (\n\t" + require + "\n)\n", "go.sum": "", "main.go": "package main\n"}
	err := os.MkdirAll(p.source(), 0o755)
	for name, text := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(p.source(), name), []byte(text), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	return root
}
