package server

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/reference"
	"github.com/scim-operator/scim-operator/controllers/scope"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// configure compiles the tenants and writes the config Secrets, of which it is the only writer. A server that is not
// accepted but runs goes on getting its tenants' changes, under its earlier base URL.
func (r *Reconciler) configure(ctx context.Context, p *pass) error {
	if !p.finding.OK() && p.config == nil {
		return nil
	}
	in := compile.Input{
		Server: p.server, BaseURL: compile.BaseURL(p.server, r.DefaultBaseURL),
		Previous: p.config, Purged: p.rollout.Purged(), Now: r.Now(), Watched: r.Namespaces.Has,
		Owner: compile.Owner(p.server, r.Cluster),
	}
	if !p.finding.OK() {
		in.BaseURL = p.config.BaseURL
	}
	var err error
	lookup := r.References.Lookup()
	if in.Tenants, err = r.candidates(ctx, p, lookup); err != nil {
		return err
	}
	if in.Applications, err = applications(ctx, p.config, lookup); err != nil {
		return err
	}
	result, plan := r.compile(ctx, p, in)
	if plan == nil {
		return nil // what runs stays; the conditions say so
	}
	if !result.Next.IsZero() {
		p.requeue = kubeutil.Earlier(p.requeue, result.Next.Sub(in.Now))
	}
	if err := r.adopt(ctx, p, plan); err != nil || p.stop {
		return err
	}
	return r.store(ctx, p, plan, result.Config)
}

// candidates are the tenants that want to run on the server or have their data there.
func (r *Reconciler) candidates(ctx context.Context, p *pass, lookup *reference.Lookup) ([]compile.Candidate, error) {
	s := p.server
	key := s.Namespace + "/" + s.Name
	var list v1alpha1.SCIMTenantList
	if err := r.Client.List(ctx, &list, client.MatchingFields{kubeutil.IndexTenantServer: key}); err != nil {
		return nil, fmt.Errorf("list the tenants of SCIMServer %s: %w", key, err)
	}
	out := make([]compile.Candidate, 0, len(list.Items))
	for i := range list.Items {
		t := &list.Items[i]
		c := compile.Candidate{Tenant: t, Accepted: acceptedOn(t, key)}
		var err error
		if c.Credentials, err = r.credentials(ctx, t); err != nil {
			return nil, err
		}
		if c.Move, err = r.part(ctx, p, t); err != nil {
			return nil, err
		}
		if c.TakeFrom, err = r.takeFrom(ctx, p, t); err != nil {
			return nil, err
		}
		if c.References, err = lookup.Of(ctx, t); err != nil {
			return nil, err
		}
		if c.NamespaceLabels, err = r.namespaceLabels(ctx, s, t); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// applications are those that the tenants name, and those of the configuration in effect.
func applications(ctx context.Context, previous *config.Server, lookup *reference.Lookup) (map[string]*compile.Application, error) {
	if previous != nil {
		for _, t := range previous.Tenants {
			if t.Application == nil {
				continue
			}
			if _, err := lookup.Application(ctx, t.Application.Name); err != nil && !errors.Is(err, scope.ErrOutside) {
				return nil, err
			}
		}
	}
	return lookup.Applications(), nil
}

// acceptedOn tells whether the tenant's reconciler has accepted this generation, for this server.
func acceptedOn(t *v1alpha1.SCIMTenant, server string) bool {
	_, role, _, absent := compile.Part(t, server)
	return compile.ServerKey(t) == server && !absent && (role == "" || role == config.MoveTarget) && t.Annotations[v1alpha1.AnnotationBoundServer] != "" &&
		kubeutil.IsTrue(t, v1alpha1.ConditionAccepted)
}

func (r *Reconciler) credentials(ctx context.Context, t *v1alpha1.SCIMTenant) (*credentials.Facts, error) {
	secret, err := r.Applier.GetSecret(ctx, t.Namespace, v1alpha1.CredentialsSecretName(t.Name))
	if err != nil || secret == nil || !metav1.IsControlledBy(secret, t) {
		return nil, err
	}
	facts, err := credentials.Parse(secret.Data)
	if err != nil {
		return nil, nil // the tenant's reconciler makes it anew
	}
	return &facts, nil
}

// namespaceLabels are those of the tenant's namespace, where they may be asked for.
func (r *Reconciler) namespaceLabels(ctx context.Context, s *v1alpha1.SCIMServer, t *v1alpha1.SCIMTenant) (map[string]string, error) {
	if s.Spec.AllowedTenants.Namespaces.From != v1alpha1.NamespacesFromSelector && t.Spec.ApplicationRef == nil {
		return nil, nil
	}
	ns := kubeutil.NamespaceMetadata()
	err := r.Client.Get(ctx, client.ObjectKey{Name: t.Namespace}, ns)
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("read namespace %s: %w", t.Namespace, err)
	}
	return ns.Labels, nil
}
