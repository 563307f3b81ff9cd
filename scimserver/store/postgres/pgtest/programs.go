package pgtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// needed are the programs of PostgreSQL that tests start.
var needed = []string{"initdb", "postgres"}

// programs is a folder with the programs of PostgreSQL: on PATH, where Debian has them, or installed for tests.
func programs(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(path)) {
			return filepath.Dir(path), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	for _, dir := range found {
		if complete(dir) {
			return dir, nil
		}
	}
	dir, err := installed(ctx)
	if err != nil {
		return "", fmt.Errorf("no PostgreSQL is installed: put initdb and postgres on PATH, or set %s to the URI of a server: %w", Variable, err)
	}
	return dir, nil
}

// version is that of a folder of Debian's.
func version(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return n
}

func complete(dir string) bool {
	return !slices.ContainsFunc(needed, func(name string) bool {
		i, err := os.Stat(filepath.Join(dir, name))
		return err != nil || i.IsDir()
	})
}

func lookUp(name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}
