package server

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/rollout"
	"github.com/scim-operator/scim-operator/controllers/workload"
)

// observe reads what is there: pods, their reports, and the configuration in effect.
func (r *Reconciler) observe(ctx context.Context, p *pass) error {
	s := p.server
	if err := r.readRunner(ctx, p); err != nil {
		return err
	}
	reports := &corev1.ConfigMap{}
	if _, err := r.get(ctx, s, v1alpha1.StatusConfigMapName(s.Name, 0), reports); err != nil {
		return err
	}
	p.rollout = rollout.Read(reports, s.Name).First(workload.Replicas(s))
	if err := r.readPods(ctx, p); err != nil {
		return err
	}
	return r.readConfig(ctx, p)
}

// readRunner reads what runs the pods.
func (r *Reconciler) readRunner(ctx context.Context, p *pass) error {
	if workload.Stateless(p.server) {
		d := &appsv1.Deployment{}
		ok, err := r.get(ctx, p.server, p.server.Name, d)
		if ok {
			p.deployment = d
		}
		return err
	}
	set := &appsv1.StatefulSet{}
	ok, err := r.get(ctx, p.server, p.server.Name, set)
	if ok {
		p.statefulSet = set
	}
	return err
}

// get reads an object of the server's namespace from the cache.
func (r *Reconciler) get(ctx context.Context, s *v1alpha1.SCIMServer, name string, obj client.Object) (bool, error) {
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: name}, obj)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %T %s/%s: %w", obj, s.Namespace, name, err)
	}
	return true, nil
}
