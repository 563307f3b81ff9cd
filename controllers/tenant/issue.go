package tenant

import (
	"context"
	"errors"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
)

// issue keeps the credentials Secret. It also does so for a tenant that is no longer accepted, so that a token can be
// replaced at any time; only the first token waits for acceptance.
func (r *Reconciler) issue(ctx context.Context, p *pass) error {
	first := p.tenant.Annotations[v1alpha1.AnnotationBoundServer] == ""
	if (first && !p.finding.OK()) || p.facts.Server == nil || !p.facts.Credentials.OK() {
		return r.readCredentials(p)
	}
	desired, cause, err := r.desired(p)
	if err != nil {
		return err
	}
	next, err := r.Applier.PutSecret(ctx, p.tenant, p.secret, desired)
	if conflict := new(kubeutil.ConflictError); errors.As(err, &conflict) {
		p.secret = nil
		p.conflict(conflict)
		return r.judge(ctx, p)
	}
	if err != nil {
		return err
	}
	p.secret = next
	if cause != credentials.Kept {
		r.announce(ctx, p, cause)
	}
	if err := r.readCredentials(p); err != nil {
		return err
	}
	return r.rotated(ctx, p)
}

func (r *Reconciler) desired(p *pass) (*corev1.Secret, credentials.Cause, error) {
	t := p.tenant
	request := credentials.Request{
		URL:     compile.TenantURL(compile.BaseURL(p.serving(), r.DefaultBaseURL), t),
		NoToken: !compile.WantsToken(t),
		Brought: p.brought,
		Every:   compile.Every(t),
		Rotate:  p.rotationDue(),
		Now:     p.now,
		Rand:    r.Rand,
	}
	if p.secret != nil && p.secret.Type == v1alpha1.SecretTypeCredentials {
		request.Current = p.secret.Data
		request.WasBrought = p.secret.Annotations[credentials.AnnotationFrom] != ""
	}
	data, cause, err := credentials.Next(request)
	if err != nil {
		return nil, cause, err
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: t.Namespace, Name: v1alpha1.CredentialsSecretName(t.Name), Labels: labels(t),
			Annotations: credentials.Annotations(t.Annotations, kubeutil.TokenSecretRef(t)),
		},
		Type: v1alpha1.SecretTypeCredentials,
		Data: data,
	}, cause, nil
}

// rotationDue tells whether somebody has asked for a new token, on the tenant or on the Secret.
func (p *pass) rotationDue() bool {
	return p.secret != nil && credentials.RotationDue(p.tenant.Annotations, p.secret.Annotations)
}

// rotated takes a fulfilled wish away.
func (r *Reconciler) rotated(ctx context.Context, p *pass) error {
	if _, ok := p.tenant.Annotations[v1alpha1.AnnotationRotate]; !ok {
		return nil
	}
	return r.patch(ctx, p, func() { delete(p.tenant.Annotations, v1alpha1.AnnotationRotate) })
}

// readCredentials reads what the Secret says, and asks for another pass when a generated token ends.
func (r *Reconciler) readCredentials(p *pass) error {
	if p.secret == nil {
		return nil
	}
	facts, err := credentials.Parse(p.secret.Data)
	if err != nil {
		return nil // it is replaced once the tenant is accepted
	}
	p.token = &facts
	if !facts.ExpiresAt.IsZero() {
		p.wakeAt(facts.ExpiresAt)
	}
	return nil
}

func (r *Reconciler) announce(ctx context.Context, p *pass, cause credentials.Cause) {
	log.FromContext(ctx).Info("Issued credentials", "secret", p.secret.Name, "cause", string(cause), "tokenID", string(p.secret.Data[v1alpha1.SecretKeyTokenID]))
	r.Events.Eventf(p.tenant, nil, corev1.EventTypeNormal, "Token"+string(cause), "IssueToken",
		"The token in Secret %s is new: %s", p.secret.Name, strings.ToLower(causes[cause]))
}

var causes = map[credentials.Cause]string{
	credentials.Created:  "there was no usable one",
	credentials.Brought:  "the Secret of spec.auth.bearer.secretRef has changed",
	credentials.Rotated:  "a new one was asked for",
	credentials.Expired:  "the time of spec.auth.bearer.rotation has come",
	credentials.Replaced: "spec.auth.bearer.secretRef was removed",
}
