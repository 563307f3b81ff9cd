//go:build unix

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// fullPath is the environment variable that makes the test's own program one that runs out of space.
const fullPath = "SCIM_FULL_PATH"

// TestNoSpace runs a process that may write files of a certain size only, so that writing fails as
// it does on a full volume.
func TestNoSpace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "scim.db")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fullPath+"="+path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	checkDatabase(t, path)
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	equal(t, "users", present(t, s, "before", "lost", "after"), []string{"before", "after"})
}

func init() { children[fullPath] = runOutOfSpace }

// runOutOfSpace writes until there is no space, and again when there is.
func runOutOfSpace(path string) (err error) {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := run(s, insertUser("before")); err != nil {
		return err
	}
	if err := limitFiles(1 << 20); err != nil {
		return err
	}
	err = run(s, bigUser("lost", 1000))
	fmt.Println("without space:", err)
	if !errors.Is(err, store.ErrUnavailable) {
		return fmt.Errorf("without space: got error %w, want ErrUnavailable", err)
	}
	if err := s.View(context.Background(), crashTenant, func(r store.Reader) error {
		_, err := r.Get(context.Background(), store.TypeUser, "before")
		return err
	}); err != nil {
		return fmt.Errorf("read without space: %w", err)
	}
	if err := limitFiles(1 << 30); err != nil {
		return err
	}
	return run(s, insertUser("after"))
}

// limitFiles sets how large a file may become, in bytes.
func limitFiles(size uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	limit.Cur = size
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
}
