package main

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config/source"
)

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestParseFlags(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args string
		env  map[string]string
		want options
	}{
		"cluster": {
			args: "--config-secret scim-system/shared-config --data /data --tls-cert-file a --tls-key-file b --drain 1s --log-level debug",
			env:  map[string]string{"POD_NAME": "shared-0"},
			want: options{secret: source.Object{Namespace: "scim-system", Name: "shared-config"}, status: source.Object{Namespace: "scim-system", Name: "shared-status"}, podName: "shared-0", data: "/data",
				listen: ":8080", opsListen: ":9090", certFile: "a", keyFile: "b", drain: time.Second, logLevel: "debug"},
		},
		"database in a file": {
			args: "--manifests=dir --data=/data --postgres-file=/run/uri",
			env:  map[string]string{"SCIMSERVER_POSTGRES_URI": "postgres://ignored"},
			want: options{manifests: "dir", podName: host, data: "/data", postgresFile: "/run/uri", listen: ":8080", opsListen: ":9090", logLevel: "info"},
		},
		"database in the environment": {
			args: "--manifests=dir --data=/data",
			env:  map[string]string{"SCIMSERVER_POSTGRES_URI": "postgres://db/scim"},
			want: options{manifests: "dir", podName: host, data: "/data", postgres: "postgres://db/scim", listen: ":8080", opsListen: ":9090", logLevel: "info"},
		},
		"no folder, but a database": {
			args: "--manifests=dir --postgres=postgres://db/scim",
			env:  map[string]string{"HOME": "/ann"},
			want: options{manifests: "dir", podName: host, data: "/ann/.local/state/scimserver", postgres: "postgres://db/scim", listen: ":8080", opsListen: ":9090", logLevel: "info"},
		},
		"no folder, but a database in a file": {
			args: "--manifests=dir --postgres-file=/run/uri",
			env:  map[string]string{"HOME": "/ann", "XDG_STATE_HOME": "/state"},
			want: options{manifests: "dir", podName: host, data: "/state/scimserver", postgresFile: "/run/uri", listen: ":8080", opsListen: ":9090", logLevel: "info"},
		},
		"manifests": {
			args: "--manifests=dir --data=/data --base-url=https://x --listen=127.0.0.1:1 --ops-listen=127.0.0.1:2",
			want: options{manifests: "dir", baseURL: "https://x", podName: host, data: "/data", listen: "127.0.0.1:1", opsListen: "127.0.0.1:2", logLevel: "info"},
		},
		"environment": {
			args: "--manifests=dir --log-level=warn --pprof",
			env:  map[string]string{"SCIMSERVER_DATA": "/data", "SCIMSERVER_LOG_LEVEL": "debug", "SCIMSERVER_DRAIN": "2s", "SCIMSERVER_POD_NAME": "a", "POD_NAME": "b"},
			want: options{manifests: "dir", podName: "a", data: "/data", listen: ":8080", opsListen: ":9090", drain: 2 * time.Second, pprof: true, logLevel: "warn"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseFlags(strings.Fields(tc.args), environment(tc.env), &bytes.Buffer{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, *got, cmp.AllowUnexported(options{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWrongArguments(t *testing.T) {
	t.Parallel()
	const cluster = "serve --config-secret a/b-config --data d "
	for args, want := range map[string]string{
		"":                                         "a command is missing",
		"server":                                   `there is no command "server"`,
		"serve":                                    "one of --config-secret and --manifests is needed",
		cluster + "--manifests m":                  "one of --config-secret and --manifests is needed",
		"serve --manifests m":                      "--data is needed",
		"serve --manifests m --postgres x":         "--data is needed", // no home
		"serve --config-secret a --data d":         `invalid value "a" for flag -config-secret: it is not NAMESPACE/NAME`,
		"serve --config-secret a/b --data d":       "--status-configmap is needed",
		"serve --config-secret a/b/c --data d":     "it is not NAMESPACE/NAME",
		cluster + "--status-configmap /x":          `invalid value "/x" for flag -status-configmap`,
		cluster + "--base-url http://x":            "--base-url is for --manifests",
		cluster + "--postgres a --postgres-file b": "--postgres and --postgres-file exclude each other",
		cluster + "--tls-cert-file c":              "need each other",
		cluster + "--tls-key-file k":               "need each other",
		cluster + "--drain -1s":                    "--drain -1s is negative",
		cluster + "--drain soon":                   `invalid value "soon" for flag -drain`,
		cluster + "--log-level loud":               `log level "loud": use debug, info, warn or error`,
		cluster + "--shiny":                        "flag provided but not defined: -shiny",
		cluster + "more":                           `there is an argument too many: "more"`,
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), strings.Fields(args), environment(nil), &out, &errs); code != 2 || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: exit code %d, %q; want 2 and %q", args, code, errs.String(), want)
		}
	}
	var errs bytes.Buffer
	env := environment(map[string]string{"SCIMSERVER_DRAIN": "soon"})
	if code := run(t.Context(), strings.Fields(cluster), env, &errs, &errs); code != 2 || !strings.Contains(errs.String(), `SCIMSERVER_DRAIN="soon"`) {
		t.Errorf("exit code %d, %q", code, errs.String())
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"help", "--help", "version"} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{args}, environment(nil), &out, &errs); code != 0 || !strings.Contains(out.String(), "scimserver") || errs.Len() > 0 {
			t.Errorf("%s: exit code %d, %s%s", args, code, out.String(), errs.String())
		}
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"serve", "--help"}, environment(nil), &out, &errs); code != 0 {
		t.Errorf("exit code %d", code)
	}
	(&options{}).flags(&out).VisitAll(func(f *flag.Flag) {
		if !strings.Contains(errs.String(), "--"+f.Name+" ") {
			t.Errorf("--%s is not explained", f.Name)
		}
	})
}
