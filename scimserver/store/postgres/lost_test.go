package postgres

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
)

// forgetful passes on what a database and its clients say, and breaks the connection instead of the answer of each nth
// commit, once another one has come behind it.
type forgetful struct {
	target  string
	every   int64
	commits atomic.Int64
	mu      sync.Mutex
	next    chan struct{} // closed by the next commit
}

// startForgetful returns it and the URI for clients.
func startForgetful(t *testing.T, uri string, every int64) (*forgetful, string) {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	f := &forgetful{target: u.Host, every: every, next: make(chan struct{})}
	u.Host = startProxy(t, f.serve).addr()
	return f, u.String()
}

func (f *forgetful) serve(p *proxy, client net.Conn) {
	server, err := net.Dial("tcp", f.target)
	if err != nil {
		return // the client sees that the connection ends
	}
	p.keep(server)
	p.running.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	f.answers(client, server)
	_ = server.Close()
}

// answers passes on what the server says, until a commit is to be forgotten.
func (f *forgetful) answers(client io.Writer, server io.Reader) {
	for r := bufio.NewReader(server); ; {
		m, err := readMessage(r)
		if err != nil {
			return
		}
		if m[0] == 'C' && bytes.HasSuffix(m, []byte("COMMIT\x00")) && f.forgets() {
			return
		}
		if _, err := client.Write(m); err != nil {
			return
		}
	}
}

// forgets tells whether a commit is to be forgotten, at the time for it.
func (f *forgetful) forgets() bool {
	f.mu.Lock()
	close(f.next)
	next := make(chan struct{})
	f.next = next
	f.mu.Unlock()
	if f.commits.Add(1)%f.every != 0 {
		return false
	}
	select {
	case <-next:
	case <-time.After(100 * time.Millisecond): // all are in this one
	}
	return true
}

// TestLostCommits: where the answer of a commit is lost it is found out whether it has happened, also while others already
// wait for the tenant's row, so that nobody is told anything that is not true, and nothing is done twice.
func TestLostCommits(t *testing.T) {
	t.Parallel()
	f, uri := startForgetful(t, pgtest.Database(t), 3)
	s, err := Open(t.Context(), Options{URI: uri})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	const writers, each = 2*maxBatch + 20, 4 // more than one batch takes
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			for i := range each {
				if err := s.insertOnce(t.Context(), fmt.Sprintf("%d-%d", n, i)); err != nil {
					t.Errorf("user %d-%d: %v", n, i, err)
				}
			}
		})
	}
	all.Wait()
	counts, err := s.Counts(t.Context(), "lost/commits")
	if err != nil || counts.Users != writers*each {
		t.Errorf("%d users, %v; want %d", counts.Users, err, writers*each)
	}
	if n := f.commits.Load(); n < 2*f.every {
		t.Errorf("%d commits, of which too few were forgotten", n)
	}
}

func (s *Store) insertOnce(ctx context.Context, id string) error {
	return s.Update(ctx, "lost/commits", func(w store.Writer) error {
		_, err := w.Insert(ctx, store.Record{Type: store.TypeUser, ID: id, Doc: []byte("{}"), Keys: store.Keys{Name: id, NameUnique: true}})
		return err
	})
}
