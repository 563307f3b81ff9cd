package schema

import (
	"fmt"
	"regexp"
	"strings"
)

// The limits of a declaration; names are short so that lookups need no memory.
const (
	maxURN        = 255
	maxNamespace  = 32 // of a URN (RFC 8141 section 2)
	maxName       = 64
	maxAttributes = 512 // of one extension, sub-attributes included
	maxSubs       = 64  // of one complex attribute
)

var (
	urnForm  = regexp.MustCompile(`^[Uu][Rr][Nn]:[A-Za-z0-9][A-Za-z0-9-]*:[A-Za-z0-9._:/+=@-]+$`)
	nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_$-]*$`)
)

// reserved are the URNs, or what they begin with, that a tenant cannot declare.
var reserved = []string{
	"urn:ietf:params:scim:schemas:core:", "urn:ietf:params:scim:api:", "urn:scim:schemas:",
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0",
}

type problems []error

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Errorf(format, args...)) }

func (p *problems) extension(i int, spec ExtensionSpec, groups bool, seen map[string]bool) {
	at := fmt.Sprintf("extension %q", spec.ID)
	if spec.ID == "" {
		at = fmt.Sprintf("extension %d", i)
	}
	p.urn(at, spec.ID, seen)
	switch {
	case spec.Resource == "Group" && !groups:
		p.add("%s: resource Group: groups are disabled", at)
	case spec.Resource != "User" && spec.Resource != "Group":
		p.add("%s: resource %q: use User or Group", at, spec.Resource)
	}
	if len(spec.Attributes) == 0 {
		p.add("%s: no attributes", at)
	}
	if n := count(spec.Attributes); n > maxAttributes {
		p.add("%s: %d attributes: at most %d", at, n, maxAttributes)
		return
	}
	p.attributes(at, spec.Attributes, nil)
}

func (p *problems) urn(at, id string, seen map[string]bool) {
	lower := strings.ToLower(id)
	if len(id) > maxURN || namespaceLength(id) > maxNamespace || !urnForm.MatchString(id) || strings.HasSuffix(id, ":") {
		p.add("%s: id: use a URN of at most %d characters, as urn:example:scim:schemas:extension:acme:2.0:User", at, maxURN)
		return
	}
	for _, prefix := range reserved {
		if strings.HasPrefix(lower, prefix) {
			p.add("%s: id: the URN is reserved", at)
			return
		}
	}
	for other := range seen {
		if lower == other || strings.HasPrefix(lower, other+":") || strings.HasPrefix(other, lower+":") {
			p.add("%s: id: the same as, or below, that of another extension", at)
			return
		}
	}
	seen[lower] = true
}

// namespaceLength is that of the namespace identifier, between the first two colons.
func namespaceLength(urn string) int {
	_, rest, _ := strings.Cut(urn, ":")
	namespace, _, _ := strings.Cut(rest, ":")
	return len(namespace)
}

func (p *problems) attributes(at string, list []*Attribute, parent *Attribute) {
	seen := map[string]bool{}
	for i, a := range list {
		if a == nil {
			p.add("%s: attribute %d is empty", at, i)
			continue
		}
		here := fmt.Sprintf("%s: attribute %q", at, a.Name)
		lower := strings.ToLower(a.Name)
		if seen[lower] {
			p.add("%s: declared twice (case does not matter)", here)
		}
		seen[lower] = true
		p.name(here, a, parent)
		p.shape(here, a, parent)
		p.mutability(here, a, parent)
	}
}

func (p *problems) name(here string, a, parent *Attribute) {
	ref := parent != nil && a.Name == "$ref"
	if !ref && (len(a.Name) > maxName || !nameForm.MatchString(a.Name)) {
		p.add("%s: name: use a letter, then letters, digits, _, $ or -, at most %d in all", here, maxName)
	}
}

func (p *problems) shape(here string, a, parent *Attribute) {
	if !a.known() {
		p.add("%s: a characteristic is unknown", here)
		return
	}
	switch {
	case a.Type != Complex && len(a.SubAttributes) > 0:
		p.add("%s: only an attribute of type complex has sub-attributes", here)
	case a.Type == Complex && parent != nil:
		p.add("%s: a sub-attribute cannot be complex", here)
	case len(a.SubAttributes) > maxSubs:
		p.add("%s: %d sub-attributes: at most %d", here, len(a.SubAttributes), maxSubs)
	case a.Type == Complex && len(a.SubAttributes) == 0:
		p.add("%s: a complex attribute needs sub-attributes", here)
	case a.Type == Complex:
		p.attributes(here, a.SubAttributes, a)
	}
	if a.Uniqueness != None && (a.Type == Complex || a.Type == Boolean) {
		p.add("%s: values of type %s cannot be unique", here, a.Type)
	}
}

// known says whether the characteristics have a keyword.
func (a *Attribute) known() bool {
	return int(a.Type) < len(typeNames) && int(a.Mutability) < len(mutabilityNames) &&
		int(a.Returned) < len(returnedNames) && int(a.Uniqueness) < len(uniquenessNames)
}

func (p *problems) mutability(here string, a, parent *Attribute) {
	if a.Required && a.Mutability == ReadOnly {
		p.add("%s: required, but readOnly: no client could send it", here)
	}
	if a.Required && a.Returned == Never {
		p.add("%s: required, but never returned: nobody could tell whether it is there", here)
	}
	if parent != nil && a.Returned == Never {
		p.add("%s: a sub-attribute cannot be returned never: make the whole attribute so", here)
	}
	if a.Mutability == WriteOnly && a.Returned != Never {
		p.add("%s: writeOnly: returned must be never", here)
	}
}

// count counts an attribute tree; it stops to matter above the limit.
func count(list []*Attribute) int {
	n := len(list)
	for _, a := range list {
		if a != nil {
			n += len(a.SubAttributes)
		}
	}
	return n
}
