package httpapi

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// readBody decodes the body of a request. Errors: 400, 413, 415.
func (x *exchange) readBody() (*resource.Object, error) {
	if err := checkMediaType(x.r.Header, x.tol); err != nil {
		return nil, err
	}
	if err := x.fillBody(); err != nil {
		return nil, err
	}
	return resource.Decode(x.body, resource.Limits{})
}

// fillBody reads the body into the pooled buffer.
func (x *exchange) fillBody() error {
	limit := x.tenant.bodyBytes()
	if x.r.ContentLength > limit {
		return tooLarge(limit)
	}
	buf := bytes.NewBuffer(x.body[:0])
	buf.Grow(int(max(x.r.ContentLength, 0)) + bytes.MinRead)
	_, err := buf.ReadFrom(http.MaxBytesReader(x.w, x.r.Body, limit))
	x.body = buf.Bytes()
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return tooLarge(limit)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return scimerr.InvalidSyntax("the body ended before its Content-Length")
	case err != nil:
		return scimerr.Wrap(err, http.StatusBadRequest, scimerr.BadSyntax, "the body cannot be read")
	}
	return nil
}

func tooLarge(limit int64) error {
	return scimerr.New(http.StatusRequestEntityTooLarge, scimerr.None, "the body is larger than the limit of %d bytes", limit)
}

// checkMediaType accepts SCIM's own type in UTF-8 (RFC 7644 §3.1, §8.1), plain JSON, and a request that does not say: what is
// no JSON shows in the body.
func checkMediaType(h http.Header, tol *tolerance.Log) error {
	if encoding := h.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return unsupported("Content-Encoding: send the body as it is")
	}
	value := h.Get("Content-Type")
	if value == mediaType || value == "" && tol.Allow(tolerance.NoMediaType) {
		return nil
	}
	typ, params, err := mime.ParseMediaType(value)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return unsupported("Content-Type: want " + mediaType)
	}
	if plain := typ == "application/json" && tol.Allow(tolerance.PlainJSON); typ != mediaType && !plain {
		return unsupported("Content-Type: want " + mediaType)
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8") {
		return unsupported("Content-Type: want charset utf-8")
	}
	return nil
}

func unsupported(detail string) error {
	return scimerr.New(http.StatusUnsupportedMediaType, scimerr.None, "%s", detail)
}
