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
	if err := p.wait(ctx); err != nil {
		return nil, err
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

// wait takes a slot. One that is free is taken without a look at ctx, whose channel is made only if somebody asks for it.
func (p *pool) wait(ctx context.Context) error {
	if p.closed() {
		return errClosed
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case <-p.done:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	case p.slots <- struct{}{}:
		return nil
	}
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
