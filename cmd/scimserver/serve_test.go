package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/config/source/sourcetest"
)

const patience = 20 * time.Second

// TestServe runs the program as a cluster does: the API server gives the configuration and takes the report. It is not parallel, nor is the next:
// the log of the Kubernetes libraries is global.
func TestServe(t *testing.T) {
	cfg := &config.Server{Version: config.Version, Name: "ns/shared", BaseURL: "https://scim.example.com", Tenants: []config.Tenant{{
		Key: "ns/acme", IdentityProvider: "Okta", Protocol: "Compatible", UniqueIdentifier: "userName",
		Tokens: []config.Token{{ID: "1", SHA256: config.HashToken("secret")}}, Limits: config.Limits{BodyBytes: 1000},
	}}}
	reports := make(chan string, 10)
	api := apiServer(t, cfg, reports)
	dir := t.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := sourcetest.Kubeconfig(kubeconfig, api); err != nil {
		t.Fatal(err)
	}
	p := start(t, "serve --config-secret ns/shared-config --kubeconfig "+kubeconfig+" --data "+filepath.Join(dir, "data")+
		" --listen 127.0.0.1:0 --ops-listen 127.0.0.1:0 --drain 0s --pod-name shared-0")
	if report := receive(t, reports); !strings.Contains(report, `"shared-0"`) || !strings.Contains(report, cfg.Hash()) {
		t.Errorf("report: %s", report)
	}
	req, err := http.NewRequest(http.MethodGet, "http://"+p.listen+"/ns/acme/scim/v2/Users", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer secret")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		t.Errorf("GET Users: %s", res.Status)
	}
	p.stop()
	if code := receive(t, p.exit); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "config.json.gz")); err != nil {
		t.Error(err)
	}
}

// apiServer gives the configuration, and passes on reports of one.
func apiServer(t *testing.T, cfg *config.Server, reports chan<- string) string {
	t.Helper()
	data, err := config.Encode(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := sourcetest.New()
	t.Cleanup(s.Stop)
	s.Write("shared-config", 0, data)
	s.Patched = func(patch []byte) {
		if strings.Contains(string(patch), "configHash") {
			reports <- string(patch)
		}
	}
	return s.URL
}

// process is the program, running.
type process struct {
	listen string
	stop   context.CancelFunc
	exit   chan int
}

func start(t *testing.T, args string) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	p := &process{stop: cancel, exit: make(chan int, 1)}
	out, in := io.Pipe()
	listen := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var line struct{ Msg, Listen string }
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				t.Errorf("log: %s: %v", lines.Text(), err)
			}
			if line.Msg == "server started" {
				listen <- line.Listen
			}
		}
	}()
	go func() {
		code := run(ctx, strings.Fields(args), environment(nil), io.Discard, in)
		_ = in.Close()
		p.exit <- code
	}()
	p.listen = receive(t, listen)
	return p
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// TestServeFails: what cannot work ends the program with a reason.
func TestServeFails(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := sourcetest.Kubeconfig(file, "http://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	const base = "serve --config-secret ns/shared-config --listen 127.0.0.1:0 --ops-listen 127.0.0.1:0 "
	for args, want := range map[string]string{
		"--data " + dir: "kubernetes API: ",
		"--data " + dir + " --kubeconfig " + dir + "/none":                                                   "none: no such file",
		"--data " + file + "/x --kubeconfig " + file:                                                         "not a directory",
		"--data " + dir + "/1 --kubeconfig " + file + " --listen nowhere":                                    `listen on "nowhere"`,
		"--data " + dir + "/2 --kubeconfig " + file + " --tls-cert-file " + file + " --tls-key-file " + file: "TLS certificate",
	} {
		var errs strings.Builder
		if code := run(t.Context(), strings.Fields(base+args), environment(nil), io.Discard, &errs); code != 1 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: exit code %d, %q; want 1 and %q", args, code, errs.String(), want)
		}
	}
}
