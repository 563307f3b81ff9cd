package plugin

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// Cluster is what the plugin needs of a cluster.
type Cluster struct {
	Client client.Client
	// Namespace is that of the kubeconfig's context.
	Namespace string
	Executor  Executor
}

// Streams of the process.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Terminal tells whether In is a terminal, from which nothing is read unasked.
	Terminal bool
}

// Plugin runs command lines. All fields are needed.
type Plugin struct {
	Streams
	// Dial reaches the cluster of a location.
	Dial func(Location) (*Cluster, error)
	// Transport sends the requests of connection tests; a file of authorities changes whom it trusts.
	Transport func(caFile string) (http.RoundTripper, error)
	Now       func() time.Time
	// Poll is the time between two looks at what is waited for.
	Poll time.Duration
}

// session is a command that runs here.
type session struct {
	*Plugin
	*Cluster
	ctx    context.Context //nolint:containedctx // of one command
	in     invocation
	flags  flags
	tenant *v1alpha1.SCIMTenant
}

// Run runs a command line, without the program's name.
func (p *Plugin) Run(ctx context.Context, args []string) error {
	if len(args) > 0 && (args[0] == "help" || isHelp(args[0])) {
		_, err := io.WriteString(p.Out, Usage)
		return err
	}
	in, err := parse(args)
	if err != nil {
		return err
	}
	s := &session{Plugin: p, ctx: ctx, in: in}
	if !remote[in.command] {
		if s.flags, err = in.parseFlags(p.Err); err != nil {
			return err
		}
	}
	if in.tenant == "" {
		return UsageError("name a tenant, in whose server the command can be asked for its flags")
	}
	if s.Cluster, err = p.Dial(in.location); err != nil {
		return err
	}
	if err := s.readTenant(); err != nil {
		return err
	}
	if remote[in.command] {
		return s.remote()
	}
	return local[in.command](s)
}

func (s *session) readTenant() error {
	namespace := s.in.location.Namespace
	if namespace == "" {
		namespace = s.Namespace
	}
	s.tenant = &v1alpha1.SCIMTenant{}
	err := s.Client.Get(s.ctx, client.ObjectKey{Namespace: namespace, Name: s.in.tenant}, s.tenant)
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no SCIMTenant %s in namespace %s; kubectl get scimtenants -A lists them", s.in.tenant, namespace)
	}
	if err != nil {
		return fmt.Errorf("read SCIMTenant %s/%s: %w", namespace, s.in.tenant, err)
	}
	return nil
}

func (s *session) key() string { return s.tenant.Namespace + "/" + s.tenant.Name }
