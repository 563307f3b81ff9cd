package schema

// Short ways to declare the attributes of the RFCs; the defaults are those of RFC 7643 §2.2.

func text(name, description string) *Attribute {
	return &Attribute{Name: name, Type: String, Description: description}
}

func exact(name, description string) *Attribute {
	return &Attribute{Name: name, Type: String, CaseExact: true, Description: description}
}

func flag(name, description string) *Attribute {
	return &Attribute{Name: name, Type: Boolean, Description: description}
}

func number(name, description string) *Attribute {
	return &Attribute{Name: name, Type: Integer, Description: description}
}

// reference is case exact (RFC 7643 §2.3.7).
func reference(name, description string, types ...string) *Attribute {
	return &Attribute{Name: name, Type: Reference, CaseExact: true, ReferenceTypes: types, Description: description}
}

func complexOf(name, description string, subs ...*Attribute) *Attribute {
	return &Attribute{Name: name, Type: Complex, Description: description, SubAttributes: subs}
}

func many(a *Attribute) *Attribute { a.MultiValued = true; return a }

func required(a *Attribute) *Attribute { a.Required = true; return a }

func unique(a *Attribute) *Attribute { a.Uniqueness = Server; return a }

// suggest names the canonical values; others are allowed too (RFC 7643 §7).
func suggest(a *Attribute, values ...string) *Attribute { a.CanonicalValues = values; return a }

// readOnly also marks everything below.
func readOnly(a *Attribute) *Attribute { return withMutability(a, ReadOnly) }

// immutable also marks everything below.
func immutable(a *Attribute) *Attribute { return withMutability(a, Immutable) }

func withMutability(a *Attribute, m Mutability) *Attribute {
	a.Mutability = m
	for _, s := range a.SubAttributes {
		withMutability(s, m)
	}
	return a
}

// newSchema binds the attributes of a schema; extension says that documents hold them under its URN.
func newSchema(id, name, description string, extension bool, attributes ...*Attribute) *Schema {
	urn, first := "", len(common)
	if extension {
		urn, first = id, 0
	}
	for i, a := range attributes {
		a.bind(nil, urn, first+i)
	}
	return &Schema{ID: id, Name: name, Description: description, Attributes: attributes}
}
