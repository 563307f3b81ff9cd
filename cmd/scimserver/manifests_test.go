package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// TestManifests is a day of the server without a cluster: the program itself, the sample itself, requests over the network.
func TestManifests(t *testing.T) {
	t.Parallel()
	b := &manifestsBench{T: t, binary: build(t), dir: t.TempDir(), data: filepath.Join(t.TempDir(), "data")}
	sample, err := os.ReadFile("../../config/samples/quickstart/tenant.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b.write(string(sample))
	b.start()
	b.paste()
	first := b.credentials()
	id := b.createUser()
	b.expect(http.MethodGet, "/Groups", http.StatusOK)

	b.write(string(sample) + "  resources: {groups: Disabled}\n")
	b.await("Groups to go", func() bool { return b.status(http.MethodGet, "/Groups") == http.StatusNotFound })
	b.write(string(sample) + "  resources: {groups: Enabled}\n  group: x\n")
	b.awaitLine(`tenant.yaml:15: document 1, SCIMTenant default/acme: spec.group: there is no such field`)
	b.expect(http.MethodGet, "/Groups", http.StatusNotFound)
	b.expect(http.MethodGet, "/Users/"+id, http.StatusOK)
	b.stop()

	b.start() // with a broken file
	if again := b.credentials(); again != first {
		t.Errorf("credentials after the restart: %+v, want %+v", again, first)
	}
	b.await("the last configuration", func() bool { return b.status(http.MethodGet, "/Users/"+id) == http.StatusOK })
	b.write(strings.Replace(string(sample), "  name: acme\n", "  name: acme\n  annotations: {scim-operator.io/rotate: now}\n", 1))
	b.await("the token's end", func() bool { return b.status(http.MethodGet, "/Users/"+id) == http.StatusUnauthorized })
	if b.token = b.credentials().Token; b.token == first.Token {
		t.Error("the token is the same")
	}
	b.await("the new token", func() bool { return b.status(http.MethodGet, "/Groups") == http.StatusOK })
	b.paste()

	b.write(string(sample) + "  deletionPolicy: Delete\n  resources: {groups: Disabled}\n")
	b.await("Groups to go", func() bool { return b.status(http.MethodGet, "/Groups") == http.StatusNotFound })
	b.remove()
	b.await("the tenant to go", func() bool { return b.status(http.MethodGet, "/Users/"+id) == http.StatusNotFound })
	b.awaitLine("data of a deleted tenant are deleted")
	b.write(string(sample))
	b.awaitLine("SCIMTenant default/acme is served.")
	b.token = b.credentials().Token
	b.expect(http.MethodGet, "/Users/"+id, http.StatusNotFound)
	b.expect(http.MethodGet, "/Users", http.StatusOK)
	b.stop()
}

func TestManifestsFail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for args, want := range map[string]string{
		"--manifests " + dir + "/none":             "no such file",
		"--manifests " + dir + " --base-url x":     `"x" is not an absolute http or https URL`,
		"--manifests " + dir + " --listen nowhere": `listen on "nowhere"`,
	} {
		var errs strings.Builder
		args = "serve --ops-listen 127.0.0.1:0 --data " + filepath.Join(t.TempDir(), "data") + " " + args
		if code := run(t.Context(), strings.Fields(args), environment(nil), io.Discard, &errs); code != 1 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: exit code %d, %q; want 1 and %q", args, code, errs.String(), want)
		}
	}
}

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "scimserver")
	cmd := exec.Command("go", "build", "-o", binary, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// manifestsBench is a running program and what its user knows.
type manifestsBench struct {
	*testing.T
	binary, dir, data string
	base, token       string
	cmd               *exec.Cmd
	lines             chan string
	mu                sync.Mutex
	output            bytes.Buffer // of the current run
}

func (b *manifestsBench) file() string { return filepath.Join(b.dir, "tenant.yaml") }

func (b *manifestsBench) write(text string) {
	b.Helper()
	if err := os.WriteFile(b.file(), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

func (b *manifestsBench) remove() {
	b.Helper()
	if err := os.Remove(b.file()); err != nil {
		b.Fatal(err)
	}
}

// start runs the program and waits until it listens, at the same port after a restart.
func (b *manifestsBench) start() {
	b.Helper()
	listen := "127.0.0.1:0"
	if b.base != "" {
		listen, _, _ = strings.Cut(strings.TrimPrefix(b.base, "http://"), "/")
	}
	b.cmd = exec.Command(b.binary, "serve", "--manifests", b.dir, "--data", b.data, "--listen", listen, "--ops-listen", "127.0.0.1:0")
	stderr, err := b.cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	process := b.cmd.Process
	b.Cleanup(func() { _ = process.Kill() })
	b.lines = make(chan string, 10_000)
	b.mu.Lock()
	b.output.Reset()
	b.mu.Unlock()
	go func() {
		for s := bufio.NewScanner(stderr); s.Scan(); {
			b.mu.Lock()
			b.output.WriteString(s.Text() + "\n")
			b.mu.Unlock()
			b.lines <- s.Text()
		}
		close(b.lines)
	}()
	var started struct{ Listen string }
	if err := json.Unmarshal([]byte(b.awaitLine(`"server started"`)), &started); err != nil {
		b.Fatal(err)
	}
	b.base = "http://" + started.Listen + "/default/acme/scim/v2"
}

// stop ends the program as an init system does.
func (b *manifestsBench) stop() {
	b.Helper()
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	b.awaitLine(`"server stopped"`)
	for line := range b.lines { // until the end of the output
		b.Errorf("after the end: %s", line)
	}
	if err := b.cmd.Wait(); err != nil {
		b.Errorf("exit: %v\n%s", err, b.log())
	}
}

func (b *manifestsBench) log() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.output.String()
}

// awaitLine waits for a line of output with the text, among those that were not waited for yet.
func (b *manifestsBench) awaitLine(text string) string {
	b.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case line, open := <-b.lines:
			if strings.Contains(line, text) {
				return line
			}
			if !open {
				b.Fatalf("no line with %s before the end\n%s", text, b.log())
			}
		case <-timer.C:
			b.Fatalf("no line with %s\n%s", text, b.log())
		}
	}
}

func (b *manifestsBench) await(what string, ok func() bool) {
	b.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-ticker.C {
		if time.Now().After(deadline) {
			b.Fatalf("waited in vain for %s\n%s", what, b.log())
		}
	}
}

// paste runs the line that people are told to try.
func (b *manifestsBench) paste() {
	b.Helper()
	_, line, _ := strings.Cut(b.awaitLine("  Try it "), "curl ")
	file := regexp.MustCompile(`^-H @(\S+) `).FindStringSubmatch(line)
	if file == nil {
		b.Fatalf("the line: %s", line)
	}
	header, err := os.ReadFile(file[1])
	if err != nil {
		b.Fatal(err)
	}
	b.token = strings.TrimSpace(strings.TrimPrefix(string(header), "Authorization: Bearer "))
	if _, err := exec.LookPath("curl"); err != nil {
		b.Logf("the line is not tried: %v", err)
		return
	}
	out, err := exec.Command("sh", "-c", "curl -sS "+line).Output()
	if err != nil || !strings.Contains(string(out), "urn:ietf:params:scim:api:messages:2.0:ListResponse") {
		b.Errorf("curl %s: %v\n%s", line, err, out)
	}
}

// credentials are what the file of the tenant says.
func (b *manifestsBench) credentials() (c struct{ BaseURL, Token, Authorization, TokenID string }) {
	b.Helper()
	text, err := os.ReadFile(filepath.Join(b.data, "credentials", "default", "acme.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	var secret struct {
		Kind       string            `json:"kind"`
		StringData map[string]string `json:"stringData"`
	}
	if err := yaml.Unmarshal(text, &secret); err != nil || secret.Kind != "Secret" {
		b.Fatalf("%v\n%s", err, text)
	}
	c.BaseURL, c.Token = secret.StringData["baseURL"], secret.StringData["token"]
	c.Authorization, c.TokenID = secret.StringData["authorization"], secret.StringData["tokenID"]
	if c.BaseURL != b.base || c.Authorization != "Bearer "+c.Token || c.TokenID == "" {
		b.Errorf("credentials %+v, base URL %s", c, b.base)
	}
	return c
}

// send returns the status and the body of the answer.
func (b *manifestsBench) send(method, path, body string) (int, []byte) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+b.token)
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	return res.StatusCode, text
}

func (b *manifestsBench) status(method, path string) int {
	b.Helper()
	status, _ := b.send(method, path, "")
	return status
}

func (b *manifestsBench) expect(method, path string, status int) {
	b.Helper()
	if got, text := b.send(method, path, ""); got != status {
		b.Errorf("%s %s: %d, want %d\n%s", method, path, got, status, text)
	}
}

func (b *manifestsBench) createUser() string {
	b.Helper()
	status, text := b.send(http.MethodPost, "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@example.com"}`)
	var user struct{ ID string }
	if err := json.Unmarshal(text, &user); err != nil || status != http.StatusCreated || user.ID == "" {
		b.Fatalf("create: %d, %v\n%s", status, err, text)
	}
	return user.ID
}
