package main

import (
	"context"
	"io"
	"os"

	"github.com/scim-operator/scim-operator/controllers/manifests"
	admincommand "github.com/scim-operator/scim-operator/scimserver/admin/command"
)

// admin asks the server that runs on this machine.
func admin(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	return admincommand.Run(ctx, args, admincommand.IO{In: os.Stdin, Out: stdout, Err: stderr, Env: env, ReadMappings: manifests.Mappings})
}
