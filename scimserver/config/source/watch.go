package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// watchSeconds is how long the API server keeps a watch open at least; at most twice as long. The clock of this side
// ends it a little later, should the connection be dead.
const watchSeconds = 300

// event is one line of a watch.
type event struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

// object is of a Secret what is used here.
type object struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
	Data map[string][]byte `json:"data"`
}

// watch streams the changes of one Secret after the resource version; with none it begins with the Secret as it is. It
// calls yield for each event and returns nil when the API server ends the watch in good order.
func (c *Client) watch(ctx context.Context, of Object, version string, yield func(typ string, o object)) error {
	seconds := watchSeconds + rand.IntN(watchSeconds)
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds+30)*time.Second)
	defer cancel()
	query := url.Values{
		"watch":               {"true"},
		"fieldSelector":       {"metadata.name=" + of.Name}, // makes resourceNames of a Role match
		"allowWatchBookmarks": {"true"},
		"timeoutSeconds":      {strconv.Itoa(seconds)},
	}
	if version != "" {
		query.Set("resourceVersion", version)
	}
	body, err := c.do(ctx, http.MethodGet, query, "", nil, of.Namespace, "secrets")
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	return readEvents(body, yield)
}

func readEvents(body io.Reader, yield func(typ string, o object)) error {
	for d := json.NewDecoder(body); ; {
		var e event
		switch err := d.Decode(&e); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("kubernetes API: watch: %w", err)
		}
		if e.Type == "ERROR" {
			return watchError(e.Object)
		}
		var o object
		if err := json.Unmarshal(e.Object, &o); err != nil {
			return fmt.Errorf("kubernetes API: watch: event %s: %w", e.Type, err)
		}
		yield(e.Type, o)
	}
}

// watchError is the Status that an ERROR event carries; 410 where the resource version is too old.
func watchError(text []byte) *StatusError {
	e := &StatusError{}
	if err := json.Unmarshal(text, e); err != nil || e.Message == "" {
		e.Message = "watch ended by an error"
	}
	return e
}
