package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// UsageError is about the arguments.
type UsageError string

func (e UsageError) Error() string { return string(e) + " (scimserver admin help lists the commands)" }

// IO is what a command reads and writes.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
	Env      func(string) string
	// ReadMappings makes one mapping of a stream of SCIMMappings in YAML, a later one over the earlier ones.
	ReadMappings func(yaml []byte) (*config.Mapping, error)
}

// command is one word behind `scimserver admin`.
type command struct {
	name, short string
	flags       func(*flag.FlagSet, *options)
	run         func(context.Context, *call) error
	server      bool // it needs no tenant
}

var commands = []*command{
	{name: "tenants", short: "list the server's tenants", run: tenants, server: true},
	{name: "log", short: "print the provisioning log: what was asked, what was decided, and why", flags: logFlags, run: printLog},
	{name: "members", short: "list the application's members", flags: userFlag, run: members},
	{name: "replay", short: "send events to the application again", flags: replayFlags, run: replay},
	{name: "resync", short: "send every member to the application as it is", run: resync},
	{name: "release", short: "let off-boardings go on that the brake has stopped", run: release},
	{name: "diff", short: "print what other mappings would change; nothing is changed", flags: diffFlags, run: diff},
	{name: "check", short: "explain what would become of one payload; nothing is changed", flags: checkFlags, run: check},
	{name: "export", short: "write the tenant's users, groups and members as lines of JSON; with --full all that there is", flags: exportFlags, run: export},
	{name: "import", short: "make users and groups of an export, or all that a full one holds", flags: fileFlag, run: importFile},
}

// options are the flags of all commands.
type options struct {
	data, tenant, output string

	user, since, after string
	limit              int
	follow             bool

	from, to   int64
	member     string
	parkedOnly bool

	file   string
	files  []string
	groups []string
	values bool
	full   bool
}

// call is a command that is being run.
type call struct {
	options
	io     IO
	inputs map[string][]byte // parts of standard input, in place of files
	client *admin.Client
}

// Run runs the command that args begin with. Errors of type UsageError, and flag.ErrHelp, are about args.
func Run(ctx context.Context, args []string, streams IO) error {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		fmt.Fprint(streams.Err, usage())
		if len(args) == 0 {
			return UsageError("a command is missing")
		}
		return flag.ErrHelp
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.start(ctx, args[1:], streams)
		}
	}
	return UsageError(fmt.Sprintf("there is no command %q", args[0]))
}

func usage() string {
	var b strings.Builder
	b.WriteString("scimserver admin asks the server that runs on this machine.\n\nUsage:\n")
	for _, c := range commands {
		tenant := "--tenant NAMESPACE/NAME"
		if c.server {
			tenant = ""
		}
		fmt.Fprintf(&b, "  scimserver admin %-8s %-23s [flags]   %s\n", c.name, tenant, c.short)
	}
	b.WriteString("\n`scimserver admin COMMAND --help` lists the flags of a command.\n")
	return b.String()
}

func (c *command) start(ctx context.Context, args []string, streams IO) error {
	call := &call{io: streams}
	set := c.flagSet(&call.options, streams)
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return UsageError(err.Error())
	}
	if err := call.check(c, set.Args()); err != nil {
		return err
	}
	call.client = admin.NewClient(call.data)
	defer call.client.Close()
	return c.run(ctx, call)
}

func (c *command) flagSet(o *options, streams IO) *flag.FlagSet {
	set := flag.NewFlagSet(c.name, flag.ContinueOnError)
	set.SetOutput(streams.Err)
	data := streams.Env("SCIMSERVER_DATA")
	if data == "" {
		data = "/data"
	}
	set.StringVar(&o.data, "data", data, "the server's data `folder`, where its socket is")
	set.StringVar(&o.output, "o", "", "`json` prints lines of JSON")
	if !c.server {
		set.StringVar(&o.tenant, "tenant", "", "the tenant, as `NAMESPACE/NAME`")
	}
	if c.flags != nil {
		c.flags(set, o)
	}
	return set
}

func (c *call) check(cmd *command, rest []string) error {
	namespace, name, ok := strings.Cut(c.tenant, "/")
	switch {
	case len(rest) > 0:
		return UsageError(fmt.Sprintf("there is an argument too many: %q", rest[0]))
	case c.output != "" && c.output != "json":
		return UsageError(fmt.Sprintf("-o %s: the only other output is json", c.output))
	case !cmd.server && c.tenant == "":
		return UsageError("--tenant NAMESPACE/NAME is needed")
	case !cmd.server && (!ok || namespace == "" || name == "" || strings.Contains(name, "/")):
		return UsageError(fmt.Sprintf("--tenant %q is not NAMESPACE/NAME", c.tenant))
	}
	return nil
}

// lines asks the server about the tenant.
func (c *call) lines(ctx context.Context, method, what string, query url.Values, body io.Reader, yield func([]byte) error) error {
	namespace, name, _ := strings.Cut(c.tenant, "/")
	path := "/tenants/" + url.PathEscape(namespace) + "/" + url.PathEscape(name) + "/" + what
	return c.client.Lines(ctx, method, path, query, body, yield)
}

// raw prints a line of JSON as it is.
func (c *call) raw(line []byte) error {
	_, err := fmt.Fprintf(c.io.Out, "%s\n", line)
	return err
}

func (c *call) json() bool { return c.output == "json" }
