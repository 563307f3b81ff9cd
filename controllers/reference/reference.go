package reference

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/controllers/scope"
)

// Reader reads applications and mappings. All fields are needed.
type Reader struct {
	Client  client.Reader // the manager's cache
	Secrets client.Reader // metadata of all Secrets
	Live    client.Reader // reads from the API server: Secrets that the operator did not make

	webhooks kubeutil.Memo[webhook]
	rules    compile.Rules
}

// webhook is what the Secret of a webhook says.
type webhook struct {
	keys    []string
	finding compile.Finding
}

// Lookup reads each application once, for one pass.
type Lookup struct {
	reader       *Reader
	applications map[string]*compile.Application
}

// Lookup begins a pass.
func (r *Reader) Lookup() *Lookup {
	return &Lookup{reader: r, applications: map[string]*compile.Application{}}
}

// Applications are those that were found so far, by namespace/name.
func (l *Lookup) Applications() map[string]*compile.Application { return l.applications }

// Of reads what a tenant refers to.
func (l *Lookup) Of(ctx context.Context, t *v1alpha1.SCIMTenant) (compile.References, error) {
	refs := compile.References{Rules: &l.reader.rules}
	if t.Spec.ApplicationRef == nil {
		return refs, nil
	}
	var err error
	refs.Application, err = l.Application(ctx, compile.ApplicationKey(t))
	if refs.ApplicationOutside = errors.Is(err, scope.ErrOutside); err != nil && !refs.ApplicationOutside {
		return refs, err
	}
	refs.Mappings = make(map[string]*v1alpha1.SCIMMapping, len(t.Spec.MappingRefs))
	for _, ref := range t.Spec.MappingRefs {
		m := &v1alpha1.SCIMMapping{}
		err := l.reader.Client.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: ref.Name}, m)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return refs, fmt.Errorf("read SCIMMapping %s/%s: %w", t.Namespace, ref.Name, err)
		case m.DeletionTimestamp.IsZero():
			refs.Mappings[ref.Name] = m
		}
	}
	return refs, nil
}

// Application reads the application of a name, namespace/name; nil: there is none, or it is being deleted. The error is
// scope.ErrOutside if the operator does not watch its namespace.
func (l *Lookup) Application(ctx context.Context, key string) (*compile.Application, error) {
	if a, ok := l.applications[key]; ok {
		return a, nil
	}
	namespace, name, _ := strings.Cut(key, "/")
	o := &v1alpha1.SCIMApplication{}
	err := l.reader.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, o)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("read SCIMApplication %s: %w", key, err)
	}
	if err != nil || !o.DeletionTimestamp.IsZero() {
		l.applications[key] = nil
		return nil, nil
	}
	a, err := l.reader.Complete(ctx, o)
	if err == nil {
		l.applications[key] = a
	}
	return a, err
}

// Complete judges an application, and reads what belongs to it.
func (r *Reader) Complete(ctx context.Context, o *v1alpha1.SCIMApplication) (*compile.Application, error) {
	a := &compile.Application{Object: o, Finding: compile.ApplicationFinding(o)}
	w, err := r.webhook(ctx, o)
	if err != nil {
		return nil, err
	}
	a.SigningKeys = w.keys
	if a.Finding.OK() {
		a.Finding = w.finding
	}
	a.Feed, err = r.feed(ctx, o)
	return a, err
}

// webhook reads the Secret of the application's webhook, again only when it has changed.
func (r *Reader) webhook(ctx context.Context, o *v1alpha1.SCIMApplication) (webhook, error) {
	name := compile.WebhookSecret(o)
	if name == "" {
		return webhook{}, nil
	}
	key := client.ObjectKey{Namespace: o.Namespace, Name: name}
	missing := webhook{finding: compile.WebhookSecretMissing(o)}
	metadata := kubeutil.SecretMetadata()
	err := r.Secrets.Get(ctx, key, metadata)
	if err == nil {
		var w webhook
		w, err = r.webhooks.Of(metadata, func() (webhook, error) { return r.readWebhook(ctx, o, key) })
		if err == nil {
			return w, nil
		}
	}
	if apierrors.IsNotFound(err) {
		r.webhooks.Forget(key)
		return missing, nil
	}
	return webhook{}, fmt.Errorf("read Secret %s: %w", key, err)
}

func (r *Reader) readWebhook(ctx context.Context, o *v1alpha1.SCIMApplication, key client.ObjectKey) (w webhook, err error) {
	secret := &corev1.Secret{}
	if err := r.Live.Get(ctx, key, secret); err != nil {
		return w, err
	}
	w.keys, w.finding = compile.SigningKeys(o, secret.Data)
	return w, nil
}

// feed reads the application's feed credentials, nil if there are none that can be used.
func (r *Reader) feed(ctx context.Context, o *v1alpha1.SCIMApplication) (*credentials.Facts, error) {
	key := client.ObjectKey{Namespace: o.Namespace, Name: v1alpha1.FeedCredentialsSecretName(o.Name)}
	secret := &corev1.Secret{}
	err := r.Client.Get(ctx, key, secret)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("read Secret %s: %w", key, err)
	}
	if err != nil || !metav1.IsControlledBy(secret, o) {
		return nil, nil
	}
	facts, err := credentials.Parse(secret.Data)
	if err != nil {
		return nil, nil // the application's reconciler makes it anew
	}
	return &facts, nil
}
