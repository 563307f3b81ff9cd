package manifests

import (
	"fmt"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/controllers/manifests/folder"
)

// tokenSecret names the Secret in which an admin brings a tenant's token; "": it is generated.
func tokenSecret(t *v1alpha1.SCIMTenant) string {
	if t.Spec.Auth == nil || t.Spec.Auth.Bearer == nil || t.Spec.Auth.Bearer.SecretRef == nil {
		return ""
	}
	return t.Spec.Auth.Bearer.SecretRef.Name
}

// broughtToken returns the token that an admin brings, "" if there is none, and what is wrong with it.
func broughtToken(t *v1alpha1.SCIMTenant, secrets map[string]folder.Secret) (string, compile.Finding) {
	name := tokenSecret(t)
	if name == "" {
		return "", compile.Finding{}
	}
	s, ok := secrets[t.Namespace+"/"+name]
	if !ok {
		return "", compile.Finding{Reason: v1alpha1.ReasonSecretNotFound, Message: fmt.Sprintf(
			"spec.auth.bearer.secretRef: there is no Secret %s in namespace %s; add it, with the key %s", name, t.Namespace, v1alpha1.SecretKeyToken)}
	}
	token, err := credentials.CheckBrought(s.Data)
	if err != nil {
		return "", compile.Finding{Reason: v1alpha1.ReasonInvalidSecret, Message: fmt.Sprintf(
			"spec.auth.bearer.secretRef: Secret %s is not usable: %v", name, err)}
	}
	return token, compile.Finding{}
}

// issueAll looks after the credentials of all tenants.
func (p *pass) issueAll() {
	for _, c := range p.candidates {
		key := compile.Key(c.tenant)
		facts, err := p.issue(c)
		if err != nil { // the tokens that are accepted stay
			p.next = earlier(p.next, p.now.Add(retry))
			facts = nil
		}
		p.diary.credentials(key, err)
		c.facts = facts
	}
}

// issue keeps a tenant's credentials, also those of one that is no longer accepted; only the first token waits for
// acceptance. Without an error, nil means that there are none.
func (p *pass) issue(c *candidate) (*credentials.Facts, error) {
	key := compile.Key(c.tenant)
	current, err := p.vault.read(key)
	if err != nil || (current == nil && !c.finding.OK()) {
		return nil, err
	}
	if !c.token.OK() {
		return readFacts(current), nil
	}
	request := credentials.Request{
		URL: compile.TenantURL(p.base, c.tenant), NoToken: !compile.WantsToken(c.tenant), Brought: c.brought, Every: compile.Every(c.tenant), Now: p.now, Rand: p.Rand,
	}
	if current != nil {
		request.Current, request.WasBrought = current.Data, current.Annotations[credentials.AnnotationFrom] != ""
		request.Rotate = credentials.RotationDue(c.tenant.Annotations, current.Annotations)
	}
	data, cause, err := credentials.Next(request)
	if err != nil {
		return nil, err
	}
	next := folder.Secret{Data: data, Annotations: credentials.Annotations(c.tenant.Annotations, tokenSecret(c.tenant))}
	if err := p.vault.write(key, current, next); err != nil {
		return nil, err
	}
	if request.NoToken {
		return nil, nil
	}
	facts, err := credentials.Parse(data)
	if err != nil {
		return nil, err
	}
	if cause != credentials.Kept {
		p.Log.Info("token issued", "tenant", key, "cause", string(cause), "tokenID", facts.TokenID, "file", p.vault.secretFile(key))
	}
	p.next = earlier(p.next, facts.ExpiresAt)
	return &facts, nil
}

// readFacts reads what a Secret says; nil: it is not usable.
func readFacts(s *folder.Secret) *credentials.Facts {
	facts, err := credentials.Parse(s.Data)
	if err != nil {
		return nil
	}
	return &facts
}
