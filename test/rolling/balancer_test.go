package rolling

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/test/program"
)

// probeEvery is the time between two looks at a replica's readiness.
const probeEvery = 200 * time.Millisecond

// balancer passes connections on to the replicas that are ready, as the Service of a cluster does: it knows nothing of
// requests, and leaves a connection where it is.
type balancer struct {
	listener net.Listener
	probes   *http.Client
	mu       sync.Mutex
	backends [replicas]*backend
	next     int
}

type backend struct {
	server *program.Server
	ready  bool
}

func newBalancer(t *testing.T) *balancer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{listener: l, probes: &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { b.accept(&running) })
	for i := range replicas {
		running.Go(func() { b.probe(ctx, i) })
	}
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		running.Wait()
	})
	return b
}

func (b *balancer) url() string { return "http://" + b.listener.Addr().String() }

// use puts a replica in its place. It gets connections when it is ready.
func (b *balancer) use(i int, s *program.Server) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backends[i] = &backend{server: s}
}

func (b *balancer) probe(ctx context.Context, i int) {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		b.mu.Lock()
		of := b.backends[i]
		b.mu.Unlock()
		if of == nil {
			continue
		}
		ready := b.ready(ctx, of.server.OpsAddress)
		b.mu.Lock()
		of.ready = ready
		b.mu.Unlock()
	}
}

func (b *balancer) ready(ctx context.Context, address string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := b.probes.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// readies is how many replicas get connections.
func (b *balancer) readies() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, of := range b.backends {
		if of != nil && of.ready {
			n++
		}
	}
	return n
}

func (b *balancer) accept(running *sync.WaitGroup) {
	for {
		client, err := b.listener.Accept()
		if err != nil {
			return
		}
		running.Go(func() { b.pass(client) })
	}
}

// pass connects a client with a replica, until one of them ends it.
func (b *balancer) pass(client net.Conn) {
	defer client.Close()
	server := b.dial()
	if server == nil {
		return
	}
	defer server.Close()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{server, client}, {client, server}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			ended <- struct{}{}
		}()
	}
	<-ended
}

// dial tries the replicas that are ready, in turn.
func (b *balancer) dial() net.Conn {
	for range 2 * replicas {
		b.mu.Lock()
		of := b.backends[b.next%replicas]
		b.next++
		usable := of != nil && of.ready
		b.mu.Unlock()
		if !usable {
			continue
		}
		if c, err := net.DialTimeout("tcp", of.server.Address, time.Second); err == nil {
			return c
		}
	}
	return nil
}
