// Command operator is the manager: it turns SCIMServers, SCIMTenants, SCIMMappings and SCIMApplications into running
// SCIM servers.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/scim-operator/scim-operator/controllers"
	"github.com/scim-operator/scim-operator/controllers/scope"
)

// defaultImage is for an operator that doesn't know its own.
const defaultImage = "scim-operator.io/scim-operator:dev"

type options struct {
	metrics, probes string
	leaderElect     bool
	namespaces      string
	resync          time.Duration
	logLevel        slog.Level
	logFormat       string
	controllers     controllers.Options
}

func main() {
	if err := run(ctrl.SetupSignalHandler(), parse(flag.CommandLine, os.Args[1:])); err != nil {
		fmt.Fprintln(os.Stderr, "operator:", err)
		os.Exit(1)
	}
}

// parse reads the flags; those of controller-runtime (--kubeconfig) are among them.
func parse(f *flag.FlagSet, args []string) options {
	var o options
	if f != flag.CommandLine {
		config.RegisterFlags(f)
	}
	f.StringVar(&o.metrics, "metrics-bind-address", ":8080", "address of /metrics, in plain text; 0 serves none")
	f.StringVar(&o.probes, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 serves none")
	f.BoolVar(&o.leaderElect, "leader-elect", false, "let one of several operators be active; the others take over when it ends")
	f.StringVar(&o.controllers.Image, "server-image", os.Getenv("OPERATOR_IMAGE"),
		"image of server pods whose SCIMServer names none; default: the variable OPERATOR_IMAGE, else the operator's own image")
	f.StringVar(&o.controllers.DefaultBaseURL, "default-base-url", "",
		"base URL of servers without endpoint; default: the DNS name of their Service")
	f.StringVar(&o.namespaces, "watch-namespaces", "",
		"the only namespaces to work in, with commas between them; the operator needs no ClusterRole then; default: all")
	f.DurationVar(&o.resync, "resync-period", 10*time.Hour, "how often every object is looked at again; a steady cluster needs it never")
	f.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	f.StringVar(&o.logFormat, "log-format", "json", "json or text")
	_ = f.Parse(args) // the command line's own set exits
	return o
}

func run(ctx context.Context, o options) error {
	logger, err := newLogger(o)
	if err != nil {
		return err
	}
	ctrl.SetLogger(logger)
	if o.controllers.Namespaces, err = scope.Parse(o.namespaces); err != nil {
		return fmt.Errorf("--watch-namespaces: %w", err)
	}
	kubeconfig, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	// A start with many tenants is a burst of writes. The number of passes at a time bounds it, and the API server's own
	// fairness; a bound of the client's would be one that does not know whether the API server is busy.
	kubeconfig.QPS = -1
	api, err := discovery.NewDiscoveryClientForConfig(kubeconfig)
	if err != nil {
		return fmt.Errorf("connect to the cluster: %w", err)
	}
	if awaitCluster(ctx, api, retryPeriod, logger); ctx.Err() != nil {
		return nil
	}
	mgr, err := newManager(kubeconfig, o)
	if err != nil {
		return err
	}
	if o.controllers.Image == "" {
		if o.controllers.Image, err = ownImage(ctx, mgr.GetAPIReader()); err != nil {
			return err
		}
	}
	if err := controllers.Setup(ctx, mgr, o.controllers); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func newManager(kubeconfig *rest.Config, o options) (ctrl.Manager, error) {
	scheme, err := controllers.Scheme()
	if err != nil {
		return nil, err
	}
	fenced, options, err := controllers.Fence(kubeconfig, managerOptions(o))
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(fenced, controllers.ManagerOptions(options, scheme, o.controllers.Namespaces))
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	// Readiness is the matter of controllers.Setup. An operator that has lost its lease ends by itself.
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("add the check of health: %w", err)
	}
	return mgr, nil
}

func managerOptions(o options) ctrl.Options {
	return controllers.Elect(ctrl.Options{
		Cache:                  cache.Options{SyncPeriod: &o.resync},
		Metrics:                metricsserver.Options{BindAddress: o.metrics},
		HealthProbeBindAddress: o.probes,
		LeaderElection:         o.leaderElect,
		// In a pod the default is its namespace, too; this is for an operator that runs elsewhere.
		LeaderElectionNamespace: os.Getenv("POD_NAMESPACE"),
	})
}

func newLogger(o options) (logr.Logger, error) {
	options := &slog.HandlerOptions{Level: o.logLevel}
	switch o.logFormat {
	case "json":
		return logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, options)), nil
	case "text":
		return logr.FromSlogHandler(slog.NewTextHandler(os.Stderr, options)), nil
	}
	return logr.Logger{}, fmt.Errorf("--log-format is %q, must be json or text", o.logFormat)
}
