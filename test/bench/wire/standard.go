package wire

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// standard is the client of net/http, as most Go programs use it, with what makes it no slower than it need be: a
// connection that stays and is nobody else's, buffers that take a large answer in few reads, and headers that are made once.
type standard struct {
	client   *http.Client
	base     string // URL
	reading  http.Header
	writing  http.Header
	deadline time.Time
	drain    drain
	body     bytes.Buffer
	location []byte
}

// Standard makes a client of net/http with a connection of its own.
func Standard(_ context.Context, t Target) (Client, error) {
	s := &standard{
		client: &http.Client{Transport: &http.Transport{
			MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1, DisableCompression: true,
			ReadBufferSize: bufferSize, WriteBufferSize: bufferSize,
		}},
		base: "http://" + t.Address + t.Base,
		reading: http.Header{
			"Authorization": {"Bearer " + t.Token}, "Accept": {"application/scim+json"}, "User-Agent": {"bench"},
		},
		drain: make(drain, bufferSize),
	}
	s.writing = s.reading.Clone()
	s.writing.Set("Content-Type", "application/scim+json")
	_, err := url.Parse(s.base)
	return s, err
}

func (s *standard) SetDeadline(t time.Time) error {
	s.deadline = t
	return nil
}

func (s *standard) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

func (s *standard) Do(method string, path, body []byte, keep bool) (Answer, error) {
	if !s.deadline.IsZero() && time.Now().After(s.deadline) {
		return Answer{}, context.DeadlineExceeded
	}
	r, err := s.request(method, path, body)
	if err != nil {
		return Answer{}, err
	}
	res, err := s.client.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	a := Answer{Status: res.StatusCode}
	if location := res.Header.Get("Location"); location != "" {
		s.location = append(s.location[:0], location...)
		a.Location = s.location
	}
	s.body.Reset()
	if keep || a.Status >= 300 {
		a.Bytes, err = s.body.ReadFrom(res.Body)
	} else {
		a.Bytes, err = s.drain.readAll(res.Body)
	}
	a.Body = s.body.Bytes()
	return a, err
}

func (s *standard) request(method string, path, body []byte) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	var text strings.Builder
	text.Grow(len(s.base) + len(path))
	text.WriteString(s.base)
	text.Write(path)
	r, err := http.NewRequest(method, text.String(), content) //nolint:noctx // ends with its connection
	if err != nil {
		return nil, err
	}
	r.Header = s.reading
	if body != nil {
		r.Header = s.writing
	}
	return r, nil
}

// drain is a buffer for what nobody wants. That of io.Discard is so small that it takes many reads to empty a connection.
type drain []byte

func (d drain) readAll(r io.Reader) (total int64, err error) {
	for err == nil {
		var n int
		n, err = r.Read(d)
		total += int64(n)
	}
	if err == io.EOF {
		err = nil
	}
	return total, err
}
