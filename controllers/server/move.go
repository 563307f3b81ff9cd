package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// part is the server's part in a tenant's way to another server, nil if it has none, or it cannot be said yet. The key of a move
// is made with the source's first configuration that has the move, and the target's follows it.
func (r *Reconciler) part(ctx context.Context, p *pass, t *v1alpha1.SCIMTenant) (*config.Move, error) {
	id, role, peer, _ := compile.Part(t, p.server.Namespace+"/"+p.server.Name)
	if role == "" {
		return nil, nil
	}
	previous := moveIn(p.config, t)
	if previous != nil && previous.ID != id {
		previous = nil
	}
	namespace, name, _ := strings.Cut(peer, "/")
	other := &v1alpha1.SCIMServer{}
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, other); err != nil {
		return previous, client.IgnoreNotFound(err)
	}
	m := &config.Move{ID: id, Role: role, Peer: compile.PeerURL(other), PeerOwner: compile.Owner(other, r.Cluster)}
	var err error
	switch {
	case previous != nil:
		m.Key = previous.Key
	case role == config.MoveSource:
		m.Key = newMoveKey()
	default:
		m.Key, err = r.keyOf(ctx, namespace, name, t, id)
	}
	if err != nil || m.Key == "" {
		return nil, err
	}
	return m, nil
}

func newMoveKey() string {
	key := make([]byte, config.MoveKeyBytes)
	_, _ = rand.Read(key) // it never fails
	return hex.EncodeToString(key)
}

// keyOf is the key of a move in the configuration of the other server, empty if it has none yet.
func (r *Reconciler) keyOf(ctx context.Context, namespace, name string, t *v1alpha1.SCIMTenant, id string) (string, error) {
	other, err := r.shardOf(ctx, namespace, name, compile.Key(t))
	if err != nil || other == nil {
		return "", err
	}
	if m := moveAmong(other.Tenants, t); m != nil && m.ID == id {
		return m.Key, nil
	}
	return "", nil
}

// shardOf is the part of another server's configuration that a tenant belongs to, nil if there is none that can be read.
func (r *Reconciler) shardOf(ctx context.Context, namespace, name, tenant string) (*config.Shard, error) {
	index, err := r.otherShard(ctx, namespace, name, 0)
	if err != nil || index == nil {
		return nil, err
	}
	place := index.Layout.Place(tenant)
	if place.Shard == 0 {
		return index, nil
	}
	shard, err := r.otherShard(ctx, namespace, name, place.Shard)
	if err != nil || index.Fits(place, shard) != nil {
		return nil, err
	}
	return shard, nil
}

func (r *Reconciler) otherShard(ctx context.Context, namespace, name string, n int) (*config.Shard, error) {
	secret, err := r.Applier.GetSecret(ctx, namespace, v1alpha1.ConfigSecretName(name, n))
	if err != nil || secret == nil {
		return nil, err
	}
	shard, err := r.configs.Of(secret, func() (*config.Shard, error) { return config.DecodeShard(secret.Data[config.SecretKey]) })
	if err != nil {
		return nil, nil // its reconciler makes it anew
	}
	return shard, nil
}

// moveIn is the move of the tenant in a configuration, which may be nil.
func moveIn(c *config.Server, t *v1alpha1.SCIMTenant) *config.Move {
	if c == nil {
		return nil
	}
	return moveAmong(c.Tenants, t)
}

func moveAmong(list []config.Tenant, t *v1alpha1.SCIMTenant) *config.Move {
	if entry := entryAmong(list, compile.Key(t)); entry != nil {
		return entry.Move
	}
	return nil
}

func entryAmong(list []config.Tenant, key string) *config.Tenant {
	for i := range list {
		if list[i].Key == key {
			return &list[i]
		}
	}
	return nil
}

// takeFrom is the owner that the pods have met in the database and that the tenant may be taken from: whom the administrator
// names, or a server of this cluster that is gone for good, or has no such tenant any more.
func (r *Reconciler) takeFrom(ctx context.Context, p *pass, t *v1alpha1.SCIMTenant) (string, error) {
	report, ok := p.rollout.Tenant(compile.Key(t))
	if !ok || report.Owner == "" || report.Owner == compile.Owner(p.server, r.Cluster) {
		return "", nil
	}
	if t.Annotations[v1alpha1.AnnotationTakeFrom] == report.Owner {
		return report.Owner, nil
	}
	namespace, name, uid, cluster, ok := compile.OwnerParts(report.Owner)
	if !ok || r.Cluster == "" || cluster != r.Cluster {
		return "", nil
	}
	other := &v1alpha1.SCIMServer{}
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, other)
	if client.IgnoreNotFound(err) != nil {
		return "", err
	}
	if err != nil || string(other.UID) != uid {
		return report.Owner, nil
	}
	c, err := r.shardOf(ctx, namespace, name, compile.Key(t))
	if err != nil || c == nil || entryAmong(c.Tenants, compile.Key(t)) != nil {
		return "", err
	}
	return report.Owner, nil
}
