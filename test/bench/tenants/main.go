// Command tenants measures the real server program with thousands of tenants: how long it takes to start, what memory and
// processor time it takes while nobody asks for anything, and how soon one more tenant is served. The configuration comes from
// Secrets, as in a cluster; the API server that has them is a small one of this program.
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

	"github.com/scim-operator/scim-operator/test/program"
)

// Bounds of the figures.
const (
	mostMemory = 300 << 20
	mostStart  = 5 * time.Second
	mostApply  = 2 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	tenants := flag.Int("tenants", 5000, "number of tenants")
	server := flag.String("server", "", "the server program, instead of building it")
	idle := flag.Duration("idle", 40*time.Second, "how long nobody asks for anything before memory and processor time are read")
	flag.Parse()
	if err := run(ctx, *server, *tenants, *idle); err != nil {
		fmt.Fprintln(os.Stderr, "bench-tenants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, server string, tenants int, idle time.Duration) (err error) {
	dir, err := os.MkdirTemp("", "scim-tenants-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if server == "" {
		if server, err = program.Build(ctx, dir); err != nil {
			return err
		}
	}
	fmt.Printf("%-14s %8s %7s %12s %12s %12s %14s %12s\n", "tenants", "number", "Secrets", "start", "memory", "idle CPU", "one more: CPU", "served")
	for _, kind := range []string{"plain", "applications"} {
		f, err := measure(ctx, setup{server: server, dir: dir, kind: kind, tenants: tenants, idle: idle})
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		fmt.Printf("%-14s %8d %7d %12v %8d MiB %10.2f %% %14v %12v\n", kind, tenants, f.secrets, f.start.Round(time.Millisecond), f.memory>>20,
			100*f.idle, f.applyCPU.Round(time.Millisecond), f.apply.Round(time.Millisecond))
		if f.memory > mostMemory || f.start > mostStart || f.apply > mostApply {
			err = fmt.Errorf("%s: a figure is beyond its bound: start %v, memory %d MiB, served %v", kind, mostStart, mostMemory>>20, mostApply)
			return err
		}
	}
	return nil
}
