package tenant

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/rollout"
	"github.com/scim-operator/scim-operator/controllers/workload"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// served is the shard of a server's configuration that a tenant belongs to.
type served struct {
	shard  *config.Shard
	number int
}

func (s *served) entry(key string) (config.Tenant, bool) {
	i, ok := slices.BinarySearchFunc(s.shard.Tenants, key, func(t config.Tenant, key string) int { return strings.Compare(t.Key, key) })
	if !ok {
		return config.Tenant{}, false
	}
	return s.shard.Tenants[i], true
}

// observe reads what the tenant's server has of it, and what its pods report.
func (r *Reconciler) observe(ctx context.Context, p *pass) error {
	p.rollout = &rollout.Rollout{}
	s := p.serving()
	if s == nil || s.UID == "" {
		return nil
	}
	served, err := r.served(ctx, s.Namespace, s.Name, compile.Key(p.tenant))
	if err != nil || served == nil {
		return err
	}
	if entry, ok := served.entry(compile.Key(p.tenant)); ok && entry.UID == string(p.tenant.UID) {
		p.entry = &entry
	}
	return r.readRollout(ctx, p, s, served.number)
}

// serving is the server that has the tenant's data: the one that the tenant names, unless they are still on their way.
func (p *pass) serving() *v1alpha1.SCIMServer {
	if p.source != nil {
		return p.source
	}
	return p.facts.Server
}

// served reads what a server's configuration has for a tenant, nil if there is none that can be read.
func (r *Reconciler) served(ctx context.Context, namespace, name, tenant string) (*served, error) {
	index, err := r.shard(ctx, namespace, name, 0)
	if err != nil || index == nil {
		return nil, err
	}
	place := index.Layout.Place(tenant)
	if place.Shard == 0 {
		return &served{shard: index}, nil
	}
	shard, err := r.shard(ctx, namespace, name, place.Shard)
	if err != nil || index.Fits(place, shard) != nil {
		return nil, err // the server's reconciler is about to write it
	}
	return &served{shard: shard, number: place.Shard}, nil
}

// shard reads one of a configuration's, nil if there is none that can be read.
func (r *Reconciler) shard(ctx context.Context, namespace, name string, n int) (*config.Shard, error) {
	key := client.ObjectKey{Namespace: namespace, Name: v1alpha1.ConfigSecretName(name, n)}
	secret, err := r.Applier.GetSecret(ctx, key.Namespace, key.Name)
	if err != nil || secret == nil {
		r.configs.Forget(key)
		return nil, err
	}
	shard, err := r.configs.Of(secret, func() (*config.Shard, error) { return config.DecodeShard(secret.Data[config.SecretKey]) })
	if err != nil {
		return nil, nil // the server's reconciler makes it anew
	}
	return shard, nil
}

// readRollout reads what the pods report of themselves, and of the tenants of a shard.
func (r *Reconciler) readRollout(ctx context.Context, p *pass, s *v1alpha1.SCIMServer, shard int) (err error) {
	p.rollout, err = r.rolloutOf(ctx, s, shard)
	return err
}

func (r *Reconciler) rolloutOf(ctx context.Context, s *v1alpha1.SCIMServer, shard int) (*rollout.Rollout, error) {
	all, err := r.reports(ctx, s, 0)
	if err != nil || all == nil {
		return &rollout.Rollout{}, err
	}
	if shard > 0 {
		more, err := r.reports(ctx, s, shard)
		if err != nil {
			return nil, err
		}
		if more == nil {
			more = &rollout.Rollout{}
		}
		all = all.With(more)
	}
	return all.First(workload.Replicas(s)), nil
}

// reports reads a status ConfigMap, nil if there is none.
func (r *Reconciler) reports(ctx context.Context, s *v1alpha1.SCIMServer, n int) (*rollout.Rollout, error) {
	cm, key := &corev1.ConfigMap{}, client.ObjectKey{Namespace: s.Namespace, Name: v1alpha1.StatusConfigMapName(s.Name, n)}
	err := r.Client.Get(ctx, key, cm)
	if apierrors.IsNotFound(err) {
		r.rollouts.Forget(key)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read ConfigMap %s: %w", key, err)
	}
	return r.readReports(cm, s.Name), nil
}

// readReports decodes the reports of a server's pods.
func (r *Reconciler) readReports(cm *corev1.ConfigMap, server string) *rollout.Rollout {
	all, _ := r.rollouts.Of(cm, func() (*rollout.Rollout, error) { return rollout.Read(cm, server), nil })
	return all
}
