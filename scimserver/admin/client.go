package admin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"syscall"
)

// Client asks a server by its socket.
type Client struct {
	path string
	http *http.Client
}

// NewClient makes a Client of the server with this data folder.
func NewClient(data string) *Client {
	path := filepath.Join(data, SocketName)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Lines asks, and passes each line of the answer on until yield returns an error.
func (c *Client) Lines(ctx context.Context, method, path string, query url.Values, body io.Reader, yield func(line []byte) error) error {
	u := url.URL{Scheme: "http", Host: "admin", Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return readProblem(res)
	}
	return eachLine(res.Body, yield)
}

// unreachable says what to do where there is no server.
func (c *Client) unreachable(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no server listens on %s: give the --data of a server that runs on this machine", c.path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s may be used by the server's own user only", c.path)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return fmt.Errorf("ask the server: %w", err)
}

func readProblem(res *http.Response) error {
	p := Problem{Status: res.StatusCode}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxRequest))
	if err != nil {
		return fmt.Errorf("answer of the server: %w", err)
	}
	if json.Unmarshal(text, &p) != nil || p.Detail == "" {
		p.Detail = res.Status
	}
	return &p
}

func eachLine(r io.Reader, yield func([]byte) error) error {
	buf := bufio.NewReader(r)
	for {
		line, err := buf.ReadBytes('\n')
		if text := bytes.TrimSpace(line); len(text) > 0 {
			if err := yield(text); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("answer of the server: %w", err)
		}
	}
}
