package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Standby makes a standby of a server, which takes no writes until it is promoted (SELECT pg_promote()). The server is shut down for
// a moment, to be copied; what it acknowledges from then on can be read at the standby.
func (s *Server) Standby(ctx context.Context) (*Server, error) {
	if err := s.Shutdown(); err != nil {
		return nil, err
	}
	c := &Server{bin: s.bin, owner: s.owner, settings: s.settings}
	err := c.copyOf(s)
	s.settings = append(slices.Clip(s.settings), "-c", "synchronous_commit=remote_apply", "-c", "synchronous_standby_names=standby")
	if err = errors.Join(err, s.Launch(ctx)); err == nil {
		err = c.Launch(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// copyOf copies the data of a server that does not run.
func (s *Server) copyOf(primary *Server) (err error) {
	if s.own, err = os.MkdirTemp(memoryDir(), "scim-postgres-"); err != nil {
		return err
	}
	if s.port, err = freePort(); err != nil {
		return err
	}
	s.dir = filepath.Join(s.own, "data")
	if err := os.CopyFS(s.dir, os.DirFS(primary.dir)); err != nil {
		return err
	}
	source := fmt.Sprintf("primary_conninfo = 'host=127.0.0.1 port=%d user=%s application_name=standby'\n", primary.port, Superuser)
	for name, text := range map[string]string{"standby.signal": "", "postgresql.auto.conf": source} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if s.owner != nil {
		if err := os.Chown(s.own, int(s.owner.Uid), int(s.owner.Gid)); err != nil {
			return err
		}
	}
	return s.adopt()
}
