package pgtest

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestReachable(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can run PostgreSQL as somebody else")
	}
	open := t.TempDir()
	closed := filepath.Join(open, "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	for dir := open; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	somebody := &syscall.Credential{Uid: 65534, Gid: 65534}
	for dir, ok := range map[string]bool{
		filepath.Join(open, "data"):              true,
		filepath.Join(open, "later", "data"):     true,
		filepath.Join(closed, "data"):            false,
		filepath.Join(closed, "below", "data"):   false,
		closed + string(filepath.Separator):      true, // the folder itself becomes the server's
		filepath.Join(closed, "..", "alongside"): true,
	} {
		s := &Server{dir: dir, owner: somebody}
		switch err := s.reachable(); {
		case ok && err != nil:
			t.Errorf("%s: %v", dir, err)
		case !ok && (err == nil || !strings.Contains(err.Error(), "chmod o+x "+closed)):
			t.Errorf("%s: %v; want it to say what to do", dir, err)
		}
	}
	if err := (&Server{dir: filepath.Join(closed, "data")}).reachable(); err != nil {
		t.Errorf("who runs the server as himself is refused: %v", err)
	}
}
