package wire

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// standard is the client of net/http, as most Go programs use it. It costs several times what a server needs to read and
// write a request.
type standard struct {
	target   Target
	client   *http.Client
	deadline time.Time
	body     bytes.Buffer
	location []byte
}

// Standard makes a client of net/http with a connection of its own.
func Standard(_ context.Context, t Target) (Client, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true}
	return &standard{target: t, client: &http.Client{Transport: transport}}, nil
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
	sink := io.Discard
	if keep || a.Status >= 300 {
		sink = &s.body
	}
	a.Bytes, err = io.Copy(sink, res.Body)
	a.Body = s.body.Bytes()
	return a, err
}

func (s *standard) request(method string, path, body []byte) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	r, err := http.NewRequest(method, "http://"+s.target.Address+s.target.Base+string(path), content) //nolint:noctx // ends with its connection
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+s.target.Token)
	r.Header.Set("Accept", "application/scim+json")
	r.Header.Set("User-Agent", "bench")
	if body != nil {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	return r, nil
}
