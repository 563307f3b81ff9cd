package faults

import (
	"context"
	"crypto/rand"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
	"github.com/scim-operator/scim-operator/test/program"
)

type programs struct{ server, application string }

func build(t *testing.T) programs {
	t.Helper()
	dir := t.TempDir()
	server, err := program.Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	application := filepath.Join(dir, "inventory")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", application, "../exampleapp/inventory")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return programs{server, application}
}

// site is where everything runs, again and again over the same data.
type site struct {
	*testing.T
	programs
	options program.Options
	tenant  program.Tenant
	key     webhook.Key
	dir     string
	address string // of the application
	wire    *wire

	mu          sync.Mutex
	server      *program.Server
	application *exec.Cmd
	appEnded    chan struct{}

	events, duplicates int // that were found in the end
}

func newSite(t *testing.T, p programs, mode string) *site {
	t.Helper()
	s := &site{T: t, programs: p, dir: t.TempDir()}
	var err error
	if s.key, err = webhook.NewKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	addresses, err := program.FreeAddresses(1)
	if err != nil {
		t.Fatal(err)
	}
	s.address = addresses[0]
	s.wire = newWire(t, s.address)
	folder := filepath.Join(s.dir, "manifests")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	s.tenant, err = program.Provisioning{
		URL: "http://" + s.wire.address() + "/hooks/scim", Mode: mode, TimeoutSeconds: 1, Key: s.key,
		Limits: "{requestsPerSecond: 100000, burst: 100000, concurrentRequests: 1000, users: 1000000}",
	}.WriteManifests(folder)
	if err != nil {
		t.Fatal(err)
	}
	s.options = program.Options{Binary: p.server, Manifests: folder, Data: filepath.Join(s.dir, "data"), Log: filepath.Join(s.dir, "server.log")}
	t.Cleanup(s.end)
	return s
}

// startServer waits until the server answers.
func (s *site) startServer() {
	s.Helper()
	server, err := program.Launch(s.options)
	if err != nil {
		s.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	s.set(server)
	if err := server.Ready(ctx, s.tenant); err != nil {
		s.Fatal(err)
	}
}

func (s *site) set(server *program.Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = server
}

// base is the URL of the server as it runs now.
func (s *site) base() string {
	return "http://" + s.now().Address
}

// now is the server as it runs now.
func (s *site) now() *program.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.server
}

func (s *site) killServer() {
	s.Helper()
	if err := s.now().Kill(); err != nil {
		s.Fatal(err)
	}
}

// startApplication waits until the application answers.
func (s *site) startApplication() {
	s.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "application.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(s.programs.application, "-listen", s.address, "-journal", filepath.Join(s.dir, "journal"))
	cmd.Env = append(os.Environ(), "SIGNING_KEY="+s.key.Encode())
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = log, log, program.EndWithParent()
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // by a kill
		close(ended)
	}()
	s.application, s.appEnded = cmd, ended
	for begin := time.Now(); !s.applicationAnswers(); wait(5 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			s.Fatal("the application does not start")
		}
	}
}

func (s *site) applicationAnswers() bool {
	res, err := http.Get("http://" + s.address + "/healthz")
	if err == nil {
		_ = res.Body.Close()
	}
	return err == nil && res.StatusCode == http.StatusNoContent
}

func (s *site) killApplication() {
	s.Helper()
	if err := s.application.Process.Kill(); err != nil {
		s.Fatal(err)
	}
	<-s.appEnded
}

func (s *site) end() {
	if s.application != nil {
		_ = s.application.Process.Kill()
		<-s.appEnded
	}
	if s.server != nil {
		select {
		case <-s.server.Exited():
		default:
			_ = s.server.Kill()
		}
	}
	if s.Failed() && s.server != nil {
		s.Logf("the end of the server's log:\n%s", s.server.LogTail())
	}
}

// feedToken is what the server has made for the application.
func (s *site) feedToken() string {
	s.Helper()
	token, err := program.FeedToken(s.options.Data)
	if err != nil {
		s.Fatal(err)
	}
	return token
}
