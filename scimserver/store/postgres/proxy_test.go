package postgres

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands before a database until the test ends.
type proxy struct {
	listener net.Listener
	running  sync.WaitGroup

	mu   sync.Mutex
	open []io.Closer
}

// startProxy has serve see to each connection of a client, which is closed when serve returns. What serve opens it gives to keep.
func startProxy(tb testing.TB, serve func(p *proxy, client net.Conn)) *proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &proxy{listener: l}
	p.running.Go(func() { p.accept(serve) })
	tb.Cleanup(p.stop)
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) accept(serve func(*proxy, net.Conn)) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.keep(client)
		p.running.Go(func() {
			defer func() { _ = client.Close() }()
			serve(p, client)
		})
	}
}

// keep has a connection closed at the end.
func (p *proxy) keep(c io.Closer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = append(p.open, c)
}

func (p *proxy) stop() {
	_ = p.listener.Close()
	p.mu.Lock()
	for _, c := range p.open {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
}
