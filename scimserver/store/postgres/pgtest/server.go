package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options say what a server is like.
type Options struct {
	Dir      string            // for the data, which stay; empty: a temporary one, in memory if there is one
	Durable  bool              // commits are on disk; else nothing is synced
	Settings map[string]string // further ones of postgresql.conf
}

// Server is a PostgreSQL on the loopback interface. It ends at the latest with the program that has started it.
type Server struct {
	bin      string
	dir      string // of the data
	own      string // folder that goes with the server, empty: none
	port     int
	owner    *syscall.Credential
	settings []string

	cmd    *exec.Cmd
	leash  io.Closer // the server ends when this is closed
	exited chan struct{}
}

// Superuser of every server. It needs no password; all other users do.
const Superuser = "postgres"

// startWithin is how long a server may take until it accepts connections, after a crash as well.
const startWithin = time.Minute

// Start makes a database cluster, if the folder has none, and starts a server.
func Start(ctx context.Context, o Options) (*Server, error) {
	bin, err := programs(ctx)
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: o.Dir, settings: settings(o)}
	if s.owner, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.dir == "" {
		if s.own, err = os.MkdirTemp(memoryDir(), "scim-postgres-"); err != nil {
			return nil, err
		}
		s.dir = filepath.Join(s.own, "data")
	}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	err = s.reachable()
	if err == nil {
		err = s.init(ctx)
	}
	if err == nil {
		err = s.Launch(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func settings(o Options) (list []string) {
	set := func(name, value string) { list = append(list, "-c", name+"="+value) }
	set("listen_addresses", "127.0.0.1")
	set("unix_socket_directories", "")
	set("max_connections", "300")
	set("shared_buffers", "128MB")
	set("dynamic_shared_memory_type", "mmap") // so that nothing is left in /dev/shm after a kill
	if !o.Durable {
		set("fsync", "off")
		set("full_page_writes", "off")
		set("synchronous_commit", "off")
	}
	for name, value := range o.Settings {
		set(name, value)
	}
	return list
}

// memoryDir is a folder in memory, empty if the system has none.
func memoryDir() string {
	const shared = "/dev/shm"
	if i, err := os.Stat(shared); err == nil && i.IsDir() {
		return shared
	}
	return ""
}

// unprivileged is whom a server runs as where this program runs as root, which PostgreSQL refuses to.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // nobody else
	}
	for _, name := range []string{"postgres", "nobody"} {
		if c, err := lookUp(name); err == nil {
			return c, nil
		}
	}
	return nil, errors.New("postgres does not run as root, and there is neither a user postgres nor nobody: run the tests as another user")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// init makes the database cluster.
func (s *Server) init(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.dir, "PG_VERSION")); err == nil {
		return s.adopt()
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if s.owner != nil {
		for _, dir := range []string{s.own, s.dir} {
			if dir == "" {
				continue
			}
			if err := os.Chown(dir, int(s.owner.Uid), int(s.owner.Gid)); err != nil {
				return err
			}
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"), "-D", s.dir, "-U", Superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	cmd.Dir = s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	const rule = "host %s %s 127.0.0.1/32 %s\n"
	rules := fmt.Sprintf(rule, "all", Superuser, "trust") + fmt.Sprintf(rule, "replication", Superuser, "trust") +
		fmt.Sprintf(rule, "all", "all", "scram-sha-256")
	return os.WriteFile(filepath.Join(s.dir, "pg_hba.conf"), []byte(rules), 0o600)
}

// adopt makes a copy of a database cluster one of the user whom the server runs as.
func (s *Server) adopt() error {
	if err := os.Chmod(s.dir, 0o700); err != nil || s.owner == nil {
		return err
	}
	return filepath.WalkDir(s.dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(s.owner.Uid), int(s.owner.Gid))
	})
}

// keeper runs PostgreSQL until the pipe ends, which it does with this program at the latest, and then removes the folder $OWN.
const keeper = `"$@" </dev/null 3<&- & pid=$!
(read -r _; test -z "$OWN" || touch "$OWN/stopping"; kill -QUIT $pid; while kill -0 $pid; do sleep 0.1; done; test -z "$OWN" || rm -rf "$OWN") <&3 2>/dev/null & guard=$!
wait $pid; code=$?
test -e "$OWN/stopping" || kill $guard 2>/dev/null
exit $code`

// Launch starts the server of an earlier Start again, at the same address, and waits until it accepts connections. After a
// kill the other processes of the last one may need a moment to end.
func (s *Server) Launch(ctx context.Context) (err error) {
	for range 20 {
		if err = s.launch(ctx); err == nil || !strings.Contains(err.Error(), "pre-existing shared memory") {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

func (s *Server) launch(ctx context.Context) error {
	args := append([]string{"-c", keeper, "sh", filepath.Join(s.bin, "postgres"), "-D", s.dir, "-p", strconv.Itoa(s.port)}, s.settings...)
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reader.Close()
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return errors.Join(err, writer.Close())
	}
	defer log.Close()
	s.cmd = exec.Command("/bin/sh", args...) // not bound to a context: Stop and Kill end it
	s.cmd.ExtraFiles = []*os.File{reader}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.Dir = s.dir
	s.cmd.Env = append(os.Environ(), "OWN="+s.own)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	if err := s.cmd.Start(); err != nil {
		return errors.Join(err, writer.Close())
	}
	if s.leash != nil {
		_ = s.leash.Close() // of a run that has ended
	}
	s.leash, s.exited = writer, make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait()
		close(exited)
	}(s.cmd, s.exited)
	return s.await(ctx)
}

func (s *Server) logFile() string { return s.dir + ".log" }

// await waits until the server accepts connections.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URI("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.exited:
			return fmt.Errorf("postgres ended while it started\n%s", s.LogTail())
		case <-ctx.Done():
			return fmt.Errorf("postgres accepts no connections: %w\n%s", err, s.LogTail())
		case <-ticker.C:
		}
	}
}

// URI is that of a database, for the superuser.
func (s *Server) URI(database string) string { return s.URIFor(url.User(Superuser), database) }

// URIFor is that of a database for another user.
func (s *Server) URIFor(user *url.Userinfo, database string) string {
	u := url.URL{Scheme: "postgres", User: user, Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Dir is the folder of the data.
func (s *Server) Dir() string { return s.dir }

// PID is the id of the server's first process, 0 if it does not run.
func (s *Server) PID() int {
	text, err := os.ReadFile(filepath.Join(s.dir, "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(line)
	return pid
}

// Ended is closed when the server has ended, by itself as well.
func (s *Server) Ended() <-chan struct{} { return s.exited }

// Kill ends the server at once, as kill -9 of all its processes does. Launch starts it again.
func (s *Server) Kill() error {
	pid := s.PID()
	if pid == 0 {
		return errors.New("postgres does not run")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	return s.ended()
}

// Shutdown ends the server in order, and cuts its connections. Launch starts it again.
func (s *Server) Shutdown() error {
	if err := syscall.Kill(s.PID(), syscall.SIGINT); err != nil {
		return err
	}
	return s.ended()
}

func (s *Server) ended() error {
	<-s.exited
	return s.leash.Close()
}

// Stop ends the server, and removes its data unless they are in Options.Dir.
func (s *Server) Stop() error {
	var err error
	if s.leash != nil {
		_ = s.leash.Close() // it may have ended already
		<-s.exited
		s.leash = nil
	}
	if s.own != "" {
		err = os.RemoveAll(s.own)
	}
	return err
}

// LogTail is the end of the server's log.
func (s *Server) LogTail() string {
	data, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	const length = 4 << 10
	return string(data[max(0, len(data)-length):])
}
