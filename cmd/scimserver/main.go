// Command scimserver is the SCIM server: it serves the tenants of a configuration to identity providers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	admincommand "github.com/scim-operator/scim-operator/scimserver/admin/command"
)

const usage = `scimserver serves SCIM 2.0 endpoints to identity providers.

Usage:
  scimserver serve [flags]            serve the tenants of a configuration; --help lists the flags
  scimserver admin COMMAND [flags]    ask the server that runs on this machine; admin help lists the commands
  scimserver version                  print the version
`

// version is set by -ldflags "-X main.version=…"; else it is the module's.
var version string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run returns the exit code: 0, 1 for a failure, 2 for wrong arguments.
func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) int {
	err := command(ctx, args, env, stdout, stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintf(stderr, "scimserver: %v\n", err)
	if errors.As(err, new(usageError)) || errors.As(err, new(admincommand.UsageError)) {
		return 2
	}
	return 1
}

func command(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return usageError("a command is missing: serve, admin or version")
	}
	switch args[0] {
	case "serve":
		return serve(ctx, args[1:], env, stdout, stderr)
	case "admin":
		return admin(ctx, args[1:], env, stdout, stderr)
	case "version":
		fmt.Fprintf(stdout, "scimserver %s %s %s/%s\n", programVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return nil
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return nil
	}
	return usageError(fmt.Sprintf("there is no command %q: use serve, admin or version", args[0]))
}

func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "(devel)" && info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}

// usageError is an error of who started the program.
type usageError string

func (e usageError) Error() string { return string(e) + " (scimserver serve --help lists the flags)" }
