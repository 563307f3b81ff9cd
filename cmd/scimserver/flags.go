package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config/source"
	"github.com/scim-operator/scim-operator/scimserver/flags"
)

// options are the flags of serve.
type options struct {
	secret, status                                 source.Object
	manifests, data, baseURL, kubeconfig, podName  string
	postgres, postgresFile                         string
	listen, opsListen, certFile, keyFile, logLevel string
	drain                                          time.Duration
	pprof                                          bool
}

const serveUsage = `Serve SCIM endpoints. The configuration comes from a Secret that the operator writes:
  scimserver serve --config-secret NAMESPACE/NAME --data DIR
or, without a cluster, from the YAML files of a folder:
  scimserver serve --manifests DIR --data DIR

Flags (each may come from the environment: --data from SCIMSERVER_DATA, and so on):
`

func (o *options) flags(output io.Writer) *flag.FlagSet {
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	fs.SetOutput(output)
	fs.TextVar(&o.secret, "config-secret", source.Object{}, "`NAMESPACE/NAME` of the Secret to follow")
	fs.TextVar(&o.status, "status-configmap", source.Object{}, "`NAMESPACE/NAME` to report to (default: the Secret's, with -status for -config)")
	fs.StringVar(&o.kubeconfig, "kubeconfig", "", "`FILE` that tells how to reach the API server (default: the pod's service account)")
	fs.StringVar(&o.podName, "pod-name", "", "`NAME` to report under (default: $POD_NAME, else the host's name)")
	fs.StringVar(&o.manifests, "manifests", "", "`DIR` with YAML or JSON files of tenants, servers and Secrets, which is watched for change")
	fs.StringVar(&o.baseURL, "base-url", "", "`URL` that identity providers see (default: that of a SCIMServer in --manifests, else http://localhost:PORT)")
	fs.StringVar(&o.data, "data", "", "`DIR` for database, last good configuration and, with --manifests, tokens; made if need be (with PostgreSQL by default in ~/.local/state)")
	fs.StringVar(&o.postgres, "postgres", "", "`URI` of a PostgreSQL database for the data, instead of --data (default: $SCIMSERVER_POSTGRES_URI, which others here do not see)")
	fs.StringVar(&o.postgresFile, "postgres-file", "", "`FILE` with that URI, which is read again when it changes")
	fs.StringVar(&o.listen, "listen", ":8080", "`ADDRESS` of the SCIM endpoints")
	fs.StringVar(&o.opsListen, "ops-listen", ":9090", "`ADDRESS` of /livez, /readyz and /metrics")
	fs.StringVar(&o.certFile, "tls-cert-file", "", "PEM `FILE` with the certificates; with it the SCIM endpoints speak TLS. Changes are noticed")
	fs.StringVar(&o.keyFile, "tls-key-file", "", "PEM `FILE` with the key of the certificate")
	fs.DurationVar(&o.drain, "drain", 5*time.Second, "time between the end of readiness and the end of listening; 0 with --manifests unless it is given")
	fs.StringVar(&o.logLevel, "log-level", "info", "`LEVEL` from which on to log: debug, info, warn, error")
	fs.BoolVar(&o.pprof, "pprof", false, "serve the profiles of the Go runtime, /debug/pprof, on --ops-listen")
	fs.Usage = func() {
		fmt.Fprint(output, serveUsage)
		flags.Print(fs)
	}
	return fs
}

func parseFlags(args []string, env func(string) string, output io.Writer) (*options, error) {
	o := &options{}
	fs := o.flags(output)
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, usageError(err.Error())
	}
	if fs.NArg() > 0 {
		return nil, usageError(fmt.Sprintf("there is an argument too many: %q", fs.Arg(0)))
	}
	if err := flags.FromEnvironment(fs, "SCIMSERVER", env); err != nil {
		return nil, usageError(err.Error())
	}
	o.defaults(fs, env)
	return o, o.validate()
}

func (o *options) defaults(fs *flag.FlagSet, env func(string) string) {
	if o.manifests != "" && !flags.Given(fs)["drain"] { // nobody balances load there
		o.drain = 0
	}
	if base, ok := strings.CutSuffix(o.secret.Name, "-config"); ok && o.status.Name == "" {
		o.status = source.Object{Namespace: o.secret.Namespace, Name: base + "-status"}
	}
	if o.postgres == "" && o.postgresFile == "" {
		o.postgres = env("SCIMSERVER_POSTGRES_URI")
	}
	if o.data == "" && (o.postgres != "" || o.postgresFile != "") {
		o.data = flags.StateDir(env, "scimserver")
	}
	host, _ := os.Hostname()
	o.podName = cmp.Or(o.podName, env("POD_NAME"), host)
}

// validate says what is wrong with the flags together.
func (o *options) validate() error {
	switch cluster := o.secret.Name != ""; {
	case cluster == (o.manifests != ""):
		return usageError("one of --config-secret and --manifests is needed")
	case o.data == "":
		return usageError("--data is needed: the folder of the database, or --postgres")
	case o.postgres != "" && o.postgresFile != "":
		return usageError("--postgres and --postgres-file exclude each other")
	case cluster && o.status.Name == "":
		return usageError("--status-configmap is needed, as the name in --config-secret does not end in -config")
	case cluster && o.baseURL != "":
		return usageError("--base-url is for --manifests; with --config-secret the operator sets it")
	case (o.certFile == "") != (o.keyFile == ""):
		return usageError("--tls-cert-file and --tls-key-file need each other")
	case o.drain < 0:
		return usageError(fmt.Sprintf("--drain %s is negative", o.drain))
	}
	return nil
}
