package plugin

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/plugin/guide"
)

// credentials reads the tenant's credentials Secret.
func (s *session) credentials() (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	key := client.ObjectKey{Namespace: s.tenant.Namespace, Name: v1alpha1.CredentialsSecretName(s.tenant.Name)}
	err := s.Client.Get(s.ctx, key, secret)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("SCIMTenant %s has no credentials yet%s", s.key(), s.why())
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %s: %w", key, err)
	}
	return secret, nil
}

// why quotes the condition that stands in the way.
func (s *session) why() string {
	for _, kind := range []v1alpha1.ConditionType{v1alpha1.ConditionAccepted, v1alpha1.ConditionProgrammed} {
		for _, c := range s.tenant.Status.Conditions {
			if c.Type == string(kind) && c.Status != metav1.ConditionTrue {
				return fmt.Sprintf(": %s is %s, %s: %s", c.Type, c.Status, c.Reason, c.Message)
			}
		}
	}
	return ""
}

func (s *session) connect() error {
	secret, err := s.credentials()
	if err != nil {
		return err
	}
	spec := s.tenant.Spec
	in := guide.Input{
		Tenant: s.key(), IdentityProvider: string(spec.IdentityProvider), URL: string(secret.Data[v1alpha1.SecretKeyBaseURL]),
		Token: string(secret.Data[v1alpha1.SecretKeyToken]), UniqueIdentifier: string(spec.UniqueIdentifier), Groups: spec.Resources.Groups != v1alpha1.Disabled,
	}
	if s.flags.hideToken && in.Token != "" {
		in.Token = fmt.Sprintf("(key %s of Secret %s)", v1alpha1.SecretKeyToken, secret.Name)
	}
	if spec.Auth != nil {
		for _, j := range spec.Auth.JWT {
			in.Issuers = append(in.Issuers, j.Issuer)
		}
	}
	for _, e := range spec.SchemaExtensions {
		in.Extensions = append(in.Extensions, e.ID)
	}
	return guide.For(in).Write(s.Out, in.Tenant)
}

// rotate asks for a new token and waits for it.
func (s *session) rotate() error {
	if a := s.tenant.Spec.Auth; a != nil && a.Bearer != nil && a.Bearer.SecretRef != nil {
		return fmt.Errorf("the token of SCIMTenant %s is one that you bring: change Secret %s", s.key(), a.Bearer.SecretRef.Name)
	}
	before, err := s.credentials()
	if err != nil {
		return err
	}
	if len(before.Data[v1alpha1.SecretKeyToken]) == 0 {
		return fmt.Errorf("SCIMTenant %s has no token: its identity provider brings signed ones", s.key())
	}
	if err := s.annotate(v1alpha1.AnnotationRotate); err != nil {
		return err
	}
	after, err := s.newToken(before)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "Secret %s has a new token, %s. The earlier one, %s, ends %s.\nkubectl scim connect %s -n %s says where to type it.\n",
		after.Name, after.Data[v1alpha1.SecretKeyTokenID], before.Data[v1alpha1.SecretKeyTokenID], s.end(), s.tenant.Name, s.tenant.Namespace)
	return nil
}

// end is when the earlier token ends.
func (s *session) end() string {
	if a := s.tenant.Spec.Auth; a != nil && a.Bearer != nil && a.Bearer.Rotation != nil && a.Bearer.Rotation.Overlap.Duration > 0 {
		return "in " + a.Bearer.Rotation.Overlap.Duration.String()
	}
	return "now"
}

func (s *session) newToken(before *corev1.Secret) (*corev1.Secret, error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.flags.timeout)
	defer cancel()
	tick := time.NewTicker(s.Poll)
	defer tick.Stop()
	for {
		after, err := s.credentials()
		if err == nil && string(after.Data[v1alpha1.SecretKeyToken]) != string(before.Data[v1alpha1.SecretKeyToken]) {
			return after, nil
		}
		select {
		case <-ctx.Done():
			if s.ctx.Err() != nil {
				return nil, s.ctx.Err()
			}
			return nil, errors.Join(fmt.Errorf("no new token within %s; is the operator running?", s.flags.timeout), err)
		case <-tick.C:
		}
	}
}

// release releases the brake once.
func (s *session) release() error {
	if l := s.tenant.Spec.Lifecycle; l == nil || l.Brake == nil {
		return fmt.Errorf("SCIMTenant %s has no brake: spec.lifecycle.brake is not set", s.key())
	}
	if err := s.annotate(v1alpha1.AnnotationReleaseBrake); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "The off-boardings of SCIMTenant %s are released; the identity provider tries them again by itself.\n", s.key())
	return nil
}

// annotate writes an annotation with a value that it has not had before.
func (s *session) annotate(name string) error {
	base := s.tenant.DeepCopy()
	metav1.SetMetaDataAnnotation(&s.tenant.ObjectMeta, name, strconv.FormatInt(s.Now().UnixNano(), 10))
	if err := s.Client.Patch(s.ctx, s.tenant, client.MergeFrom(base)); err != nil {
		return fmt.Errorf("annotate SCIMTenant %s: %w", s.key(), err)
	}
	return nil
}
