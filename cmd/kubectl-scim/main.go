// Command kubectl-scim is a plugin of kubectl: it says what an identity provider needs, tests the connection, and runs the
// administration of a tenant in its server's pod.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/scim-operator/scim-operator/plugin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	info, err := os.Stdin.Stat()
	p := &plugin.Plugin{
		Streams: plugin.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: err != nil || info.Mode()&os.ModeCharDevice != 0},
		Dial:    plugin.Dial, Transport: plugin.Transport, Now: time.Now, Poll: 300 * time.Millisecond,
	}
	os.Exit(exitCode(p.Run(ctx, os.Args[1:])))
}

// exitCode is 0, 1 for a failure, 2 for wrong arguments, or that of the program in the pod.
func exitCode(err error) int {
	var code plugin.ExitError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintf(os.Stderr, "kubectl scim: %v\n", err)
	if errors.As(err, new(plugin.UsageError)) {
		return 2
	}
	return 1
}
