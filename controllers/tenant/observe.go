package tenant

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/rollout"
	"github.com/scim-operator/scim-operator/controllers/workload"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// served is a server's configuration, by tenant.
type served struct {
	entries map[string]config.Tenant
	hashes  map[string]string // of the entries
	purges  map[config.Purge]bool
}

func decodeServed(secret *corev1.Secret) (*served, error) {
	s, err := config.Decode(secret.Data[config.SecretKey])
	if err != nil {
		return nil, err
	}
	n := len(s.Tenants)
	out := &served{entries: make(map[string]config.Tenant, n), hashes: make(map[string]string, n), purges: make(map[config.Purge]bool, len(s.Purges))}
	for _, t := range s.Tenants {
		out.entries[t.Key], out.hashes[t.Key] = t, t.Hash()
	}
	for _, p := range s.Purges {
		out.purges[p] = true
	}
	return out, nil
}

// observe reads what the tenant's server has of it, and what its pods report.
func (r *Reconciler) observe(ctx context.Context, p *pass) error {
	p.rollout = &rollout.Rollout{}
	s := p.facts.Server
	if s == nil || s.UID == "" {
		return nil
	}
	config, err := r.served(ctx, s.Namespace, s.Name)
	if err != nil || config == nil {
		return err
	}
	if entry, ok := config.entries[compile.Key(p.tenant)]; ok && entry.UID == string(p.tenant.UID) {
		p.entry = &entry
	}
	return r.readRollout(ctx, p, s)
}

// served reads a server's configuration, nil if there is none that can be read.
func (r *Reconciler) served(ctx context.Context, namespace, name string) (*served, error) {
	secret, err := r.Applier.GetSecret(ctx, namespace, v1alpha1.ConfigSecretName(name, 0))
	if err != nil || secret == nil {
		r.configs.Forget(client.ObjectKey{Namespace: namespace, Name: v1alpha1.ConfigSecretName(name, 0)})
		return nil, err
	}
	config, err := r.configs.Of(secret, func() (*served, error) { return decodeServed(secret) })
	if err != nil {
		return nil, nil // the server's reconciler makes it anew
	}
	return config, nil
}

func (r *Reconciler) readRollout(ctx context.Context, p *pass, s *v1alpha1.SCIMServer) error {
	cm := &corev1.ConfigMap{}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: v1alpha1.StatusConfigMapName(s.Name)}, cm)
	if apierrors.IsNotFound(err) {
		r.rollouts.Forget(client.ObjectKey{Namespace: s.Namespace, Name: v1alpha1.StatusConfigMapName(s.Name)})
		return nil
	}
	if err != nil {
		return fmt.Errorf("read ConfigMap %s/%s: %w", s.Namespace, v1alpha1.StatusConfigMapName(s.Name), err)
	}
	p.rollout = r.readReports(cm, s.Name).First(workload.Replicas(s))
	return nil
}

// readReports decodes the reports of a server's pods.
func (r *Reconciler) readReports(cm *corev1.ConfigMap, server string) *rollout.Rollout {
	all, _ := r.rollouts.Of(cm, func() (*rollout.Rollout, error) { return rollout.Read(cm, server), nil })
	return all
}
