package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

type options struct {
	data    string
	listen  string
	samples string
	timeout time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", ".data/run", "folder for etcd, the servers' databases, logs and the kubeconfig; kept for the next start")
	flag.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address at which identity providers reach the tenants")
	flag.StringVar(&o.samples, "samples", "config/samples/quickstart", "folder of manifests to apply at the start")
	flag.DurationVar(&o.timeout, "timeout", 2*time.Minute, "how long the tenants may take to become Ready")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(1)
	}
}

// run starts everything in the order in which one part needs the other and ends it in the reverse order.
func run(ctx context.Context, o options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	data, err := prepare(o.data)
	if err != nil {
		return err
	}
	defer data.close()
	log.SetLogger(zap.New(zap.WriteTo(data.log("run"))))

	step("building the operator and the SCIM server")
	if err := build(ctx, data.path("bin")); err != nil {
		return err
	}
	step("starting the API server and etcd")
	cluster, err := startCluster(ctx, data)
	if err != nil {
		return err
	}
	defer cluster.stop()

	step("starting the operator")
	operator, err := startOperator(data, cluster, "http://"+o.listen)
	if err != nil {
		return err
	}
	defer operator.stop()
	node, err := startNode(ctx, data, cluster, o.listen)
	if err != nil {
		return err
	}
	defer node.stop()

	step("applying %s", o.samples)
	if err := cluster.apply(ctx, o.samples); err != nil {
		return err
	}
	if err := cluster.waitReady(ctx, o.timeout, operator); err != nil {
		return fmt.Errorf("%w; the logs are in %s", err, data.path("log"))
	}
	if err := cluster.printTable(ctx, os.Stdout, data); err != nil {
		return err
	}
	return waitForEnd(ctx, operator, node)
}

// waitForEnd returns at Ctrl-C, or when a part that everything needs has ended by itself.
func waitForEnd(ctx context.Context, operator *process, node *node) error {
	select {
	case <-ctx.Done():
		step("stopping")
		return nil
	case <-operator.done:
		return fmt.Errorf("the operator ended: %w", operator.err)
	case err := <-node.failed:
		return err
	}
}

func step(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "==> "+format+"\n", args...)
}

func build(ctx context.Context, bin string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin+string(filepath.Separator), "./cmd/operator", "./cmd/scimserver")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return nil
}
