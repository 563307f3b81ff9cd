package application

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
)

// pass is one reconciliation.
type pass struct {
	application *v1alpha1.SCIMApplication
	finding     compile.Finding
	tenants     []v1alpha1.SCIMTenant
	now         time.Time
	secret      *corev1.Secret // with the feed credentials, nil if there is none
	requeue     time.Duration
}

// issue keeps the feed credentials Secret, also of an application that is no longer accepted; only the first token waits
// for acceptance.
func (r *Reconciler) issue(ctx context.Context, p *pass) (err error) {
	o := p.application
	if p.secret, err = r.Applier.GetSecret(ctx, o.Namespace, v1alpha1.FeedCredentialsSecretName(o.Name)); err != nil {
		return err
	}
	if p.secret == nil && !p.finding.OK() {
		return nil
	}
	desired, cause, err := r.desired(p)
	if err != nil {
		return err
	}
	next, err := r.Applier.PutSecret(ctx, o, p.secret, desired)
	if p.conflict(err) {
		return nil
	}
	if err != nil {
		return err
	}
	p.secret = next
	if cause != credentials.Kept {
		log.FromContext(ctx).Info("Issued feed credentials", "secret", next.Name, "cause", string(cause), "tokenID", string(next.Data[v1alpha1.SecretKeyTokenID]))
		r.Events.Eventf(o, nil, corev1.EventTypeNormal, "Token"+string(cause), "IssueToken", "The token of the member feeds in Secret %s is new", next.Name)
	}
	if facts, err := credentials.Parse(next.Data); err == nil && !facts.ExpiresAt.IsZero() {
		p.requeue = max(facts.ExpiresAt.Sub(p.now), time.Second)
	}
	return r.rotated(ctx, o)
}

func (r *Reconciler) desired(p *pass) (*corev1.Secret, credentials.Cause, error) {
	o := p.application
	feeds, err := feeds(p.tenants)
	if err != nil {
		return nil, credentials.Kept, err
	}
	request := credentials.Request{Feeds: feeds, Every: compile.FeedEvery(o), Now: p.now, Rand: r.Rand}
	if p.secret != nil && p.secret.Type == v1alpha1.SecretTypeCredentials {
		request.Current = p.secret.Data
		request.Rotate = credentials.RotationDue(o.Annotations, p.secret.Annotations)
	}
	data, cause, err := credentials.Next(request)
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: o.Namespace, Name: v1alpha1.FeedCredentialsSecretName(o.Name),
			Labels: map[string]string{
				v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelInstance: label(o.Name), v1alpha1.LabelApplication: label(o.Name),
			},
			Annotations: credentials.Annotations(o.Annotations, ""),
		},
		Type: v1alpha1.SecretTypeCredentials,
		Data: data,
	}, cause, err
}

// label is a name as a label's value, which is at most 63 characters long.
func label(name string) string {
	return strings.TrimRight(name[:min(len(name), 63)], "-.")
}

// feeds are the addresses of the tenants' member feeds, as JSON.
func feeds(tenants []v1alpha1.SCIMTenant) (string, error) {
	addresses := map[string]string{}
	slices.SortFunc(tenants, func(a, b v1alpha1.SCIMTenant) int { return strings.Compare(compile.Key(&a), compile.Key(&b)) })
	for i := range tenants {
		if url := feedOf(&tenants[i]); url != "" && len(addresses) < v1alpha1.MaxFeeds {
			addresses[compile.Key(&tenants[i])] = url
		}
	}
	text, err := json.Marshal(addresses)
	if err != nil {
		return "", fmt.Errorf("encode the addresses of feeds: %w", err)
	}
	return string(text), nil
}

// feedOf is the address of a tenant's member feed, "" if the tenant is not served.
func feedOf(t *v1alpha1.SCIMTenant) string {
	base, ok := strings.CutSuffix(t.Status.URL, v1alpha1.TenantPath(t.Namespace, t.Name))
	if !ok || !t.DeletionTimestamp.IsZero() || t.Annotations[v1alpha1.AnnotationBoundServer] == "" || notAllowed(t) {
		return ""
	}
	return base + v1alpha1.FeedPath(t.Namespace, t.Name)
}

// notAllowed tells whether the tenant is not served because somebody does not want it.
func notAllowed(t *v1alpha1.SCIMTenant) bool {
	c := kubeutil.FindCondition(t, v1alpha1.ConditionAccepted)
	return c == nil || c.Reason == string(v1alpha1.ReasonNotAllowedByApplication) || c.Reason == string(v1alpha1.ReasonNotAllowedByServer)
}

// rotated takes a fulfilled wish away.
func (r *Reconciler) rotated(ctx context.Context, o *v1alpha1.SCIMApplication) error {
	if _, ok := o.Annotations[v1alpha1.AnnotationRotate]; !ok {
		return nil
	}
	next := o.DeepCopy() // the pass goes on with the object as it was read
	delete(next.Annotations, v1alpha1.AnnotationRotate)
	err := r.Client.Patch(ctx, next, client.MergeFromWithOptions(o, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		return fmt.Errorf("write SCIMApplication %s: %w", client.ObjectKeyFromObject(o), err)
	}
	return nil
}
