package pgtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// reachable tells whether the user whom the server runs as can enter the folders that lead to the data.
func (s *Server) reachable() error {
	dir, err := filepath.Abs(s.dir)
	if err != nil || s.owner == nil {
		return err
	}
	for dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		i, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it will be made
		}
		if err != nil {
			return err
		}
		if !enters(s.owner, i) && dir != s.own {
			return fmt.Errorf("the data of PostgreSQL cannot lie in %s: PostgreSQL does not run as root but as the user with the id %d, which cannot enter %s; "+
				"name another folder, or run chmod o+x %s", s.dir, s.owner.Uid, dir, dir)
		}
	}
	return nil
}

// enters tells whether a user may pass through a folder.
func enters(who *syscall.Credential, dir fs.FileInfo) bool {
	const others, group, owner = 0o001, 0o010, 0o100
	needed := fs.FileMode(others)
	if of, ok := dir.Sys().(*syscall.Stat_t); ok {
		switch {
		case of.Uid == who.Uid:
			needed = owner
		case of.Gid == who.Gid:
			needed = group
		}
	}
	return dir.Mode().Perm()&needed != 0
}
