package wire

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestDo(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*bufferSize)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/base/created":
			w.Header().Set("Location", "http://x/Users/7")
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write(body)
		case "/base/none":
			w.WriteHeader(http.StatusNoContent)
		case "/base/chunks":
			_, _ = io.WriteString(w, long)
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "end")
		case "/base/refused":
			http.Error(w, r.Method+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Content-Type"), http.StatusConflict)
		default:
			_, _ = io.WriteString(w, long)
		}
	}))
	t.Cleanup(server.Close)
	target := Target{Address: strings.TrimPrefix(server.URL, "http://"), Base: "/base", Token: "secret"}
	for _, kind := range []string{"lean", "standard"} {
		c := dial(t, kind, target)
		for range 2 { // the second time over a used connection
			checkAnswers(t, kind, c, long)
		}
	}
}

func checkAnswers(t *testing.T, kind string, c Client, long string) {
	t.Helper()
	for name, tc := range map[string]struct {
		method, path, body string
		keep               bool
		want               Answer
	}{
		"body kept":    {"POST", "/created", `{"a":1}`, true, Answer{Status: 201, Location: []byte("http://x/Users/7"), Body: []byte(`{"a":1}`), Bytes: 7}},
		"body counted": {"POST", "/created", `{"a":1}`, false, Answer{Status: 201, Location: []byte("http://x/Users/7"), Body: []byte{}, Bytes: 7}},
		"no body":      {"DELETE", "/none", "", true, Answer{Status: 204, Body: []byte{}}},
		"chunks":       {"GET", "/chunks", "", false, Answer{Status: 200, Body: []byte{}, Bytes: int64(len(long) + 3)}},
		"chunks kept":  {"GET", "/chunks", "", true, Answer{Status: 200, Body: []byte(long + "end"), Bytes: int64(len(long) + 3)}},
		"long":         {"GET", "/", "", false, Answer{Status: 200, Body: []byte{}, Bytes: int64(len(long))}},
		"error": {"PUT", "/refused", "{}", false, Answer{
			Status: 409, Body: []byte("PUT Bearer secret application/scim+json\n"), Bytes: 40,
		}},
	} {
		var body []byte
		if tc.body != "" {
			body = []byte(tc.body)
		}
		got, err := c.Do(tc.method, []byte(tc.path), body, tc.keep)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", kind, name, diff)
		}
	}
}

func TestDoRefusesWhatIsNoAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"other protocol":   "SSH-2.0-OpenSSH\r\n\r\n",
		"status":           "HTTP/1.1 2x0 OK\r\n\r\n",
		"no length":        "HTTP/1.1 200 OK\r\n\r\n",
		"bad length":       "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
		"bad header":       "HTTP/1.1 200 OK\r\ncontent\r\n\r\n",
		"bad chunk":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"chunk too long":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
		"ends in the head": "HTTP/1.1 200 OK\r\nContent-Le",
		"ends in the body": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
		"ends at once":     "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, "lean", Target{Address: answerOnce(t, answer)})
			if a, err := c.Do("GET", []byte("/"), nil, true); err == nil {
				t.Errorf("took %+v", a)
			}
		})
	}
}

// answerOnce listens for one request, says the answer and hangs up.
func answerOnce(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = bufio.NewReader(conn).ReadString('\n')
		_, _ = io.WriteString(conn, answer)
	}()
	return l.Addr().String()
}

func dial(t *testing.T, kind string, target Target) Client {
	t.Helper()
	dial, err := Clients(kind)
	if err != nil {
		t.Fatal(err)
	}
	c, err := dial(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClients(t *testing.T) {
	t.Parallel()
	if _, err := Clients("curl"); err == nil {
		t.Error("there is a client curl")
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	for _, kind := range []string{"lean", "standard"} {
		c := dial(t, kind, Target{Address: strings.TrimPrefix(server.URL, "http://")})
		if err := c.SetDeadline(time.Now().Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do("GET", []byte("/"), nil, false); err == nil {
			t.Errorf("%s: answered after its deadline", kind)
		}
	}
}
