package kubeutil

import (
	"context"
	"errors"
)

// ErrStop ends a pass early without an error: a phase has said in its findings what is amiss, and a watch wakes the
// reconciler when that changes.
var ErrStop = errors.New("stop the pass")

// Phase is one step of a pass. It leaves what it finds in the pass.
type Phase[P any] func(context.Context, P) error

// Run executes phases in order until one of them returns an error. ErrStop ends the run and is no error.
func Run[P any](ctx context.Context, pass P, phases ...Phase[P]) error {
	for _, phase := range phases {
		if err := phase(ctx, pass); errors.Is(err, ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}
