package envtest

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
)

// Link is a way to the API server that can be cut.
type Link struct {
	listener net.Listener
	target   string

	mu     sync.Mutex
	cut    bool
	frozen chan struct{} // until it is closed nothing passes; nil: it is not frozen
	conns  map[net.Conn]bool
}

// NewLink makes a way to the API server of the cluster.
func (c *Cluster) NewLink() (*Link, error) {
	target, err := url.Parse(c.Config.Host)
	if err != nil {
		return nil, fmt.Errorf("address of the API server: %w", err)
	}
	host := target.Host
	if host == "" {
		host = c.Config.Host
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	l := &Link{listener: listener, target: host, conns: map[net.Conn]bool{}}
	go l.serve()
	return l, nil
}

// Address is where the link begins, host:port.
func (l *Link) Address() string { return l.listener.Addr().String() }

// Cut breaks every connection, and refuses new ones.
func (l *Link) Cut() { l.set(true) }

// Mend lets new connections through.
func (l *Link) Mend() { l.set(false) }

// Freeze lets connections stay, and nothing pass, as where packets are dropped, until Thaw.
func (l *Link) Freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frozen = make(chan struct{})
}

// Thaw lets everything pass, also what has waited.
func (l *Link) Thaw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.frozen != nil {
		close(l.frozen)
	}
	l.frozen = nil
}

// passing waits as long as the link is frozen.
func (l *Link) passing() {
	l.mu.Lock()
	frozen := l.frozen
	l.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

// Close ends the link.
func (l *Link) Close() error {
	l.Cut()
	l.Thaw()
	return l.listener.Close()
}

func (l *Link) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	if cut {
		for c := range l.conns {
			_ = c.Close()
		}
		clear(l.conns)
	}
}

func (l *Link) serve() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.target)
		if err != nil || !l.add(near, far) {
			_ = near.Close()
			if far != nil {
				_ = far.Close()
			}
			continue
		}
		go l.copy(near, far)
		go l.copy(far, near)
	}
}

func (l *Link) add(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		if l.cut {
			return false
		}
		l.conns[c] = true
	}
	return true
}

func (l *Link) copy(to, from net.Conn) {
	_, _ = io.Copy(gate{to, l}, from)
	_ = to.Close()
	_ = from.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, to)
	delete(l.conns, from)
}

// gate holds up what goes to a connection of a frozen link.
type gate struct {
	net.Conn
	link *Link
}

func (g gate) Write(p []byte) (int, error) {
	g.link.passing()
	return g.Conn.Write(p)
}
