package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNoPgBouncer means that the program is neither on PATH nor where Debian has it.
var ErrNoPgBouncer = errors.New("no pgbouncer is installed")

// pooled is how many databases a PgBouncer has.
const pooled = 1000

// PgBouncer pools connections to a PostgreSQL of its own, for each transaction anew.
type PgBouncer struct {
	server *Server
	dir    string
	port   int
	cmd    *exec.Cmd
	next   atomic.Int64
}

// StartPgBouncer starts one with a server.
func StartPgBouncer(ctx context.Context) (*PgBouncer, error) {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			return nil, ErrNoPgBouncer
		}
	}
	b := &PgBouncer{}
	if b.server, err = Start(ctx, Options{}); err != nil {
		return nil, err
	}
	if err = b.configure(); err == nil {
		err = b.launch(ctx, program)
	}
	if err != nil {
		return nil, errors.Join(err, b.Stop())
	}
	return b, nil
}

func (b *PgBouncer) configure() (err error) {
	if b.port, err = freePort(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "scim-pgbouncer-"); err != nil {
		return err
	}
	if err := os.Chmod(b.dir, 0o755); err != nil {
		return err
	}
	var text strings.Builder
	text.WriteString("[databases]\n")
	for n := range pooled {
		fmt.Fprintf(&text, "d%d = host=127.0.0.1 port=%d user=%s dbname=postgres connect_query='SET search_path TO d%d'\n", n, b.server.port, Superuser, n)
	}
	fmt.Fprintf(&text, `[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
server_round_robin = 1
default_pool_size = 5
server_idle_timeout = 1
max_client_conn = 500
log_connections = 0
log_disconnections = 0
`, b.port)
	return os.WriteFile(b.file(), []byte(text.String()), 0o644) //nolint:gosec // there is no secret in it, and another user reads it
}

func (b *PgBouncer) file() string { return filepath.Join(b.dir, "pgbouncer.ini") }

func (b *PgBouncer) launch(ctx context.Context, program string) error {
	log, err := os.Create(filepath.Join(b.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	b.cmd = exec.Command(program, b.file()) // not bound to a context: Stop ends it
	b.cmd.Stdout, b.cmd.Stderr = log, log
	b.cmd.Dir = b.dir
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: b.server.owner}
	if err := b.cmd.Start(); err != nil {
		b.cmd = nil
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", b.address())
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("pgbouncer accepts no connections: %w\n%s", err, text)
		case <-ticker.C:
		}
	}
}

func (b *PgBouncer) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(b.port)) }

// Database is the URI of an empty database of the test's own.
func (b *PgBouncer) Database(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprint("d", b.next.Add(1)-1)
	execute(tb, b.server.URI("postgres"), "CREATE SCHEMA "+pgx.Identifier{name}.Sanitize())
	u := url.URL{Scheme: "postgres", User: url.User("scim"), Host: b.address(), Path: "/" + name, RawQuery: "sslmode=disable"}
	return u.String()
}

// Stop ends it and its server.
func (b *PgBouncer) Stop() (err error) {
	if b.cmd != nil {
		err = b.cmd.Process.Kill()
		_ = b.cmd.Wait() // it was killed
	}
	return errors.Join(err, b.server.Stop(), os.RemoveAll(b.dir))
}
