package command_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/scimserver/admin/command"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// answers are what the server says, by method and URL; the body of a request follows a blank.
type answers map[string]string

func serve(t *testing.T, a answers) (data string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "command") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := admin.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- admin.Serve(ctx, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			request := strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.URL, body))
			answer, ok := a[request]
			if !ok {
				w.WriteHeader(http.StatusNotFound)
				answer = fmt.Sprintf(`{"detail":%q}`, request)
			}
			_, _ = io.WriteString(w, answer)
		}))
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return dir
}

// run is a command line with its output.
func run(t *testing.T, data, line string) (out, errs string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := func(name string) string {
		if name == "SCIMSERVER_DATA" {
			return data
		}
		return ""
	}
	err = command.Run(t.Context(), strings.Fields(line), command.IO{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Env: env})
	return stdout.String(), stderr.String(), err
}

const rejected = `{"sequence":7,"entry":{"time":"2026-03-01T12:00:00.5Z","operation":"POST","resource":"User","label":"b…@example.com","tolerances":["active-string"],` +
	`"decision":"reject","reasons":["role: department is no role"],"reason":"UnknownRole","status":400,"detail":"department names no role","nextStep":"add it to values",` +
	`"answer":{"status":409,"refused":true,"detail":"no","durationMs":12.4},"durationMs":3.25}}`

const created = `{"sequence":8,"entry":{"time":"2026-03-01T12:00:01Z","operation":"POST","resource":"User","resourceId":"u1","decision":"create","memberId":"m1","event":4,` +
	`"fields":["email","role"],"ignored":["nickName"],"durationMs":1}}`

func TestOutput(t *testing.T) {
	t.Parallel()
	data := serve(t, answers{
		"GET /tenants":                                          `{"tenant":"a/b","users":3,"activeUsers":2,"groups":1,"pendingEvents":4,"parkedEvents":0}`,
		"GET /tenants/a/b/log?limit=100":                        rejected + "\n" + created + "\n",
		"GET /tenants/a/b/log?limit=5&user=ann":                 "",
		"GET /tenants/a/b/log?after=3&follow=1&limit=100":       created,
		"GET /tenants/a/b/members":                              `{"id":"m1","userId":"u1","userName":"ann","active":true,"role":"Admin","sequence":4,"holds":[{"name":"h1"},{"name":"h2"}]}` + "\n" + `{"id":"m2","active":false,"sequence":2}`,
		"GET /tenants/a/b/members?user=u1":                      "",
		`POST /tenants/a/b/replay {"from":2,"parkedOnly":true}`: `{"events":3}`,
	})
	for line, want := range map[string]string{
		"tenants": `TENANT  USERS  ACTIVE  GROUPS  PENDING  PARKED  OLDEST  MAPPED
a/b     3      2       1       4        0       -       all
`,
		"log --tenant a/b": `2026-03-01 12:00:00.500Z  #7  POST User b…@example.com  → reject 400 UnknownRole  (3.2 ms)
    department names no role
    next step: add it to values
    because role: department is no role
    tolerated: active-string
    application: refused with 409 after 12 ms: no
2026-03-01 12:00:01.000Z  #8  POST User u1  → create, event 4  (1.0 ms)
    changed: email, role
    left out: nickName
    member: m1
`,
		"log --tenant a/b -o json":                    rejected + "\n" + created + "\n",
		"log --tenant a/b --user ann --limit 5":       "",
		"log --tenant a/b --after 3 --follow -o json": created + "\n",
		"members --tenant a/b": `MEMBER  USER  NAME  ACTIVE  ROLE   SEQUENCE  HOLDS
m1      u1    ann   true    Admin  4         h1,h2
m2      -     -     false   -      2         -
`,
		"members --tenant a/b --user u1":                "",
		"replay --tenant a/b --from 2 --parked":         "3 events will be sent again\n",
		"replay --tenant a/b --from 2 --parked -o json": `{"events":3}` + "\n",
	} {
		out, errs, err := run(t, data, line)
		if err != nil || errs != "" || out != want {
			t.Errorf("%s: %v %s\n%s\nwant\n%s", line, err, errs, out, want)
		}
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	const begun = `{"kind":"header","users":1}` + "\n" + `{"kind":"User","id":"u1"}` + "\n"
	const whole = begun + `{"kind":"end","users":1}` + "\n"
	data := serve(t, answers{"GET /tenants/a/b/export": whole, "GET /tenants/a/c/export": begun})
	if out, _, err := run(t, data, "export --tenant a/b"); err != nil || out != whole {
		t.Errorf("%v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "out.ndjson")
	if _, _, err := run(t, data, "export --tenant a/b -f "+file); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != whole {
		t.Errorf("%v\n%s", err, got)
	}
	if _, _, err := run(t, data, "export --tenant a/b -f "+file); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file that is there: %v", err)
	}
	if _, _, err := run(t, data, "export --tenant a/c"); err == nil || !strings.Contains(err.Error(), "is not whole") {
		t.Errorf("without an end: %v", err)
	}
}

func TestWrongArguments(t *testing.T) {
	t.Parallel()
	data := serve(t, answers{})
	for line, want := range map[string]string{
		"":                                  "a command is missing",
		"logs":                              `there is no command "logs"`,
		"log":                               "--tenant NAMESPACE/NAME is needed",
		"log --tenant a":                    `--tenant "a" is not NAMESPACE/NAME`,
		"log --tenant a/b/c":                `--tenant "a/b/c" is not NAMESPACE/NAME`,
		"log --tenant a/b more":             `there is an argument too many: "more"`,
		"log --tenant a/b -o yaml":          "the only other output is json",
		"log --tenant a/b --limit many":     "invalid value",
		"log --tenant a/b --since tomorrow": `--since "tomorrow" is neither a time`,
		"tenants --tenant a/b":              "flag provided but not defined",
	} {
		_, _, err := run(t, data, line)
		if !errors.As(err, new(command.UsageError)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
	if _, _, err := run(t, data, "log --tenant a/b"); err == nil || err.Error() != "GET /tenants/a/b/log?limit=100" {
		t.Errorf("a problem: %v", err)
	}
	if _, _, err := run(t, data, "log --tenant a/b --data /nowhere"); err == nil || !strings.Contains(err.Error(), "no server listens on /nowhere/admin.sock") {
		t.Errorf("no server: %v", err)
	}
	for _, line := range []string{"help", "--help", "log --help"} {
		if _, errs, err := run(t, data, line); !errors.Is(err, flag.ErrHelp) || errs == "" {
			t.Errorf("%s: %v, %q", line, err, errs)
		}
	}
}

// TestCheckOfOneStream: mappings and payload come from standard input, one behind the other.
func TestCheckOfOneStream(t *testing.T) {
	t.Parallel()
	data := serve(t, answers{
		`POST /tenants/a/b/check {"payload":{"userName":"ann"},"mapping":{"attributes":[{"field":"one","from":"title"}]}}`: `{"member":"create"}`,
	})
	check := func(input string) (out, mappings string, err error) {
		var stdout bytes.Buffer
		err = command.Run(t.Context(), strings.Fields("check --tenant a/b -f - --mapping - --data "+data), command.IO{
			In: strings.NewReader(input), Out: &stdout, Err: io.Discard, Env: func(string) string { return "" },
			ReadMappings: func(yaml []byte) (*config.Mapping, error) {
				mappings = string(yaml)
				return &config.Mapping{Attributes: []config.AttributeRule{{Field: "one", From: "title"}}}, nil
			},
		})
		return stdout.String(), mappings, err
	}
	out, mappings, err := check("first\n---\nsecond\n---\n{\"userName\":\"ann\"}\n")
	if err != nil || out != "member: create\n" || strings.TrimSpace(mappings) != "---\nfirst\n---\nsecond" {
		t.Errorf("%q, mappings %q, %v", out, mappings, err)
	}
	if _, _, err := check(`{"userName":"ann"}`); !errors.As(err, new(command.UsageError)) {
		t.Errorf("one document: %v", err)
	}
}
