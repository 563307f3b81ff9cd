package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/scim-operator/scim-operator/scimserver/admin/command"
)

// admin asks the server that runs on this machine.
func admin(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	err := command.Run(ctx, args, command.IO{In: os.Stdin, Out: stdout, Err: stderr, Env: env, ReadMappings: readMappings})
	var usage command.UsageError
	if errors.As(err, &usage) {
		return adminUsageError(usage)
	}
	return err
}
