package schema

import "strings"

// Attribute is one attribute of a schema with its characteristics (RFC 7643 §7). It is immutable once it is part of a Registry.
type Attribute struct {
	Name, Description                string
	Type                             Type
	MultiValued, Required, CaseExact bool
	Mutability                       Mutability
	Returned                         Returned
	Uniqueness                       Uniqueness
	CanonicalValues, ReferenceTypes  []string
	SubAttributes                    []*Attribute

	parent    *Attribute
	extension string
	full      string
	position  int
	value     *Attribute // the sub-attributes every complex attribute is asked for
	primary   *Attribute
	kind      *Attribute
}

// Sub finds a sub-attribute by a name of any case, nil if there is none.
func (a *Attribute) Sub(name string) *Attribute {
	for _, s := range a.SubAttributes {
		if s.Name == name || len(s.Name) == len(name) && strings.EqualFold(s.Name, name) {
			return s
		}
	}
	return nil
}

// Parent is the complex attribute a sub-attribute belongs to, nil for others.
func (a *Attribute) Parent() *Attribute { return a.parent }

// FullName is the name with everything before it: urn:…:User:manager.value, emails.value, userName.
func (a *Attribute) FullName() string { return a.full }

// Extension is the URN of the extension the attribute is part of, "" for core schemas and common attributes.
func (a *Attribute) Extension() string { return a.extension }

// Position is the rank of an attribute in canonical documents, within its schema or its parent.
func (a *Attribute) Position() int { return a.position }

// Value is the sub-attribute value, nil if there is none.
func (a *Attribute) Value() *Attribute { return a.value }

// Primary is the boolean sub-attribute primary of a multi-valued attribute, nil if there is none.
func (a *Attribute) Primary() *Attribute { return a.primary }

// Kind is the sub-attribute type, nil if there is none.
func (a *Attribute) Kind() *Attribute { return a.kind }

// Linked says that the values are links between resources, kept outside of documents: the members of a group, the groups of a user.
func (a *Attribute) Linked() bool { return a == members || a == groups }

// Derived says that the values are worked out for each answer, so that nothing can be found or ordered by them.
func (a *Attribute) Derived() bool { return a == managerName || a == managerRef }

// bind fills in what an attribute knows of its place.
func (a *Attribute) bind(parent *Attribute, extension string, position int) {
	a.parent, a.extension, a.position = parent, extension, position
	a.full = fullName(a, parent, extension)
	for i, s := range a.SubAttributes {
		s.bind(a, extension, i)
	}
	a.value, a.kind = a.Sub("value"), a.Sub("type")
	if p := a.Sub("primary"); p != nil && a.MultiValued && p.Type == Boolean && !p.MultiValued {
		a.primary = p
	}
}

func fullName(a, parent *Attribute, extension string) string {
	switch {
	case parent != nil:
		return parent.full + "." + a.Name
	case extension != "":
		return extension + ":" + a.Name
	default:
		return a.Name
	}
}

// clone copies the declared part of an attribute, unbound.
func (a *Attribute) clone() *Attribute {
	c := *a
	c.parent, c.extension, c.full, c.position = nil, "", "", 0
	c.value, c.primary, c.kind = nil, nil, nil
	c.CanonicalValues = append([]string(nil), a.CanonicalValues...)
	c.ReferenceTypes = append([]string(nil), a.ReferenceTypes...)
	c.SubAttributes = cloneAll(a.SubAttributes)
	return &c
}

func cloneAll(in []*Attribute) []*Attribute {
	var out []*Attribute
	for _, a := range in {
		if a != nil {
			out = append(out, a.clone())
		}
	}
	return out
}

// Equal compares by identity; attributes are made once for a registry.
func (a *Attribute) Equal(b *Attribute) bool { return a == b }
