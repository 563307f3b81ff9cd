package compile

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// The API server refuses all of the following by CEL rules. They are repeated here for objects that come from files, and
// for those that were stored before there was a rule.

var (
	tenantName    = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$`)
	conditionType = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$`)
)

// minBody is the least limits.bodyBytes, minRotation the shortest life of a token.
const (
	minBody     = 1 << 10
	minRotation = time.Hour
)

func specValid(f TenantFacts) Finding {
	return first(f.Tenant, nameValid, bearerValid, gatesValid, bodyValid, uniqueValid)
}

func nameValid(t *v1alpha1.SCIMTenant) Finding {
	if !tenantName.MatchString(t.Name) {
		return found(v1alpha1.ReasonInvalid, "metadata.name %q: at most 52 lower case letters, digits and '-' are allowed", t.Name)
	}
	if t.OwnServer() && (t.Name[0] < 'a' || t.Name[0] > 'z') {
		return found(v1alpha1.ReasonInvalid, "metadata.name %q: without spec.serverRef it begins with a letter", t.Name)
	}
	return Finding{}
}

func bearerValid(t *v1alpha1.SCIMTenant) Finding {
	if t.Spec.Auth == nil || t.Spec.Auth.Bearer == nil {
		return Finding{}
	}
	ref, rotation := t.Spec.Auth.Bearer.SecretRef, rotation(t)
	switch {
	case ref != nil && ref.Name == v1alpha1.CredentialsSecretName(t.Name):
		return found(v1alpha1.ReasonInvalid, "spec.auth.bearer.secretRef: %s is the Secret that the operator writes; use another name", ref.Name)
	case ref != nil && rotation != nil:
		return found(v1alpha1.ReasonInvalid, "spec.auth.bearer.rotation is for tokens that are generated; remove rotation, or secretRef")
	case rotation != nil && rotation.Every.Duration < minRotation:
		return found(v1alpha1.ReasonInvalid, "spec.auth.bearer.rotation.every is %s, must be at least %s", rotation.Every.Duration, minRotation)
	case rotation != nil && (rotation.Overlap.Duration < 0 || rotation.Overlap.Duration >= rotation.Every.Duration):
		return found(v1alpha1.ReasonInvalid, "spec.auth.bearer.rotation.overlap is %s, must be shorter than every", rotation.Overlap.Duration)
	}
	return Finding{}
}

func gatesValid(t *v1alpha1.SCIMTenant) Finding {
	own := []v1alpha1.ConditionType{
		v1alpha1.ConditionAccepted, v1alpha1.ConditionProgrammed, v1alpha1.ConditionReady, v1alpha1.ConditionDelivering, v1alpha1.ConditionTokenExpiring,
	}
	for _, gate := range t.Spec.ReadinessGates {
		if slices.Contains(own, v1alpha1.ConditionType(gate.ConditionType)) || !conditionType.MatchString(gate.ConditionType) {
			return found(v1alpha1.ReasonInvalid, "spec.readinessGates: %q cannot be a readiness gate; one is a condition that somebody else sets, as example.com/SAMLEnabled", gate.ConditionType)
		}
	}
	return Finding{}
}

func bodyValid(t *v1alpha1.SCIMTenant) Finding {
	q := t.Spec.Limits.BodyBytes
	if q != nil && (q.Value() < minBody || q.MilliValue()%1000 != 0) {
		return found(v1alpha1.ReasonInvalid, "spec.limits.bodyBytes is %s, must be a whole number of bytes from 1Ki to 64Mi", q)
	}
	return Finding{}
}

// uniqueValid: the store keeps single, comparable values apart, and canonicalValues are words.
func uniqueValid(t *v1alpha1.SCIMTenant) Finding {
	for _, e := range t.Spec.SchemaExtensions {
		for _, a := range e.Attributes {
			comparable := !a.MultiValued && !slices.Contains([]v1alpha1.AttributeType{v1alpha1.AttributeBoolean, v1alpha1.AttributeBinary, v1alpha1.AttributeComplex}, a.Type)
			if a.Uniqueness == v1alpha1.UniquenessServer && !comparable {
				return found(v1alpha1.ReasonInvalid, "spec.schemaExtensions: attribute %s: uniqueness Server is for single values other than Boolean, Binary and Complex", a.Name)
			}
			if len(a.CanonicalValues) > 0 && a.Type != v1alpha1.AttributeString && a.Type != v1alpha1.AttributeReference {
				return found(v1alpha1.ReasonInvalid, "spec.schemaExtensions: attribute %s: canonicalValues are for type String or Reference", a.Name)
			}
		}
	}
	return Finding{}
}

// selectorValid: from and selector of allowedTenants go together.
func selectorValid(f ServerFacts) Finding {
	n := f.Server.Spec.AllowedTenants.Namespaces
	if (n.From == v1alpha1.NamespacesFromSelector) == (n.Selector != nil) {
		return Finding{}
	}
	return found(v1alpha1.ReasonInvalid, "spec.allowedTenants.namespaces: from: Selector and selector need each other; from is %q", strings.TrimSpace(string(n.From)))
}
