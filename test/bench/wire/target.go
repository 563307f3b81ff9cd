package wire

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Target is a server and the tenant that is spoken to.
type Target struct {
	Address string // host:port
	Base    string // path of the SCIM base URL, such as /ns/name/scim/v2
	Token   string
}

// Client sends one request after the other. It is not for concurrent use.
type Client interface {
	// Do sends a request and reads the answer to its end. The path is relative to Target.Base and escaped as needed; a nil
	// body is none. keep stores the body of the answer; else its bytes are only counted.
	Do(method string, path, body []byte, keep bool) (Answer, error)
	// SetDeadline bounds all that follows.
	SetDeadline(t time.Time) error
	Close() error
}

// Answer is what the server said. Its slices are valid until the next request of the client.
type Answer struct {
	Status   int
	Location []byte // the header, nil: none
	Body     []byte // only where it was asked for, and of an error its beginning
	Bytes    int64  // length of the body
}

// Dialer makes a client.
type Dialer func(ctx context.Context, t Target) (Client, error)

// Clients are the kinds of clients by name: lean is that of this package, standard is that of net/http.
func Clients(name string) (Dialer, error) {
	switch name {
	case "lean":
		return Dial, nil
	case "standard":
		return Standard, nil
	}
	return nil, fmt.Errorf("client %q: want lean or standard", name)
}

// append appends a request.
func (t Target) append(dst []byte, method string, path, body []byte) []byte {
	dst = append(append(dst, method...), ' ')
	dst = append(append(dst, t.Base...), path...)
	dst = append(append(dst, " HTTP/1.1\r\nHost: "...), t.Address...)
	dst = append(append(dst, "\r\nAuthorization: Bearer "...), t.Token...)
	dst = append(dst, "\r\nAccept: application/scim+json\r\nUser-Agent: bench\r\n"...)
	if body != nil {
		dst = append(dst, "Content-Type: application/scim+json\r\nContent-Length: "...)
		dst = strconv.AppendInt(dst, int64(len(body)), 10)
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, "\r\n"...)
	return append(dst, body...)
}
