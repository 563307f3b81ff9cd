package admission

import (
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

var (
	urnForm       = regexp.MustCompile(`^[uU][rR][nN]:[A-Za-z0-9][A-Za-z0-9-]{1,31}:[A-Za-z0-9._~:-]*[A-Za-z0-9_~-]$`)
	attributeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9$_-]*$`)
)

// builtIn are the beginnings of schema URNs that are taken, in lower case.
var builtIn = []string{
	"urn:ietf:params:scim:schemas:core:", "urn:ietf:params:scim:api:", "urn:ietf:params:scim:schemas:extension:enterprise:",
}

func (e *errs) extensions(list []v1alpha1.SchemaExtension, at *field.Path) {
	e.items(len(list), at, 8)
	e.whole(distinct(list, func(x v1alpha1.SchemaExtension) string { return x.ID }), at,
		"two schemaExtensions have the same id; upper and lower case are the same")
	for i, x := range list {
		e.extension(x, at.Index(i))
	}
}

func (e *errs) extension(x v1alpha1.SchemaExtension, at *field.Path) {
	e.length(x.ID, at.Child("id"), 255)
	e.matches(urnForm, x.ID, at.Child("id"), "id is a URN, as in urn:ietf:params:scim:schemas:extension:acme:2.0:User")
	for _, taken := range builtIn {
		e.check(!strings.HasPrefix(strings.ToLower(x.ID), taken), at.Child("id"), x.ID,
			"this schema is built in; a schemaExtension has an id of its own, as urn:ietf:params:scim:schemas:extension:acme:2.0:User")
	}
	oneOf(e, x.Resource, at.Child("resource"), v1alpha1.ExtendUser, v1alpha1.ExtendGroup)
	at = at.Child("attributes")
	e.required(len(x.Attributes) > 0, at)
	e.items(len(x.Attributes), at, 64)
	e.whole(distinct(x.Attributes, func(a v1alpha1.SchemaAttribute) string { return a.Name }), at,
		"two attributes have the same name; upper and lower case are the same")
	for i, a := range x.Attributes {
		e.attribute(a, at.Index(i))
	}
}

func (e *errs) attribute(a v1alpha1.SchemaAttribute, at *field.Path) {
	e.simple(a.SimpleAttribute, at)
	e.whole((a.Type == v1alpha1.AttributeComplex) == (len(a.SubAttributes) > 0), at, "an attribute of type Complex has subAttributes, others have none")
	at = at.Child("subAttributes")
	e.items(len(a.SubAttributes), at, 12)
	e.whole(distinct(a.SubAttributes, func(s v1alpha1.SimpleAttribute) string { return s.Name }), at,
		"two subAttributes have the same name; upper and lower case are the same")
	for i, s := range a.SubAttributes {
		e.simple(s, at.Index(i))
		e.whole(s.Type != v1alpha1.AttributeComplex, at.Index(i).Child("type"), "a subAttribute cannot be Complex itself (RFC 7643 section 2.3.8)")
	}
}

func (e *errs) simple(a v1alpha1.SimpleAttribute, at *field.Path) {
	e.length(a.Name, at.Child("name"), 64)
	e.length(a.Description, at.Child("description"), 512)
	e.matches(attributeForm, a.Name, at.Child("name"),
		"an attribute name has letters, digits, '$', '-' and '_', and begins with a letter (RFC 7643 section 2.1)")
	oneOf(e, a.Type, at.Child("type"), v1alpha1.AttributeString, v1alpha1.AttributeBoolean, v1alpha1.AttributeInteger, v1alpha1.AttributeDecimal,
		v1alpha1.AttributeDateTime, v1alpha1.AttributeReference, v1alpha1.AttributeBinary, v1alpha1.AttributeComplex)
	oneOf(e, a.Mutability, at.Child("mutability"),
		v1alpha1.MutabilityReadWrite, v1alpha1.MutabilityReadOnly, v1alpha1.MutabilityImmutable, v1alpha1.MutabilityWriteOnly)
	oneOf(e, a.Returned, at.Child("returned"), v1alpha1.ReturnedAlways, v1alpha1.ReturnedNever, v1alpha1.ReturnedDefault, v1alpha1.ReturnedRequest)
	oneOf(e, a.Uniqueness, at.Child("uniqueness"), v1alpha1.UniquenessNone, v1alpha1.UniquenessServer)
	e.characteristics(a, at)
	e.canonicalValues(a, at.Child("canonicalValues"))
}

// characteristics of an attribute must agree with one another.
func (e *errs) characteristics(a v1alpha1.SimpleAttribute, at *field.Path) {
	e.whole(!a.Required || a.Mutability != v1alpha1.MutabilityReadOnly, at.Child("required"),
		"a ReadOnly attribute cannot be required, because clients cannot give it")
	e.whole(a.Mutability != v1alpha1.MutabilityWriteOnly || a.Returned == v1alpha1.ReturnedNever, at.Child("returned"),
		"a WriteOnly attribute has returned: Never")
	single := !a.MultiValued && a.Type != v1alpha1.AttributeBoolean && a.Type != v1alpha1.AttributeBinary && a.Type != v1alpha1.AttributeComplex
	e.whole(a.Uniqueness != v1alpha1.UniquenessServer || single, at.Child("uniqueness"),
		"uniqueness: Server is for single values of type String, Integer, Decimal, DateTime or Reference")
}

func (e *errs) canonicalValues(a v1alpha1.SimpleAttribute, at *field.Path) {
	if len(a.CanonicalValues) == 0 {
		return
	}
	e.whole(a.Type == v1alpha1.AttributeString || a.Type == v1alpha1.AttributeReference, at, "canonicalValues are for type String or Reference")
	e.items(len(a.CanonicalValues), at, 64)
	seen := map[string]bool{}
	for i, v := range a.CanonicalValues {
		e.required(v != "", at.Index(i))
		e.length(string(v), at.Index(i), 128)
		e.once(seen, string(v), at.Index(i))
	}
}
