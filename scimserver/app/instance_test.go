package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

// pipe is a Source that offers what a test gives it.
type pipe struct {
	in  chan []byte
	out chan error
}

func newPipe() *pipe { return &pipe{in: make(chan []byte), out: make(chan error)} }

func (f *pipe) Run(ctx context.Context, offer func([]byte) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case data := <-f.in:
			f.out <- offer(data)
		}
	}
}

// instance is a running server.
type instance struct {
	t      *testing.T
	app    *App
	pipe   *pipe
	cancel context.CancelFunc
	ended  chan error
	dir    string
}

// launch runs a server on a real database; change may alter the options.
func launch(t *testing.T, dir string, change func(*Options)) *instance {
	t.Helper()
	s, err := OpenStore(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	i := &instance{t: t, pipe: newPipe(), ended: make(chan error, 1), dir: dir}
	o := Options{
		Source: i.pipe, Store: s, CacheFile: filepath.Join(dir, "config.json.gz"), Listen: "127.0.0.1:0", OpsListen: "127.0.0.1:0",
		Log: testLog(t), Metrics: telemetry.New("test"), Version: "test",
	}
	if change != nil {
		change(&o)
	}
	if i.app, err = New(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	i.cancel = cancel
	go func() { i.ended <- i.app.Run(ctx) }()
	t.Cleanup(i.stop)
	return i
}

// stop ends the server; only the first call does something.
func (i *instance) stop() {
	if i.cancel != nil {
		i.cancel()
		i.cancel = nil
		if err := receive(i.t, i.ended); err != nil {
			i.t.Errorf("Run: %v", err)
		}
	}
}

func (i *instance) offer(s *config.Server) {
	i.t.Helper()
	select {
	case i.pipe.in <- encode(i.t, s):
	case <-time.After(patience):
		i.t.Fatal("nobody takes a configuration")
	}
	if err := receive(i.t, i.pipe.out); err != nil {
		i.t.Fatal(err)
	}
}

// request sends a request to the tenant ns/a.
func (i *instance) request(method, path, token, body string) (int, string) {
	req, err := http.NewRequest(method, "http://"+i.app.Addr()+"/ns/a/scim/v2"+path, strings.NewReader(body))
	if err != nil {
		i.t.Error(err)
		return 0, ""
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/scim+json")
	return i.do(req)
}

// client is patient enough for a machine that does many other things.
var client = &http.Client{Timeout: 2 * patience}

func (i *instance) do(req *http.Request) (int, string) {
	res, err := client.Do(req)
	if err != nil {
		i.t.Error(err)
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		i.t.Error(err)
	}
	return res.StatusCode, string(text)
}

func (i *instance) expect(want int, method, path, token, body string) string {
	i.t.Helper()
	code, text := i.request(method, path, token, body)
	if code != want {
		i.t.Errorf("%s %s: %d %s, want %d", method, path, code, text, want)
	}
	return text
}

func (i *instance) ready() (int, string) {
	req, err := http.NewRequest(http.MethodGet, "http://"+i.app.OpsAddr()+"/readyz", nil)
	if err != nil {
		i.t.Fatal(err)
	}
	return i.do(req)
}

func user(name string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"active":true}`, name)
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}
