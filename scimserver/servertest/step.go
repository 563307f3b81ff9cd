package servertest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"strings"
)

// step is one request of a session.
type step struct {
	name     string
	source   []byte // as in the archive
	captures []capture
	method   string
	target   string
	header   textproto.MIMEHeader
	body     string
	want     string
}

// capture keeps the value at path of an answer under name.
type capture struct{ name, path string }

func parseStep(name string, source []byte) (step, error) {
	st := step{name: name, source: source}
	rest := string(source)
	for strings.HasPrefix(rest, "#") {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if left, right, ok := strings.Cut(strings.TrimPrefix(line, "#"), "="); ok {
			st.captures = append(st.captures, capture{strings.TrimSpace(left), strings.TrimSpace(right)})
		}
	}
	line, rest, _ := strings.Cut(rest, "\n")
	var ok bool
	if st.method, st.target, ok = strings.Cut(line, " "); !ok {
		return st, fmt.Errorf("%s: request line %q: want METHOD /path", name, line)
	}
	head, body, _ := strings.Cut("\n"+rest, "\n\n")
	st.body = strings.TrimSuffix(body, "\n")
	var err error
	st.header, err = readHeader(head)
	if err != nil {
		return st, fmt.Errorf("%s: headers: %w", name, err)
	}
	return st, nil
}

func readHeader(text string) (textproto.MIMEHeader, error) {
	text = strings.TrimPrefix(text, "\n") + "\n\n"
	return textproto.NewReader(bufio.NewReader(strings.NewReader(text))).ReadMIMEHeader()
}

func (st step) request(ctx context.Context, vars *variables) (*http.Request, error) {
	var body *bytes.Reader
	if st.body == "" {
		body = bytes.NewReader(nil)
	} else {
		body = bytes.NewReader([]byte(vars.expand(st.body)))
	}
	req, err := http.NewRequestWithContext(ctx, st.method, vars.base()+vars.expand(st.target), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer {{token}}")
	req.Header.Set("User-Agent", "") // the client library's own would be sent otherwise
	maps.Copy(req.Header, st.header)
	for _, values := range req.Header {
		for i := range values {
			values[i] = vars.expand(values[i])
		}
	}
	if req.Header.Get("Authorization") == "" {
		req.Header.Del("Authorization")
	}
	return req, nil
}
