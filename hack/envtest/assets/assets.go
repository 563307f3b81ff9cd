// Package assets finds or makes the programs that controller-runtime's envtest starts: kube-apiserver, etcd and kubectl.
package assets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Programs are the files that a folder of assets holds. envtest starts the first two; kubectl is for the person beside it.
var Programs = []string{"kube-apiserver", "etcd", "kubectl"}

// Find returns a folder for KUBEBUILDER_ASSETS: the one that this variable names, if its programs are there; else those
// built earlier; else what setup-envtest has or downloads; else it builds them from the pinned modules in
// hack/envtest/binaries, which takes about ten minutes on two cores, once for each version. The working directory must lie
// in the repository. Progress and the reasons of fallbacks go to log.
func Find(ctx context.Context, log io.Writer) (string, error) {
	p, err := findPinned(ctx)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w; set XDG_CACHE_HOME or KUBEBUILDER_ASSETS", err)
	}
	f := finder{
		env:      os.Getenv("KUBEBUILDER_ASSETS"),
		built:    filepath.Join(cache, "scim-operator", "envtest", p.name()),
		log:      log,
		download: downloader{pinned: p, log: log}.download,
		build:    builder{pinned: p, log: log}.build,
	}
	return f.find(ctx)
}

// finder tries the ways to the programs in their order.
type finder struct {
	env   string // value of KUBEBUILDER_ASSETS
	built string // where own builds of this version are kept
	log   io.Writer

	download func(context.Context) (string, error)
	build    func(ctx context.Context, dir string) error // puts the programs into dir
}

func (f finder) find(ctx context.Context) (string, error) {
	if f.env != "" {
		err := usable(f.env)
		if err == nil {
			return f.env, nil
		}
		f.note("KUBEBUILDER_ASSETS is of no use: %v", err)
	}
	if usable(f.built) == nil {
		return f.built, nil
	}
	dir, err := f.download(ctx)
	if err == nil {
		err = usable(dir)
	}
	if err == nil {
		return dir, nil
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	f.note("setup-envtest has no programs: %v", err)
	return f.built, f.buildOnce(ctx)
}

// buildOnce builds into a folder of its own and renames that, so that nobody ever sees half of it.
func (f finder) buildOnce(ctx context.Context) error {
	parent := filepath.Dir(f.built)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("make the cache folder: %w", err)
	}
	unlock, err := lock(filepath.Join(parent, "lock"), func() { f.note("waiting for another build of the envtest programs") })
	if err != nil {
		return err
	}
	defer unlock()
	if usable(f.built) == nil {
		return nil
	}
	tmp := f.built + ".tmp"
	if err := errors.Join(os.RemoveAll(tmp), os.RemoveAll(f.built), os.Mkdir(tmp, 0o755)); err != nil {
		return fmt.Errorf("prepare %s: %w", tmp, err)
	}
	if err := f.build(ctx, tmp); err != nil {
		return fmt.Errorf("build the envtest programs: %w", err)
	}
	if err := usable(tmp); err != nil {
		return fmt.Errorf("build the envtest programs: %w", err)
	}
	return os.Rename(tmp, f.built)
}

func (f finder) note(format string, args ...any) { fmt.Fprintf(f.log, format+"\n", args...) }

// usable tells why a folder does not hold the programs that envtest needs.
func usable(dir string) error {
	for _, name := range Programs[:2] {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			return fmt.Errorf("%s is no program", filepath.Join(dir, name))
		}
	}
	return nil
}
