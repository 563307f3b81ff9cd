package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

const (
	bufferSize = 64 << 10
	// keptOfErrors is how much of the body of an error is read for its message.
	keptOfErrors = 512
)

// conn is a keep-alive connection.
type conn struct {
	target   Target
	conn     net.Conn
	r        *bufio.Reader
	request  []byte
	body     []byte
	location []byte
}

// Dial connects the lean client.
func Dial(ctx context.Context, t Target) (Client, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", t.Address)
	if err != nil {
		return nil, err
	}
	return &conn{target: t, conn: c, r: bufio.NewReaderSize(c, bufferSize)}, nil
}

func (c *conn) Close() error { return c.conn.Close() }

func (c *conn) SetDeadline(t time.Time) error { return c.conn.SetDeadline(t) }

func (c *conn) Do(method string, path, body []byte, keep bool) (Answer, error) {
	c.request = c.target.append(c.request[:0], method, path, body)
	if _, err := c.conn.Write(c.request); err != nil {
		return Answer{}, err
	}
	h, err := c.readHead()
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Status: h.status, Location: h.location}
	limit := int64(0)
	if keep {
		limit = h.length
		if h.chunked {
			limit = int64(^uint64(0) >> 1)
		}
	} else if h.status >= 300 {
		limit = keptOfErrors
	}
	c.body = c.body[:0]
	if h.chunked {
		a.Bytes, err = c.readChunks(limit)
	} else {
		a.Bytes, err = h.length, c.read(h.length, limit)
	}
	a.Body = c.body
	return a, err
}

// head is what matters of the status line and the headers.
type head struct {
	status   int
	length   int64
	chunked  bool
	location []byte
}

var (
	contentLength    = []byte("content-length")
	transferEncoding = []byte("transfer-encoding")
	locationHeader   = []byte("location")
	chunkedCoding    = []byte("chunked")
)

func (c *conn) readHead() (h head, err error) {
	line, err := c.line()
	if err != nil {
		return h, err
	}
	if h.status, err = parseStatus(line); err != nil {
		return h, err
	}
	h.length = -1
	for {
		if line, err = c.line(); err != nil {
			return h, err
		}
		if len(line) == 0 {
			return h, h.check()
		}
		if err := c.header(&h, line); err != nil {
			return h, err
		}
	}
}

func parseStatus(line []byte) (int, error) {
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, fmt.Errorf("no HTTP/1.1 answer: %q", line)
	}
	return strconv.Atoi(string(line[9:12]))
}

// header takes what it knows from a header line; the first letter sorts out most of the others.
func (c *conn) header(h *head, line []byte) (err error) {
	switch line[0] | 0x20 {
	case 'c', 't', 'l':
	default:
		return nil
	}
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return fmt.Errorf("no header: %q", line)
	}
	value = bytes.TrimSpace(value)
	switch {
	case bytes.EqualFold(name, contentLength):
		h.length, err = strconv.ParseInt(string(value), 10, 64)
	case bytes.EqualFold(name, transferEncoding):
		h.chunked = bytes.EqualFold(value, chunkedCoding)
	case bytes.EqualFold(name, locationHeader):
		c.location = append(c.location[:0], value...)
		h.location = c.location
	}
	return err
}

// check gives answers without a body their length. An answer that ends with its connection is of no use here.
func (h *head) check() error {
	switch {
	case h.status == 204 || h.status == 304:
		h.length, h.chunked = 0, false
	case !h.chunked && h.length < 0:
		return errors.New("answer without Content-Length and chunks")
	}
	return nil
}

// line returns a line without its end, valid until the next read.
func (c *conn) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// read takes n bytes and keeps those up to limit.
func (c *conn) read(n, limit int64) error {
	keep := max(0, min(n, limit-int64(len(c.body))))
	if keep > 0 {
		have := len(c.body)
		c.body = append(c.body, make([]byte, keep)...)
		if _, err := io.ReadFull(c.r, c.body[have:]); err != nil {
			return err
		}
	}
	_, err := c.r.Discard(int(n - keep))
	return err
}

func (c *conn) readChunks(limit int64) (total int64, err error) {
	for {
		line, err := c.line()
		if err != nil {
			return total, err
		}
		n, err := strconv.ParseInt(string(line), 16, 64)
		if err != nil {
			return total, fmt.Errorf("chunk size %q", line)
		}
		if n > 0 {
			if err := c.read(n, limit); err != nil {
				return total, err
			}
			total += n
		}
		if line, err = c.line(); err != nil || len(line) > 0 {
			return total, errors.Join(err, endOfChunk(line))
		}
		if n == 0 {
			return total, nil
		}
	}
}

func endOfChunk(line []byte) error {
	if len(line) > 0 {
		return fmt.Errorf("after a chunk: %q", line)
	}
	return nil
}
