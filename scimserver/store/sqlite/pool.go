package sqlite

import (
	"context"
	"errors"
	"sync"
)

// pool keeps the sessions of the readers. They are opened as they are needed, and the one used last
// is used next, as its cache is warm.
type pool struct {
	open  func() (*session, error)
	slots chan struct{} // one for each session that may be in use
	done  chan struct{} // closed: no session is given out any more

	mu   sync.Mutex
	idle []*session
}

func newPool(size int, open func() (*session, error)) *pool {
	return &pool{open: open, slots: make(chan struct{}, size), done: make(chan struct{})}
}

// get waits for a session. It must be given back with put.
func (p *pool) get(ctx context.Context) (*session, error) {
	select {
	case <-p.done:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	case p.slots <- struct{}{}:
	}
	if s := p.takeIdle(); s != nil {
		return s, nil
	}
	s, err := p.open()
	if err != nil {
		<-p.slots
	}
	return s, classify(err)
}

func (p *pool) takeIdle() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	last := len(p.idle) - 1
	s := p.idle[last]
	p.idle = p.idle[:last]
	return s
}

func (p *pool) put(s *session) {
	p.mu.Lock()
	p.idle = append(p.idle, s)
	p.mu.Unlock()
	<-p.slots
}

func (p *pool) closed() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// close waits until all sessions are given back, and closes them.
func (p *pool) close() (err error) {
	close(p.done)
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.idle {
		err = errors.Join(err, s.close())
	}
	p.idle = nil
	return err
}
