package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/scim-operator/scim-operator/test/program"
)

// client speaks to one tenant of one run of the server.
type client struct {
	http *http.Client
	base string
	auth string
}

func newClient(s *program.Server, t program.Tenant, connections int) *client {
	return &client{
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}, Timeout: 30 * time.Second},
		base: "http://" + s.Address + t.Base,
		auth: "Bearer " + t.Token,
	}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// answer is what the server said, read to its end: before that a change is not acknowledged.
type answer struct {
	status int
	body   []byte
}

// send sends a request. Headers are pairs of name and value; an empty value is not sent.
func (c *client) send(ctx context.Context, method, path string, body any, headers ...string) (a answer, err error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return a, err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return a, err
	}
	r.Header.Set("Authorization", c.auth)
	r.Header.Set("Content-Type", "application/scim+json")
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := c.http.Do(r)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	a.status = res.StatusCode
	a.body, err = io.ReadAll(res.Body)
	return a, err
}

func (c *client) get(ctx context.Context, path string, into any) error {
	a, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", path, a.status, a.body)
	}
	return json.Unmarshal(a.body, into)
}

// pageSize is small enough that lists have several pages.
const pageSize = 100

// listAll gets all pages of a list.
func listAll[T any](ctx context.Context, c *client, endpoint string) (all []T, err error) {
	for {
		var page struct {
			TotalResults int
			Resources    []T
		}
		if err := c.get(ctx, fmt.Sprintf("%s?startIndex=%d&count=%d", endpoint, len(all)+1, pageSize), &page); err != nil {
			return nil, err
		}
		all = append(all, page.Resources...)
		if len(page.Resources) == 0 || len(all) >= page.TotalResults {
			if len(all) != page.TotalResults {
				err = fmt.Errorf("%s lists %d resources, but counts %d", endpoint, len(all), page.TotalResults)
			}
			return all, err
		}
	}
}
