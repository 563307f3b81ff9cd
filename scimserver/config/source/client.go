package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

const (
	// requestTimeout ends everything but a watch.
	requestTimeout = 10 * time.Second
	// maxObject is above what etcd takes for one object.
	maxObject = 4 << 20
)

// RESTConfig is how to reach the API server: the pod's service account, whose token is read anew as it is renewed, or a
// kubeconfig file where the path is not empty.
func RESTConfig(kubeconfig, userAgent string) (*rest.Config, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if kubeconfig == "" { // BuildConfigFromFlags would fall back to localhost where there is no service account
		cfg, err = rest.InClusterConfig()
	}
	if err != nil {
		return nil, fmt.Errorf("kubernetes API: %w", err)
	}
	cfg.UserAgent = userAgent
	return cfg, nil
}

// RedirectLog makes the Kubernetes client libraries, which log by a global logger, write to log.
func RedirectLog(log *slog.Logger) { klog.SetSlogLogger(log) }

// Connect is NewClient with RESTConfig.
func Connect(kubeconfig, userAgent string) (*Client, error) {
	cfg, err := RESTConfig(kubeconfig, userAgent)
	if err != nil {
		return nil, err
	}
	return NewClient(cfg)
}

// Client talks to the core API group of one API server.
type Client struct {
	http *http.Client
	base *url.URL
}

// NewClient makes a Client. It connects to nothing yet.
func NewClient(cfg *rest.Config) (*Client, error) {
	hc, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("kubernetes API: %w", err)
	}
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("kubernetes API: %w", err)
	}
	return &Client{http: hc, base: base}, nil
}

// StatusError is an answer of the API server that is not a success.
type StatusError struct {
	Code    int
	Reason  string
	Message string
}

func (e *StatusError) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("kubernetes API: %d %s", e.Code, http.StatusText(e.Code))
	}
	return fmt.Sprintf("kubernetes API: %d: %s", e.Code, e.Message)
}

// do sends a request and returns the body of a successful answer.
func (c *Client) do(ctx context.Context, method string, query url.Values, contentType string, body []byte, path ...string) (io.ReadCloser, error) {
	u := c.base.JoinPath(append([]string{"api", "v1", "namespaces"}, path...)...)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("kubernetes API: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("kubernetes API: %w", withoutURL(err))
	}
	if res.StatusCode != http.StatusOK {
		defer func() { _ = res.Body.Close() }()
		return nil, statusError(res.StatusCode, res.Body)
	}
	return res.Body, nil
}

// withoutURL takes the method and the long URL out of an error: who logs it names the object.
func withoutURL(err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

func statusError(code int, body io.Reader) *StatusError {
	e := &StatusError{Code: code}
	if text, err := io.ReadAll(io.LimitReader(body, 1<<16)); err == nil {
		_ = json.Unmarshal(text, e) // a body that is no Status says nothing more than the code
	}
	e.Code = code
	return e
}

// call is do for requests that are answered by one object, which is decoded into out unless that is nil.
func (c *Client) call(ctx context.Context, method, contentType string, body []byte, out any, path ...string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := c.do(ctx, method, nil, contentType, body, path...)
	if err != nil {
		return err
	}
	defer func() { _ = res.Close() }()
	text, err := io.ReadAll(io.LimitReader(res, maxObject))
	if err != nil {
		return fmt.Errorf("kubernetes API: read answer: %w", err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("kubernetes API: decode answer: %w", err)
	}
	return nil
}
