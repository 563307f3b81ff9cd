package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// MaxAnswerBytes is what is read of an answer's body. What follows is left, together with the connection.
const MaxAnswerBytes = 64 << 10

const (
	maxHeaderBytes = 32 << 10
	idleTimeout    = 90 * time.Second
)

// Options describe an endpoint.
type Options struct {
	URL      string
	Format   Format
	Timeout  time.Duration // of an attempt, from the name's resolution to the end of the answer
	CABundle []byte        // PEM; empty: the system's roots
	Guard    Guard
	// Connections that are kept open while nothing is sent; 0: two.
	Connections int
	UserAgent   string
	Clock       func() time.Time // nil: time.Now
}

// Client sends messages to one endpoint. It keeps connections open, follows no redirects and uses no proxy of the
// environment. It is safe for concurrent use.
type Client struct {
	options   Options
	http      *http.Client
	transport *http.Transport
}

// New makes a client. The error says what is wrong with the URL or the certificates, without repeating them.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("webhook: the URL is not an absolute http or https URL")
	}
	roots, err := pool(o.CABundle)
	if err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	c := &Client{options: o, transport: transport(o, roots)}
	c.http = &http.Client{
		Transport:     c.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func pool(bundle []byte) (*x509.CertPool, error) {
	if len(bundle) == 0 {
		return nil, nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return nil, errors.New("webhook: caBundle holds no certificate")
	}
	return roots, nil
}

func transport(o Options, roots *x509.CertPool) *http.Transport {
	dialer := &net.Dialer{Timeout: o.Timeout, KeepAlive: 30 * time.Second, Control: o.Guard.control}
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    o.Timeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // an answer must not grow when it is read
		MaxIdleConnsPerHost:    max(o.Connections, 2),
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// Close gives up idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Answer is what an endpoint said.
type Answer struct {
	Status     int
	RetryAfter time.Duration // what Retry-After asks for, from now on; 0: nothing
	Body       []byte        // at most MaxAnswerBytes
	Truncated  bool          // there was more
}

// Send makes one attempt. The error is a *SendError: the endpoint gave no whole answer. Whether it has acted on the message
// is then unknown.
func (c *Client) Send(ctx context.Context, m Message) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	r, err := c.request(ctx, m)
	if err != nil {
		return Answer{}, err
	}
	res, err := c.http.Do(r)
	if err != nil {
		return Answer{}, sendError(err)
	}
	defer res.Body.Close()
	return c.read(res)
}

func (c *Client) request(ctx context.Context, m Message) (*http.Request, error) {
	h := http.Header{}
	body, err := c.options.Format.Render(m, c.options.Clock(), h)
	if err != nil {
		return nil, &SendError{Reason: "Format", cause: fmt.Errorf("message %s: %w", m.ID, err)}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.options.URL, bytes.NewReader(body))
	if err != nil {
		return nil, &SendError{Reason: "Format", cause: errors.New("the URL cannot be requested")}
	}
	r.Header = h
	// A kept connection that has died meanwhile costs no attempt: the id makes repetition harmless. The empty value is not sent.
	r.Header["Idempotency-Key"] = []string{}
	r.Header.Set("User-Agent", c.options.UserAgent)
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "application/json")
	}
	return r, nil
}

// read takes what the answer says. One that ends before it should is none: the receiver may have died over it.
func (c *Client) read(res *http.Response) (Answer, error) {
	a := Answer{Status: res.StatusCode, RetryAfter: retryAfter(res.Header.Get("Retry-After"), c.options.Clock())}
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxAnswerBytes+1))
	if err != nil {
		return Answer{}, sendError(err)
	}
	if len(body) > MaxAnswerBytes {
		body, a.Truncated = body[:MaxAnswerBytes], true
	}
	a.Body = body
	return a, nil
}
