package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// sink is a listener whose handler reads the body and notes what came of it.
type sink struct {
	*listener
	requests atomic.Int64
	bodies   chan error
}

// newSink makes a sink. One that is short of time waits for nobody; no other is in a hurry, however slow the machine is.
func newSink(t *testing.T, short bool) *sink {
	t.Helper()
	s := &sink{bodies: make(chan error, 16)}
	var err error
	s.listener, err = listen("127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		_, err := io.Copy(io.Discard, r.Body)
		s.bodies <- err
	}), testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	if short {
		s.server.ReadHeaderTimeout, s.server.ReadTimeout = 100*time.Millisecond, 300*time.Millisecond
	}
	ended := make(chan error, 1)
	go func() { ended <- s.serve() }()
	t.Cleanup(func() {
		if err := errors.Join(s.server.Close(), receive(t, ended)); err != nil {
			t.Error(err)
		}
	})
	return s
}

// say sends the text and returns what there is to hear until the connection ends, which it must within seconds.
func (s *sink) say(t *testing.T, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() { _, _ = io.WriteString(c, text) }() // the server may hang up before it has read all
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	heard, err := io.ReadAll(c)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection stays open; heard %q", heard)
	}
	return string(heard)
}

// TestListenerBounds: what is wrong with the bytes themselves is answered by net/http, in plain text, or not at all; a
// client that takes its time is cut off.
func TestListenerBounds(t *testing.T) {
	t.Parallel()
	get := "GET / HTTP/1.1\r\nHost: x\r\n"
	for name, tc := range map[string]struct {
		request string
		want    string // of the status line, "": nothing is answered
	}{
		"headers of 80 KiB":       {get + "X-A: " + strings.Repeat("a", 80<<10) + "\r\n\r\n", "HTTP/1.1 431 "},
		"20,000 headers":          {get + strings.Repeat("X-A: b\r\n", 20_000) + "\r\n", "HTTP/1.1 431 "},
		"request line of 80 KiB":  {"GET /" + strings.Repeat("a", 80<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 431 "},
		"no HTTP":                 {"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "HTTP/1.1 400 "},
		"a version of no HTTP":    {"GET / HTTP/9.9\r\nHost: x\r\n\r\n", "HTTP/1.1 505 "},
		"no host":                 {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
		"header without a name":   {get + ": x\r\n\r\n", "HTTP/1.1 400 "},
		"name with a blank":       {get + "Content-Length : 2\r\n\r\n{}", "HTTP/1.1 400 "},
		"two lengths":             {get + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "HTTP/1.1 400 "},
		"lengths in a list":       {get + "Content-Length: 2, 3\r\n\r\n{}", "HTTP/1.1 400 "},
		"length with a sign":      {get + "Content-Length: +2\r\n\r\n{}", "HTTP/1.1 400 "},
		"coding nobody knows":     {get + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 501 "},
		"coding twice":            {get + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 501 "},
		"line feed in the target": {"GET /\nX: y HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
		"headers that never end":  {get + "X-A: b\r\n", ""},
		"nothing at all":          {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSink(t, tc.want == "")
			heard := s.say(t, tc.request)
			if tc.want == "" && heard != "" || !strings.HasPrefix(heard, tc.want) {
				t.Errorf("heard %q, want %q", heard, tc.want)
			}
			if n := s.requests.Load(); n != 0 {
				t.Errorf("%d requests were served", n)
			}
		})
	}
}

// TestSlowBody: a body that does not come ends the reading of it.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	for name, rest := range map[string]string{"of a length": "Content-Length: 1000\r\n\r\n{", "in chunks": "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"} {
		s := newSink(t, true)
		s.say(t, "POST / HTTP/1.1\r\nHost: x\r\n"+rest)
		if err := receive(t, s.bodies); err == nil {
			t.Errorf("%s: it was read to its end", name)
		}
	}
}

// TestLengthAndChunks: of a request with both the chunks count and the length does not (RFC 9112 §6.3), so that the two
// cannot be played off against each other by what is in the body.
func TestLengthAndChunks(t *testing.T) {
	t.Parallel()
	s := newSink(t, false)
	inner := "GET /inner HTTP/1.1\r\nHost: x\r\n\r\n"
	c, err := net.Dial("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(inner), inner); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if n := s.requests.Load(); n != 1 || res.StatusCode != http.StatusOK {
		t.Errorf("%d requests, %s", n, res.Status)
	}
	if err := receive(t, s.bodies); err != nil {
		t.Error(err)
	}
}
