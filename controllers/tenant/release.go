package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/scope"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// release lets a tenant go that is being deleted. It waits until its data are dealt with: with policy Delete until the
// order to purge them is in the configuration of the server, or until the volume is set to go with the tenant's own
// server. It never waits for a server that is gone, or that has never run.
func (r *Reconciler) release(ctx context.Context, p *pass) error {
	t := p.tenant
	if !controllerutil.ContainsFinalizer(t, v1alpha1.Finalizer) {
		return nil
	}
	dealt, err := r.dataDealtWith(ctx, p)
	if err != nil {
		return err
	}
	if !dealt {
		return r.writeTerminating(ctx, p)
	}
	return client.IgnoreNotFound(r.patch(ctx, p, func() { controllerutil.RemoveFinalizer(t, v1alpha1.Finalizer) }))
}

func (r *Reconciler) dataDealtWith(ctx context.Context, p *pass) (bool, error) {
	t := p.tenant
	namespace, name, ok := strings.Cut(t.Annotations[v1alpha1.AnnotationBoundServer], "/")
	if !ok {
		return true, nil
	}
	server, err := r.server(ctx, namespace, name)
	if p.facts.ServerOutside = errors.Is(err, scope.ErrOutside); p.facts.ServerOutside {
		// Whether they are gone, nobody can say; with Retain it doesn't matter.
		return t.Spec.DeletionPolicy != v1alpha1.DeletionPolicyDelete, nil
	}
	if err != nil || server == nil {
		return err == nil, err
	}
	if metav1.IsControlledBy(server, t) {
		return r.volumeFollows(ctx, t, server)
	}
	if t.Spec.DeletionPolicy != v1alpha1.DeletionPolicyDelete {
		return true, nil
	}
	served, err := r.served(ctx, namespace, name, compile.Key(t))
	if err != nil || served == nil {
		return err == nil, err
	}
	return slices.Contains(served.shard.Purges, config.Purge{Tenant: compile.Key(t), UID: string(t.UID)}), nil
}

// volumeFollows makes sure that the volume of the tenant's own server does what the tenant's policy says at the end.
func (r *Reconciler) volumeFollows(ctx context.Context, t *v1alpha1.SCIMTenant, server *v1alpha1.SCIMServer) (bool, error) {
	if err := r.applyOwnServer(ctx, t); err != nil {
		return gone(err)
	}
	set := &appsv1.StatefulSet{}
	err := r.Client.Get(ctx, client.ObjectKeyFromObject(server), set)
	if err != nil {
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	}
	want := appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	if t.Spec.DeletionPolicy == v1alpha1.DeletionPolicyDelete {
		want = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	}
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	if policy != nil && policy.WhenDeleted == want {
		return true, nil
	}
	// A server that is not accepted is left as it is, so its volume would never follow.
	refused := kubeutil.FindCondition(server, v1alpha1.ConditionAccepted)
	if refused == nil || refused.Status != metav1.ConditionFalse {
		return false, nil
	}
	r.Events.Eventf(t, nil, corev1.EventTypeWarning, "VolumeKept", "DeleteTenant",
		"SCIMServer %s is not accepted, so its volume claims do not follow deletionPolicy %s", server.Name, t.Spec.DeletionPolicy)
	return true, nil
}

// gone tells whether an error means that there is nothing left to wait for: the namespace is going, or somebody else has
// the server's name.
func gone(err error) (bool, error) {
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) || isConflictError(err) {
		return true, nil
	}
	return false, err
}

func isConflictError(err error) bool {
	conflict := new(kubeutil.ConflictError)
	return errors.As(err, &conflict)
}

// writeTerminating says that the tenant waits.
func (r *Reconciler) writeTerminating(ctx context.Context, p *pass) error {
	message := "The tenant is being deleted; its data are handed to the server for deletion"
	if p.facts.ServerOutside {
		message = fmt.Sprintf("The tenant is being deleted, but the operator does not watch the namespace of SCIMServer %s, which has its data; "+
			"set deletionPolicy to Retain to leave them there", p.tenant.Annotations[v1alpha1.AnnotationBoundServer])
	}
	kubeutil.SetCondition(p.tenant, compile.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonTerminating, Message: message,
	})
	return kubeutil.PatchStatus(ctx, r.Client, p.before, p.tenant)
}
