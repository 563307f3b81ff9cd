// Command envtest prints the folder of the programs that envtest starts (kube-apiserver, etcd, kubectl), which it finds,
// downloads or builds first; progress goes to standard error. For a shell:
//
//	export KUBEBUILDER_ASSETS=$(go run ./hack/envtest)
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/scim-operator/scim-operator/hack/envtest/assets"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := assets.Find(ctx, os.Stderr)
	if err != nil {
		return err
	}
	fmt.Println(dir)
	return nil
}
