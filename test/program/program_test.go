package program

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// script is a program that stands for the server.
func script(t *testing.T, text string) Options {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "server")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return Options{Binary: binary, Log: filepath.Join(dir, "log")}
}

func launch(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Launch(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.Exited()
	})
	return s
}

func TestServerThatEndsAtItsStart(t *testing.T) {
	t.Parallel()
	s := launch(t, script(t, "echo the disk is full >&2; exit 3"))
	if err := s.Ready(t.Context(), Tenant{}); err == nil || !strings.Contains(err.Error(), "exit status 3\nthe disk is full") {
		t.Errorf("Ready: %v", err)
	}
	if err := s.Kill(); err == nil || !strings.Contains(err.Error(), "server had ended by itself: exit status 3") {
		t.Errorf("Kill: %v", err)
	}
	if err := s.Stop(); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("Stop: %v", err)
	}
}

func TestServerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	s := launch(t, script(t, "exec tail -f /dev/null"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Ready(ctx, Tenant{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ready: %v", err)
	}
	if err := s.Kill(); err != nil {
		t.Errorf("Kill: %v", err)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	s := launch(t, script(t, "exec tail -f /dev/null"))
	m, err := ReadMemory(s.PID())
	if err != nil || m.RSS <= 0 || m.Peak < m.RSS {
		t.Errorf("memory %+v, %v", m, err)
	}
	if err := ResetPeak(s.PID()); err != nil {
		t.Error(err)
	}
	if _, err := CPU(s.PID()); err != nil {
		t.Error(err)
	}
	if total, err := TotalMemory(); err != nil || total < m.RSS {
		t.Errorf("machine with %d bytes, %v", total, err)
	}
	if err := s.Kill(); err != nil {
		t.Errorf("Kill: %v", err)
	}
	if _, err := ReadMemory(s.PID()); err == nil {
		t.Error("a process that has ended has memory")
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	s := launch(t, script(t, `trap 'echo stopped; exit 0' TERM; echo "$@"; while :; do sleep 0.01; done`))
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for s.LogTail() == "" { // the trap is set
		<-ticker.C
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if log := s.LogTail(); !strings.Contains(log, "--listen "+s.Address) || !strings.Contains(log, "stopped") {
		t.Errorf("log %q", log)
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	s := launch(t, script(t, "exec tail -f /dev/null"))
	tenant := Tenant{Base: "/ns/name/scim/v2", Token: "secret"}
	answers := make(chan string, 10)
	serve(t, s.OpsAddress, func(w http.ResponseWriter, r *http.Request) {
		answers <- r.URL.Path
		if len(answers) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	serve(t, s.Address, func(w http.ResponseWriter, r *http.Request) {
		answers <- r.URL.Path + " " + r.Header.Get("Authorization")
	})
	if err := s.Ready(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/readyz", "/readyz", "/ns/name/scim/v2/ServiceProviderConfig Bearer secret"} {
		if got := <-answers; got != want {
			t.Errorf("request of %s, want %s", got, want)
		}
	}
}

func serve(t *testing.T, address string, handler http.HandlerFunc) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler} //nolint:gosec // of a test
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
}

func TestWriteManifests(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tenant, err := WriteManifests(dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "tenant.yaml"))
	if err != nil || !strings.Contains(string(text), `token: "`+tenant.Token+`"`) || !config.CheckToken(tenant.Token) {
		t.Errorf("%+v, %v", tenant, err)
	}
	if _, err := WriteManifests(filepath.Join(dir, "absent")); err == nil {
		t.Error("wrote into a folder that is not there")
	}
}

func TestKibibytes(t *testing.T) {
	t.Parallel()
	status := []byte("Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t  lots kB\n")
	if n, err := kibibytes(status, "VmHWM:"); n != 2<<20 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, field := range []string{"VmRSS:", "VmSwap:"} {
		if n, err := kibibytes(status, field); err == nil {
			t.Errorf("%s %d", field, n)
		}
	}
}
