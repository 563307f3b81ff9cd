package compile

import (
	"strings"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Tokens that a server accepts for a tenant.
type Tokens struct {
	Tenant []config.Token // of its identity provider
	Feed   []config.Token // of its application
}

// Entry is the tenant as its server gets it. The error names the field that is wrong.
func Entry(t *v1alpha1.SCIMTenant, refs References, tokens Tokens) (config.Tenant, error) {
	entry := directory(t)
	entry.Tokens = tokens.Tenant
	if err := entry.Validate(); err != nil {
		return config.Tenant{}, err
	}
	if err := resolved(t, refs).asError(); err != nil {
		return config.Tenant{}, err
	}
	var rules layers
	if t.Spec.ApplicationRef != nil {
		rules = merge(t, refs.Mappings)
		entry.Application, entry.Lifecycle, entry.Mapping = application(refs.Application), lifecycle(t), rules.mapping
		entry.Application.FeedTokens = tokens.Feed
	}
	if err := refs.Rules.check(entry, rules); err != nil {
		return config.Tenant{}, err
	}
	if entry.Application != nil {
		if err := lifecycleFinding(entry.Lifecycle, entry.Application).asError(); err != nil {
			return config.Tenant{}, err
		}
	}
	if err := entry.Validate(); err != nil {
		return config.Tenant{}, err
	}
	return entry, nil
}

// directory is the tenant as a plain SCIM directory, without tokens.
func directory(t *v1alpha1.SCIMTenant) config.Tenant {
	_, gated := Gated(t)
	entry := config.Tenant{
		Key:                  Key(t),
		UID:                  string(t.UID),
		Generation:           t.Generation,
		IdentityProvider:     string(t.Spec.IdentityProvider),
		Protocol:             string(t.Spec.Protocol),
		UniqueIdentifier:     string(t.Spec.UniqueIdentifier),
		KeepPasswords:        t.Spec.Passwords == v1alpha1.PasswordPolicyHash,
		IgnoreUnknownMembers: t.Spec.Resources.UnknownMembers == v1alpha1.UnknownMembersIgnore,
		Groups:               t.Spec.Resources.Groups != v1alpha1.Disabled,
		Limits:               limits(t.Spec.Limits),
		Suspended:            t.Spec.Suspended,
		Gated:                gated,
	}
	entry.Issuers = issuers(t.Spec.Auth)
	for _, e := range t.Spec.SchemaExtensions {
		entry.Extensions = append(entry.Extensions, extension(e))
	}
	return entry
}

// Same tells whether two entries differ in nothing but tokens, and where the tenant is going.
func Same(a, b config.Tenant) bool { return withoutTokens(a).Hash() == withoutTokens(b).Hash() }

func withoutTokens(t config.Tenant) config.Tenant {
	t.Tokens, t.Move, t.TakeFrom = nil, nil, ""
	if t.Application != nil {
		a := *t.Application
		a.FeedTokens = nil
		t.Application = &a
	}
	return t
}

// WantsToken tells whether the tenant has a bearer token: not where its identity provider brings signed ones alone.
func WantsToken(t *v1alpha1.SCIMTenant) bool {
	a := t.Spec.Auth
	return a == nil || a.Bearer != nil || len(a.JWT) == 0
}

func issuers(a *v1alpha1.TenantAuth) (out []config.Issuer) {
	for _, j := range jwtOf(a) {
		issuer := config.Issuer{Issuer: j.Issuer, JWKSURL: j.JWKSURL, Claims: j.Claims}
		for _, audience := range j.Audiences {
			issuer.Audiences = append(issuer.Audiences, string(audience))
		}
		out = append(out, issuer)
	}
	return out
}

func limits(l v1alpha1.TenantLimits) config.Limits {
	out := config.Limits{
		RequestsPerSecond: int(or(l.RequestsPerSecond, 50)),
		Burst:             int(or(l.Burst, 100)),
		Users:             int64(or(l.Users, 100_000)),
		Groups:            int64(or(l.Groups, 10_000)),
		BodyBytes:         2 << 20,

		ConcurrentRequests: int(or(l.ConcurrentRequests, 10)),
	}
	if l.BodyBytes != nil {
		out.BodyBytes = l.BodyBytes.Value()
	}
	return out
}

// or is for objects that have not been through the API server, which fills in the same defaults.
func or(p *int32, otherwise int32) int32 {
	if p == nil {
		return otherwise
	}
	return *p
}

func extension(e v1alpha1.SchemaExtension) config.Extension {
	out := config.Extension{ID: e.ID, Resource: string(e.Resource)}
	for _, a := range e.Attributes {
		attribute := simple(a.SimpleAttribute)
		for _, sub := range a.SubAttributes {
			attribute.SubAttributes = append(attribute.SubAttributes, simple(sub))
		}
		out.Attributes = append(out.Attributes, attribute)
	}
	return out
}

// simple writes the values as RFC 7643 spells them: those of the API begin with a capital letter.
func simple(a v1alpha1.SimpleAttribute) config.Attribute {
	out := config.Attribute{
		Name:        a.Name,
		Description: a.Description,
		Type:        lowerFirst(string(a.Type)),
		MultiValued: a.MultiValued,
		Required:    a.Required,
		CaseExact:   a.CaseExact,
		Mutability:  lowerFirst(string(a.Mutability)),
		Returned:    lowerFirst(string(a.Returned)),
		Uniqueness:  lowerFirst(string(a.Uniqueness)),
	}
	for _, v := range a.CanonicalValues {
		out.CanonicalValues = append(out.CanonicalValues, string(v))
	}
	return out
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
