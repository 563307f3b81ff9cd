package tenant

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/scope"
)

// resolve reads what the tenant refers to.
func (r *Reconciler) resolve(ctx context.Context, p *pass) (err error) {
	t := p.tenant
	p.facts.Tenant = t
	namespace, name := t.ServerKey()
	p.facts.Server, err = r.server(ctx, namespace, name)
	if p.facts.ServerOutside = errors.Is(err, scope.ErrOutside); err != nil && !p.facts.ServerOutside {
		return err
	}
	if p.facts.BoundTo, p.source, err = r.boundTo(ctx, t); err != nil {
		return err
	}
	p.facts.OutOfReach = p.source == nil && p.facts.BoundTo != "" && p.facts.BoundTo != compile.ServerKey(t)
	if p.facts.References, err = r.References.Lookup().Of(ctx, t); err != nil {
		return err
	}
	if !t.OwnServer() || t.Spec.ApplicationRef != nil {
		ns := kubeutil.NamespaceMetadata()
		if err := r.Client.Get(ctx, client.ObjectKey{Name: t.Namespace}, ns); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("read namespace %s: %w", t.Namespace, err)
		}
		p.facts.NamespaceLabels = ns.Labels
	}
	p.secret, err = r.Applier.GetSecret(ctx, t.Namespace, v1alpha1.CredentialsSecretName(t.Name))
	return err
}

// server reads a SCIMServer, nil if there is none or it is being deleted.
func (r *Reconciler) server(ctx context.Context, namespace, name string) (*v1alpha1.SCIMServer, error) {
	s := &v1alpha1.SCIMServer{}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, s)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read SCIMServer %s/%s: %w", namespace, name, err)
	case !s.DeletionTimestamp.IsZero():
		return nil, nil
	}
	return s, nil
}

// boundTo is the server with the tenant's data, "" if it is gone: the tenant is free to go to another one then. source is the
// same where the tenant names another one.
func (r *Reconciler) boundTo(ctx context.Context, t *v1alpha1.SCIMTenant) (bound string, source *v1alpha1.SCIMServer, err error) {
	key := t.Annotations[v1alpha1.AnnotationBoundServer]
	if key == "" || key == compile.ServerKey(t) {
		return key, nil, nil
	}
	namespace, name, _ := strings.Cut(key, "/")
	s, err := r.server(ctx, namespace, name)
	if errors.Is(err, scope.ErrOutside) {
		return key, nil, nil // it may well be there
	}
	if err != nil || s == nil {
		return "", nil, err
	}
	return key, s, nil
}

// ownServer creates the SCIMServer of a tenant that names none, and tells it what becomes of its volume. All else of it
// is left to the defaults and to whoever edits it.
func (r *Reconciler) ownServer(ctx context.Context, p *pass) error {
	t := p.tenant
	if !t.OwnServer() {
		return nil
	}
	if s := p.facts.Server; s != nil && !metav1.IsControlledBy(s, t) {
		p.conflict(&kubeutil.ConflictError{Kind: v1alpha1.KindSCIMServer, Name: compile.ServerKey(t)})
		return nil
	}
	err := r.applyOwnServer(ctx, t)
	if conflict := new(kubeutil.ConflictError); errors.As(err, &conflict) {
		p.conflict(conflict)
		return nil
	}
	if p.facts.Server == nil {
		p.facts.Server = &v1alpha1.SCIMServer{ObjectMeta: metav1.ObjectMeta{Namespace: t.Namespace, Name: t.Name}}
	}
	return err
}

func (r *Reconciler) applyOwnServer(ctx context.Context, t *v1alpha1.SCIMTenant) error {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind(v1alpha1.KindSCIMServer))
	u.SetNamespace(t.Namespace)
	u.SetName(t.Name)
	u.SetLabels(labels(t))
	u.SetAnnotations(map[string]string{v1alpha1.AnnotationDeletionPolicy: string(t.Spec.DeletionPolicy)})
	return r.Applier.Apply(ctx, t, u)
}

// labels are those of the objects that the operator makes for a tenant.
func labels(t *v1alpha1.SCIMTenant) map[string]string {
	return map[string]string{
		v1alpha1.LabelManagedBy: v1alpha1.ManagedBy,
		v1alpha1.LabelInstance:  t.Name,
		v1alpha1.LabelTenant:    t.Name,
	}
}

// readToken reads and checks the token that the admin brings.
func (r *Reconciler) readToken(ctx context.Context, p *pass) error {
	name := kubeutil.TokenSecretRef(p.tenant)
	if name == "" {
		return nil
	}
	secret := &corev1.Secret{}
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: p.tenant.Namespace, Name: name}, secret)
	if apierrors.IsNotFound(err) {
		p.facts.Credentials = compile.Finding{Reason: v1alpha1.ReasonSecretNotFound,
			Message: fmt.Sprintf("spec.auth.bearer.secretRef: there is no Secret %s in namespace %s; create it, with the key %s", name, p.tenant.Namespace, v1alpha1.SecretKeyToken)}
		return nil
	}
	if err != nil {
		return fmt.Errorf("read Secret %s/%s: %w", p.tenant.Namespace, name, err)
	}
	if p.brought, err = credentials.CheckBrought(secret.Data); err != nil {
		p.facts.Credentials = compile.Finding{Reason: v1alpha1.ReasonInvalidSecret,
			Message: fmt.Sprintf("spec.auth.bearer.secretRef: Secret %s is not usable: %v", name, err)}
	}
	return nil
}

// judge decides whether the tenant is accepted.
func (r *Reconciler) judge(_ context.Context, p *pass) error {
	p.finding, p.desired = compile.Tenant(p.facts), nil
	if !p.finding.OK() {
		return nil
	}
	if entry, err := compile.Entry(p.tenant, p.facts.References, compile.Tokens{}); err == nil {
		p.desired = &entry
	}
	return nil
}

// bind notes on an accepted tenant which server has its data from now on, and makes sure that its deletion is noticed.
func (r *Reconciler) bind(ctx context.Context, p *pass) error {
	t := p.tenant
	key := compile.ServerKey(t)
	if p.facts.BoundTo != "" && p.facts.BoundTo != key {
		return nil // the data are there until they have moved
	}
	if !p.finding.OK() || (t.Annotations[v1alpha1.AnnotationBoundServer] == key && controllerutil.ContainsFinalizer(t, v1alpha1.Finalizer)) {
		return nil
	}
	return r.patch(ctx, p, func() {
		metav1.SetMetaDataAnnotation(&t.ObjectMeta, v1alpha1.AnnotationBoundServer, key)
		controllerutil.AddFinalizer(t, v1alpha1.Finalizer)
	})
}

// patch changes the tenant's metadata. It fails with a conflict if somebody else has written the tenant since.
func (r *Reconciler) patch(ctx context.Context, p *pass, change func()) error {
	base := p.tenant.DeepCopy()
	change()
	err := r.Client.Patch(ctx, p.tenant, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		return fmt.Errorf("write SCIMTenant %s: %w", client.ObjectKeyFromObject(p.tenant), err)
	}
	p.before = p.tenant.DeepCopy()
	return nil
}
