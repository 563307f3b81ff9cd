package crash

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
	"github.com/scim-operator/scim-operator/test/program"
)

// startPostgres starts a PostgreSQL whose commits are on disk.
func (s *site) startPostgres(t *testing.T) {
	t.Helper()
	var err error
	if s.postgres, err = pgtest.Start(t.Context(), pgtest.Options{Durable: true, Settings: map[string]string{"data_sync_retry": "off"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.postgres.Stop(); err != nil {
			t.Error(err)
		}
	})
	s.options.Args = append(s.options.Args, "--postgres", s.postgres.URI("postgres"))
}

// end kills the server, and every other time PostgreSQL a moment before or after, which then starts again.
func (s *site) end(t *testing.T, server *program.Server, r *rand.Rand) {
	t.Helper()
	choice := r.IntN(4)
	moment := time.Duration(r.IntN(5)) * time.Millisecond
	if s.postgres == nil || choice < 2 {
		kill(t, server)
		return
	}
	if choice == 2 {
		s.killPostgres(t)
		wait(moment)
		kill(t, server)
	} else {
		kill(t, server)
		s.killPostgres(t)
	}
	if err := s.postgres.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (s *site) killPostgres(t *testing.T) {
	t.Helper()
	if err := s.postgres.Kill(); err != nil {
		t.Fatal(err)
	}
}
