package server

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/workload"
)

// uris are the connection URIs of a Secret, by key, without what is secret about them.
type uris map[string]uri

type uri struct {
	database workload.Database
	problem  string // why it is none
}

// database reads what the pods are to connect to. The pods get the Secret itself from the kubelet.
func (r *Reconciler) database(ctx context.Context, p *pass, facts *compile.ServerFacts) error {
	pg := p.server.Spec.Storage.Postgres
	if pg == nil {
		return nil
	}
	key := client.ObjectKey{Namespace: p.server.Namespace, Name: pg.SecretRef.Name}
	all, err := r.uris(ctx, key)
	if apierrors.IsNotFound(err) {
		facts.DatabaseSecretMissing = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("read Secret %s: %w", key, err)
	}
	found, ok := all[pg.SecretRef.Key]
	if !ok {
		facts.DatabaseProblem = fmt.Sprintf("it has no key %s", pg.SecretRef.Key)
		return nil
	}
	p.database, facts.DatabaseProblem = found.database, found.problem
	return nil
}

// uris reads a Secret once for each of its versions.
func (r *Reconciler) uris(ctx context.Context, key client.ObjectKey) (uris, error) {
	meta := kubeutil.SecretMetadata()
	if err := r.Secrets.Get(ctx, key, meta); err != nil {
		r.databases.Forget(key)
		return nil, err
	}
	return r.databases.Of(meta, func() (uris, error) {
		secret := &corev1.Secret{}
		if err := r.Applier.Live.Get(ctx, key, secret); err != nil {
			return nil, err
		}
		return parseURIs(secret.Data), nil
	})
}

func parseURIs(data map[string][]byte) uris {
	all := uris{}
	for key, value := range data {
		if strings.TrimSpace(string(value)) == "" {
			all[key] = uri{problem: fmt.Sprintf("its key %s is empty", key)}
			continue
		}
		database, err := workload.ParseDatabase(string(value))
		if err != nil {
			all[key] = uri{problem: fmt.Sprintf("of its key %s: %v", key, err)}
			continue
		}
		all[key] = uri{database: database}
	}
	return all
}
