package plugin

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
)

// Usage is what `kubectl scim help` prints.
const Usage = `kubectl scim works with the tenants of scim-operator.

Usage:
  kubectl scim COMMAND TENANT [flags]

Commands:
  connect   say what to type where in the tenant's identity provider, with base URL and token
  test      make the identity provider's own connection test
  rotate    issue a new token
  release   let the off-boardings go that the tenant's brake has stopped

These run in the tenant's server, and take the flags that it has for them (COMMAND TENANT --help lists them):
  log       what was asked, what was decided, and why
  members   the application's members
  diff      what changed mappings would do:  kubectl scim diff TENANT -f mapping.yaml
  check     what becomes of one payload:     kubectl scim check TENANT -f payload.json [--mapping mapping.yaml]
  resync    send the state of all members again
  replay    deliver events again
  export    write users, groups and members as lines of JSON:  kubectl scim export TENANT -f FILE
  import    read them:                                         kubectl scim import TENANT -f FILE
Files that -f names are here, not in the pod.

Flags of all commands:
  -n, --namespace NAME   of the tenant (default: that of the kubeconfig)
  --context NAME         of the kubeconfig
  --kubeconfig FILE      that tells how to reach the cluster
`

// Location tells which cluster and namespace are meant.
type Location struct {
	Kubeconfig, Context, Namespace string
}

// UsageError is an error of who called the plugin.
type UsageError string

func (e UsageError) Error() string { return string(e) + " (kubectl scim help says more)" }

// invocation is a command line.
type invocation struct {
	command, tenant string
	location        Location
	rest            []string // flags of the command, as they were given
}

// remote are the commands that run in the server's pod.
var remote = map[string]bool{
	"log": true, "members": true, "diff": true, "resync": true, "replay": true, "export": true, "import": true, "check": true,
}

// local are the commands that run here.
var local = map[string]func(*session) error{"connect": (*session).connect, "test": (*session).test, "rotate": (*session).rotate, "release": (*session).release}

// parse takes a command line apart. The plugin's own flags may stand anywhere before "--"; all others are the command's,
// and come after the tenant.
func parse(args []string) (invocation, error) {
	var in invocation
	if len(args) == 0 {
		return in, UsageError("a command is missing")
	}
	in.command = args[0]
	if !remote[in.command] && local[in.command] == nil {
		return in, UsageError(fmt.Sprintf("there is no command %q", in.command))
	}
	for i := 1; i < len(args); i++ {
		taken, err := in.location.take(args, &i)
		switch {
		case err != nil:
			return in, err
		case taken:
		case args[i] == "--":
			in.rest = append(in.rest, args[i+1:]...)
			i = len(args)
		case in.tenant == "" && !strings.HasPrefix(args[i], "-"):
			in.tenant = args[i]
		case in.tenant == "" && !isHelp(args[i]):
			return in, UsageError(fmt.Sprintf("the tenant comes before %s", args[i]))
		default:
			in.rest = append(in.rest, args[i])
		}
	}
	return in.tenantNamed()
}

// tenantNamed lets NAMESPACE/NAME stand for a tenant, too.
func (in invocation) tenantNamed() (invocation, error) {
	if namespace, name, ok := strings.Cut(in.tenant, "/"); ok {
		if in.location.Namespace != "" && in.location.Namespace != namespace {
			return in, UsageError(fmt.Sprintf("tenant %s is not in namespace %s", in.tenant, in.location.Namespace))
		}
		in.location.Namespace, in.tenant = namespace, name
	}
	if in.tenant == "" && (len(in.rest) == 0 || !isHelp(in.rest[0])) {
		return in, UsageError("a tenant is missing")
	}
	return in, nil
}

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

// take reads a flag of the plugin's own at args[*i].
func (l *Location) take(args []string, i *int) (bool, error) {
	if !strings.HasPrefix(args[*i], "-") || args[*i] == "--" {
		return false, nil
	}
	name, value, given := strings.Cut(args[*i], "=")
	fields := map[string]*string{
		"-n": &l.Namespace, "--namespace": &l.Namespace, "-namespace": &l.Namespace, "--context": &l.Context, "--kubeconfig": &l.Kubeconfig,
	}
	field := fields[name]
	if field == nil {
		return false, nil
	}
	if !given {
		if *i++; *i == len(args) {
			return false, UsageError(name + " needs a value")
		}
		value = args[*i]
	}
	*field = value
	return true, nil
}

// flags of the commands that run here.
type flags struct {
	url, caFile, testEmail string
	hideToken              bool
	timeout                time.Duration
}

func (in invocation) parseFlags(output io.Writer) (flags, error) {
	var f flags
	set := flag.NewFlagSet("kubectl scim "+in.command, flag.ContinueOnError)
	set.SetOutput(output)
	switch in.command {
	case "connect":
		set.BoolVar(&f.hideToken, "hide-token", false, "print where the token is, not the token")
	case "test":
		set.StringVar(&f.url, "url", "", "`URL` to test in place of the tenant's, such as that of a port-forward")
		set.StringVar(&f.caFile, "ca-file", "", "PEM `FILE` of authorities to trust")
		set.StringVar(&f.testEmail, "test-email", "", "`ADDRESS` of the user that JumpCloud's test creates and deletes")
		set.DurationVar(&f.timeout, "timeout", 30*time.Second, "for each request")
	case "rotate":
		set.DurationVar(&f.timeout, "timeout", 30*time.Second, "to wait for the new token")
	}
	if err := set.Parse(in.rest); errors.Is(err, flag.ErrHelp) {
		return f, err
	} else if err != nil {
		return f, UsageError(err.Error())
	}
	if set.NArg() > 0 {
		return f, UsageError(fmt.Sprintf("there is an argument too many: %q", set.Arg(0)))
	}
	return f, nil
}
