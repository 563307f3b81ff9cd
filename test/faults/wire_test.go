package faults

import (
	"io"
	"net"
	"sync"
	"testing"
)

// severity is how the network fails.
type severity int

const (
	refuses    severity = iota // connections end at once
	swallows                   // connections stay, nothing comes through
	halves                     // requests come through, answers do not
	severities                 // how many there are
)

// wire is the network between server and application.
type wire struct {
	listener net.Listener
	to       string // host:port

	mu     sync.Mutex
	state  *severity // nil: whole
	open   map[net.Conn]bool
	mended chan struct{} // closed when the wire is whole again
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, to: to, open: map[net.Conn]bool{}, mended: make(chan struct{})}
	close(w.mended)
	go w.accept()
	t.Cleanup(func() {
		_ = l.Close()
		w.mend()
		w.drop()
	})
	return w
}

func (w *wire) address() string { return w.listener.Addr().String() }

func (w *wire) accept() {
	for {
		conn, err := w.listener.Accept()
		if err != nil {
			return
		}
		go w.carry(conn)
	}
}

// cut breaks the wire. What was open is closed, or goes on as the severity says.
func (w *wire) cut(s severity) {
	w.mu.Lock()
	w.state = &s
	w.mended = make(chan struct{})
	w.mu.Unlock()
	if s == refuses {
		w.drop()
	}
}

// mend makes the wire whole. Connections of before are closed: what they hold back never arrives.
func (w *wire) mend() {
	w.mu.Lock()
	whole := w.state == nil
	w.state = nil
	if !whole {
		close(w.mended)
	}
	w.mu.Unlock()
	if !whole {
		w.drop()
	}
}

func (w *wire) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for conn := range w.open {
		_ = conn.Close()
	}
}

func (w *wire) is(s severity) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state != nil && *w.state == s
}

func (w *wire) keep(conn net.Conn, open bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if open {
		w.open[conn] = true
	} else {
		delete(w.open, conn)
	}
}

func (w *wire) carry(conn net.Conn) {
	defer conn.Close()
	w.keep(conn, true)
	defer w.keep(conn, false)
	if w.is(refuses) {
		return
	}
	other, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer other.Close()
	w.keep(other, true)
	defer w.keep(other, false)
	ended := make(chan struct{}, 2)
	go func() { w.pump(other, conn, false); ended <- struct{}{} }()
	go func() { w.pump(conn, other, true); ended <- struct{}{} }()
	<-ended
}

// pump copies one direction. What a broken wire has swallowed never comes out.
func (w *wire) pump(to io.Writer, from io.Reader, answers bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		lost := w.is(swallows) || answers && w.is(halves)
		if n > 0 && !lost {
			if _, werr := to.Write(buffer[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
