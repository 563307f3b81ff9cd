package webhook_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

var loopback = webhook.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

func message() webhook.Message {
	return webhook.Message{ID: "evt_1", Created: vectorTime, Body: []byte(`{"type":"member.created","member":{"userName":"ann@example.com"}}`)}
}

func client(t *testing.T, url string, change ...func(*webhook.Options)) *webhook.Client {
	t.Helper()
	o := webhook.Options{
		URL: url, Format: webhook.Standard{Keys: []webhook.Key{parse(t, vectorKey)}}, Timeout: 20 * time.Second, Guard: loopback,
		UserAgent: "test", Clock: func() time.Time { return vectorTime },
	}
	for _, c := range change {
		c(&o)
	}
	c, err := webhook.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestSend(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id, err := webhook.Verify([]webhook.Key{parse(t, vectorKey)}, r.Header, body, vectorTime)
		if err != nil || id != "evt_1" || !bytes.Equal(body, message().Body) || r.Method != http.MethodPost {
			t.Errorf("%s %q %s: %v", r.Method, id, body, err)
		}
		if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("User-Agent") != "test" || r.Header.Values("Idempotency-Key") != nil {
			t.Errorf("headers %v", r.Header)
		}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"detail":"no"}`)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := client(t, s.URL)
	for range 5 {
		a, err := c.Send(t.Context(), message())
		if err != nil || a.Status != 409 || string(a.Body) != `{"detail":"no"}` || a.RetryAfter != 7*time.Second || a.Truncated {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	if connections.Load() != 1 {
		t.Errorf("%d connections", connections.Load())
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"120":                           2 * time.Minute,
		"-5":                            0,
		"soon":                          0,
		"1.5":                           0,
		"99999999999":                   365 * 24 * time.Hour,
		"Thu, 25 Feb 2021 15:03:10 GMT": time.Minute, // vectorTime is 15:02:10
		"Thu, 25 Feb 2021 15:00:00 GMT": 0,
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		if a, err := client(t, s.URL).Send(t.Context(), message()); err != nil || a.RetryAfter != want {
			t.Errorf("%q: %s, %v; want %s", value, a.RetryAfter, err, want)
		}
	}
}

// TestStrangeAnswers: none of them hangs, takes memory, leads elsewhere, or passes for what it is not.
func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	for name, tc := range map[string]struct {
		handler   http.HandlerFunc
		status    int
		truncated bool
		reason    string
	}{
		"200 with HTML": {handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>welcome</html>")
		}, status: 200},
		"a redirect": {handler: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, status: 307},
		"10 MB": {handler: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 10<<20))
		}, status: 200, truncated: true},
		"no end": {handler: func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		}, status: 200, truncated: true},
		"a compressed bomb stays compressed": {handler: func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") != "" {
				t.Error("compression is asked for")
			}
		}, status: 200},
		"no answer":          {handler: hang, reason: "Timeout"},
		"half an answer":     {handler: halfAndHang, reason: "Timeout"},
		"closed mid-answer":  {handler: half, reason: "AnswerCutOff"},
		"closed at once":     {handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, reason: "AnswerCutOff"},
		"no HTTP":            {handler: raw("SSH-2.0-OpenSSH_9.2\r\n"), reason: "Connection"},
		"a header too large": {handler: raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n"), reason: "Connection"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tc.handler)
			c := client(t, s.URL, func(o *webhook.Options) {
				if tc.reason == "Timeout" {
					o.Timeout = 50 * time.Millisecond
				}
			})
			a, err := c.Send(t.Context(), message())
			if tc.reason != "" {
				expectReason(t, err, tc.reason)
				return
			}
			if err != nil || a.Status != tc.status || a.Truncated != tc.truncated || len(a.Body) > webhook.MaxAnswerBytes {
				t.Errorf("%d, %d bytes, %v, %v", a.Status, len(a.Body), a.Truncated, err)
			}
		})
	}
}

func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client has gone
	<-r.Context().Done()
}

func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"detail":`)
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func halfAndHang(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"detail":`)
	w.(http.Flusher).Flush()
	hang(w, r)
}

func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

func expectReason(t *testing.T, err error, reason string) {
	t.Helper()
	failure := (*webhook.SendError)(nil)
	if !errors.As(err, &failure) || failure.Reason != reason {
		t.Errorf("error %v, want %s", err, reason)
		return
	}
	for _, secret := range []string{"ann@example.com", "s3cret", vectorKey[6:]} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error holds %s: %v", secret, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	closed := serve(t, hang)
	closed.Close()
	for name, tc := range map[string]struct {
		url, reason string
		guard       webhook.Guard
	}{
		"nobody listens":       {closed.URL + "/?key=s3cret", "ConnectionRefused", loopback},
		"loopback":             {closed.URL + "/?key=s3cret", "AddressRefused", webhook.Guard{}},
		"loopback by its name": {"http://localhost:1/?key=s3cret", "AddressRefused", webhook.Guard{}},
		"the metadata service": {"http://169.254.169.254/latest/meta-data/?key=s3cret", "AddressRefused", loopback},
		"in IPv6 clothes":      {"http://[::ffff:169.254.169.254]/", "AddressRefused", loopback},
		"in hexadecimal":       {"http://[64:ff9b::a9fe:a9fe]/", "AddressRefused", loopback},
		"no such name":         {"http://there-is-no-such-host.invalid/?key=s3cret", "NameNotFound", loopback},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := client(t, tc.url, func(o *webhook.Options) { o.Guard = tc.guard }).Send(t.Context(), message())
			expectReason(t, err, tc.reason)
		})
	}
}

func TestGivenUp(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		hang(w, r)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := client(t, s.URL).Send(ctx, message())
	expectReason(t, err, "Canceled")
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	s.Config.ErrorLog = nil
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	own := func(o *webhook.Options) { o.CABundle = bundle }

	if a, err := client(t, s.URL, own).Send(t.Context(), message()); err != nil || a.Status != 200 {
		t.Errorf("with the bundle: %+v, %v", a, err)
	}
	_, err := client(t, s.URL).Send(t.Context(), message())
	expectReason(t, err, "Certificate")
	_, err = client(t, strings.Replace(s.URL, "127.0.0.1", "localhost", 1), own).Send(t.Context(), message())
	expectReason(t, err, "Certificate") // of another name

	old := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10} //nolint:gosec // what must be refused
	old.StartTLS()
	t.Cleanup(old.Close)
	_, err = client(t, old.URL, own).Send(t.Context(), message())
	expectReason(t, err, "Connection")
}

func TestNoProxy(t *testing.T) {
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a proxy of the environment was used") })
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	_, err := client(t, "http://there-is-no-such-host.invalid/").Send(t.Context(), message())
	expectReason(t, err, "NameNotFound")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]webhook.Options{
		"no URL":      {},
		"relative":    {URL: "/hooks?key=s3cret"},
		"other":       {URL: "ftp://example.com/?key=s3cret"},
		"no URL form": {URL: "http://[::1?key=s3cret"},
		"no bundle":   {URL: "https://example.com", CABundle: []byte("s3cret")},
	} {
		if _, err := webhook.New(o); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
