package server

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/workload"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// apply brings the objects into the wanted state, if the server is accepted. Otherwise what runs stays as it is.
func (r *Reconciler) apply(ctx context.Context, p *pass) error {
	if !p.finding.OK() {
		return nil
	}
	objects, err := workload.Build(workload.Input{Server: p.server, Image: r.Image, Webhooks: webhooks(p.config), Moves: moves(p.config), Database: p.database, Shards: p.shards})
	if err != nil {
		return err
	}
	for _, wanted := range objects.Wanted {
		if ok, err := r.has(ctx, wanted.GroupVersionKind()); err != nil || !ok {
			if err != nil {
				return err
			}
			continue
		}
		if err := r.applyOne(ctx, p, wanted); err != nil {
			return err
		}
	}
	for _, unwanted := range objects.Unwanted {
		ok, err := r.has(ctx, unwanted.GetObjectKind().GroupVersionKind())
		if err == nil && ok {
			err = r.Applier.Delete(ctx, p.server, unwanted)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// webhooks tells whether a tenant's application is called.
func webhooks(c *config.Server) bool {
	return c != nil && slices.ContainsFunc(c.Tenants, func(t config.Tenant) bool { return t.Application != nil && t.Application.Webhook != nil })
}

// moves tells whether a tenant is on its way from or to another server.
func moves(c *config.Server) bool {
	return c != nil && slices.ContainsFunc(c.Tenants, func(t config.Tenant) bool { return t.Move != nil })
}

// has tells whether the cluster has a kind. Only the optional ones are asked for.
func (r *Reconciler) has(ctx context.Context, gvk schema.GroupVersionKind) (bool, error) {
	if gvk != workload.HTTPRoute && gvk != workload.ServiceMonitor {
		return true, nil
	}
	ok, err := r.Kinds.Has(gvk)
	if err == nil && !ok {
		log.FromContext(ctx).V(1).Info("Kind is not installed", "kind", gvk.Kind)
	}
	return ok, err
}

// applyOne turns what the user can mend into findings; everything else is an error and tried again.
func (r *Reconciler) applyOne(ctx context.Context, p *pass, wanted *unstructured.Unstructured) error {
	err := r.Applier.Apply(ctx, p.server, wanted)
	if conflict := new(kubeutil.ConflictError); errors.As(err, &conflict) {
		p.conflict(conflict)
		return kubeutil.ErrStop
	}
	if kubeutil.NamespaceTerminating(err) {
		return err
	}
	if apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) {
		p.finding = compile.Finding{Reason: v1alpha1.ReasonInvalid, Message: fmt.Sprintf("the API server refuses %s %s: %v", wanted.GetKind(), wanted.GetName(), err)}
		p.requeue = kubeutil.Earlier(p.requeue, kubeutil.Recheck) // a quota or a policy of the namespace may change
		return kubeutil.ErrStop
	}
	return err
}

// conflict: an object of the wanted name is somebody else's, or is about to go. Nothing may tell when it has gone.
func (p *pass) conflict(err *kubeutil.ConflictError) {
	p.finding = compile.Finding{Reason: v1alpha1.ReasonConflict, Message: err.Error() + "; rename the SCIMServer or that object"}
	if err.Leaving {
		p.finding = compile.Finding{Reason: v1alpha1.ReasonPending, Message: err.Error()}
	}
	p.requeue = kubeutil.Earlier(p.requeue, kubeutil.Recheck)
}
