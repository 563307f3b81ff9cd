package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// request is a transaction that waits for the writer.
type request struct {
	ctx    context.Context
	tenant string
	fn     func(*tx) error
	alone  bool // it shares its batch with nobody
	access access

	careful bool // it has failed, or another one of its batch, and is run again with a savepoint

	owner atomic.Int32 // waiting, claimed by the writer, or abandoned by who asked for it
	err   error        // outcome, once done is closed
	panic error
	done  chan struct{}
}

const (
	waiting int32 = iota
	claimed
	abandoned
)

var (
	errGoexit = fmt.Errorf("%w: the function of a transaction ended its goroutine", store.ErrUnavailable)
	errLost   = fmt.Errorf("%w: the database rolled the transaction back", store.ErrUnavailable)
	errPanic  = errors.New("the function of a transaction panicked")
)

// claim tells whether the caller is the first to claim the request.
func (r *request) claim(by int32) bool { return r.owner.CompareAndSwap(waiting, by) }

// call runs the function. A panic is kept for the goroutine that asked for the transaction.
func (r *request) call(t *tx) (err error) {
	defer func() {
		if v := recover(); v != nil {
			r.panic, err = panicOf(v), errPanic
		}
	}()
	r.panic = nil
	if err := r.ctx.Err(); err != nil {
		return err
	}
	return r.fn(t)
}

// panicOf adds the stack, which the goroutine that panics in the end does not have.
func panicOf(v any) error {
	if err, ok := v.(error); ok {
		return fmt.Errorf("%w\n\n%s", err, debug.Stack())
	}
	return fmt.Errorf("%v\n\n%s", v, debug.Stack())
}

// finish gives the outcome to who waits for it.
func (r *request) finish(err error) {
	r.err = err
	close(r.done)
}

// outcome returns what finish was given, or panics as the function did.
func (r *request) outcome() error {
	if r.panic != nil {
		panic(r.panic)
	}
	return r.err
}
