package admission

import (
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

const maxNameLength = 52

var (
	tenantNameForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	gateForm       = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$`)
)

// Tenant lists what is wrong with a tenant to which Default was applied.
func Tenant(t *v1alpha1.SCIMTenant) field.ErrorList {
	e, spec := &errs{}, field.NewPath("spec")
	e.tenantName(t)
	oneOf(e, t.Spec.IdentityProvider, spec.Child("identityProvider"), v1alpha1.IdentityProviderOkta, v1alpha1.IdentityProviderEntraID,
		v1alpha1.IdentityProviderOneLogin, v1alpha1.IdentityProviderJumpCloud, v1alpha1.IdentityProviderGeneric)
	oneOf(e, t.Spec.Protocol, spec.Child("protocol"), v1alpha1.ProtocolCompatible, v1alpha1.ProtocolStrict)
	oneOf(e, t.Spec.UniqueIdentifier, spec.Child("uniqueIdentifier"),
		v1alpha1.UniqueIdentifierUserName, v1alpha1.UniqueIdentifierEmail, v1alpha1.UniqueIdentifierExternalID)
	oneOf(e, t.Spec.Passwords, spec.Child("passwords"), v1alpha1.PasswordPolicyDrop, v1alpha1.PasswordPolicyHash)
	oneOf(e, t.Spec.Resources.Groups, spec.Child("resources", "groups"), v1alpha1.Enabled, v1alpha1.Disabled)
	oneOf(e, t.Spec.Resources.UnknownMembers, spec.Child("resources", "unknownMembers"), v1alpha1.UnknownMembersReject, v1alpha1.UnknownMembersIgnore)
	oneOf(e, t.Spec.DeletionPolicy, spec.Child("deletionPolicy"), v1alpha1.DeletionPolicyRetain, v1alpha1.DeletionPolicyDelete)
	e.references(t, spec)
	e.lifecycle(t, spec.Child("lifecycle"))
	e.extensions(t.Spec.SchemaExtensions, spec.Child("schemaExtensions"))
	e.bearer(t, spec.Child("auth", "bearer"))
	e.issuers(t.Spec.Auth, spec.Child("auth", "jwt"))
	e.limits(t.Spec.Limits, spec.Child("limits"))
	e.gates(t.Spec.ReadinessGates, spec.Child("readinessGates"))
	return e.list
}

func (e *errs) tenantName(t *v1alpha1.SCIMTenant) {
	at := field.NewPath("metadata", "name")
	if !tenantNameForm.MatchString(t.Name) || len(t.Name) > maxNameLength {
		e.check(false, at, t.Name, "the name of a SCIMTenant is part of its URL and of the names of its objects: at most 52 lower case "+
			"letters, digits and '-', beginning and ending with a letter or digit")
		return
	}
	e.check(!t.OwnServer() || t.Name[0] >= 'a', at, t.Name, "without spec.serverRef the name of a SCIMTenant also names a Service, "+
		"and begins with a letter; rename the tenant, or give a serverRef")
}

func (e *errs) bearer(t *v1alpha1.SCIMTenant, at *field.Path) {
	if t.Spec.Auth == nil || t.Spec.Auth.Bearer == nil {
		return
	}
	b := t.Spec.Auth.Bearer
	if b.SecretRef != nil {
		e.reference(b.SecretRef.Name, at.Child("secretRef"))
		e.check(b.SecretRef.Name != v1alpha1.CredentialsSecretName(t.Name), at.Child("secretRef", "name"), b.SecretRef.Name,
			"spec.auth.bearer.secretRef names the Secret that the operator itself writes; keep the token in a Secret of another name")
	}
	if b.Rotation == nil {
		return
	}
	e.whole(b.SecretRef == nil, at.Child("rotation"), "rotation is for tokens that the operator generates; remove rotation, or remove secretRef")
	e.rotation(b.Rotation, at.Child("rotation"))
}

var (
	issuerForm = regexp.MustCompile(`^https://[^/?#@ ]+(/[^?# ]*)?$`)
	keysForm   = regexp.MustCompile(`^https://[^/?#@ ]+([/?][^# ]*)?$`)
)

func (e *errs) issuers(a *v1alpha1.TenantAuth, at *field.Path) {
	if a == nil {
		return
	}
	e.items(len(a.JWT), at, 8)
	seen := map[string]bool{}
	for i, j := range a.JWT {
		at := at.Index(i)
		e.once(seen, j.Issuer, at.Child("issuer"))
		e.length(j.Issuer, at.Child("issuer"), 1024)
		e.matches(issuerForm, j.Issuer, at.Child("issuer"), "issuer is an https:// URL without query and fragment, exactly as in the claim iss")
		e.audiences(j.Audiences, at.Child("audiences"))
		if j.JWKSURL != "" {
			e.length(j.JWKSURL, at.Child("jwksURL"), 2048)
			e.matches(keysForm, j.JWKSURL, at.Child("jwksURL"), "jwksURL is an https:// URL")
		}
	}
}

func (e *errs) audiences(list []v1alpha1.Audience, at *field.Path) {
	e.required(len(list) > 0, at)
	e.items(len(list), at, 16)
	seen := map[string]bool{}
	for i, audience := range list {
		e.required(audience != "", at.Index(i))
		e.length(string(audience), at.Index(i), 1024)
		e.once(seen, string(audience), at.Index(i))
	}
}

func (e *errs) limits(l v1alpha1.TenantLimits, at *field.Path) {
	within(e, l.RequestsPerSecond, at.Child("requestsPerSecond"), 1, 100_000, "must be 1 to 100000")
	within(e, l.Burst, at.Child("burst"), 1, 100_000, "must be 1 to 100000")
	within(e, l.ConcurrentRequests, at.Child("concurrentRequests"), 1, 1000, "must be 1 to 1000")
	within(e, l.Users, at.Child("users"), 1, 10_000_000, "must be 1 to 10000000")
	within(e, l.Groups, at.Child("groups"), 1, 10_000_000, "must be 1 to 10000000")
	if l.BodyBytes != nil {
		e.check(wholeBytes(*l.BodyBytes, 1<<10, 64<<20), at.Child("bodyBytes"), l.BodyBytes.String(), "bodyBytes is a whole number of bytes from 1Ki to 64Mi")
	}
}

func wholeBytes(q resource.Quantity, least, most int64) bool {
	n, whole := q.AsInt64()
	return whole && n >= least && n <= most
}

// ownConditions are set by the operator itself.
var ownConditions = []v1alpha1.ConditionType{
	v1alpha1.ConditionAccepted, v1alpha1.ConditionProgrammed, v1alpha1.ConditionReady, v1alpha1.ConditionDelivering, v1alpha1.ConditionTokenExpiring,
}

func (e *errs) gates(list []v1alpha1.ReadinessGate, at *field.Path) {
	e.items(len(list), at, 8)
	seen := map[string]bool{}
	for i, g := range list {
		at := at.Index(i).Child("conditionType")
		e.length(g.ConditionType, at, 316)
		e.matches(gateForm, g.ConditionType, at, "a condition type is a word, or a domain and a word, as in example.com/SAMLEnabled")
		e.check(!slices.Contains(ownConditions, v1alpha1.ConditionType(g.ConditionType)), at, g.ConditionType,
			"the operator itself sets this condition; a readiness gate is a condition that somebody else sets, as example.com/SAMLEnabled")
		e.once(seen, g.ConditionType, at)
	}
}
