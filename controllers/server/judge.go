package server

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/workload"
)

// judge gathers the facts about the server, decides whether it is accepted, and builds its objects.
func (r *Reconciler) judge(ctx context.Context, p *pass) (err error) {
	s := p.server
	facts := compile.ServerFacts{Server: s, BaseURL: compile.BaseURL(s, r.DefaultBaseURL)}
	if facts.CertificateMissing, err = r.certificateMissing(ctx, s); err != nil {
		return err
	}
	if facts.HostOwner, err = r.hostOwner(ctx, s); err != nil {
		return err
	}
	if facts.NoGateway, err = r.noGateway(s); err != nil {
		return err
	}
	if facts.NoGateway {
		p.requeue = kubeutil.Recheck
	}
	if p.statefulSet != nil {
		facts.VolumeChange = workload.VolumeChange(s, p.statefulSet)
	}
	if err := r.database(ctx, p, &facts); err != nil {
		return err
	}
	if _, err := workload.Build(workload.Input{Server: s, Image: r.Image, Database: p.database}); err != nil {
		facts.Workload = err.Error()
	}
	p.finding = compile.ServerFinding(facts)
	return nil
}

func (r *Reconciler) certificateMissing(ctx context.Context, s *v1alpha1.SCIMServer) (bool, error) {
	if s.Spec.Endpoint.TLS == nil {
		return false, nil
	}
	secret := kubeutil.SecretMetadata()
	err := r.Secrets.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: s.Spec.Endpoint.TLS.SecretName}, secret)
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	return false, err
}

// hostOwner is the SCIMServer that had the host of this one's Ingress before it, "" if there is none.
func (r *Reconciler) hostOwner(ctx context.Context, s *v1alpha1.SCIMServer) (string, error) {
	if s.Spec.Endpoint.Ingress == nil {
		return "", nil
	}
	var list v1alpha1.SCIMServerList
	err := r.Client.List(ctx, &list, client.MatchingFields{kubeutil.IndexServerHost: s.Spec.Endpoint.Ingress.Host})
	if err != nil {
		return "", fmt.Errorf("list SCIMServers of host %s: %w", s.Spec.Endpoint.Ingress.Host, err)
	}
	for i := range list.Items {
		if other := &list.Items[i]; other.DeletionTimestamp.IsZero() && before(other, s) {
			return other.Namespace + "/" + other.Name, nil
		}
	}
	return "", nil
}

// before tells whether a is the elder; of two of the same second, the first by name is.
func before(a, b *v1alpha1.SCIMServer) bool {
	if a.UID == b.UID {
		return false
	}
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Namespace+"/"+a.Name < b.Namespace+"/"+b.Name
}

func (r *Reconciler) noGateway(s *v1alpha1.SCIMServer) (bool, error) {
	if s.Spec.Endpoint.Gateway == nil {
		return false, nil
	}
	has, err := r.Kinds.Has(workload.HTTPRoute)
	return !has && err == nil, err
}
