package mapping

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// path compiles a SCIM path; nil where there are errors, which are added, and in a loose compilation where it belongs to an
// extension that is not known. many: the field takes a list.
func (c *compiler) path(field, text string, many bool) *path {
	parsed, err := filter.ParsePath(text, c.user, nil)
	if err != nil {
		if !c.excused(text, err) {
			c.pathError(field, text, err)
		}
		return nil
	}
	p := &path{text: text, attr: parsed.Path.Attr, sub: parsed.Path.Sub, filter: parsed.Filter, many: many}
	switch {
	case parsed.URN != "":
		c.errs.at(field, 1, 1, "name one of its attributes, as in "+text+":"+c.exampleOf(parsed.URN), "%q is a whole extension", text)
	case p.attr.Returned == schema.Never:
		c.errs.at(field, 1, 1, "map another attribute", "%s is never stored, so that a mapping cannot read it", p.attr.FullName())
	case p.attr.Linked():
		return c.groupsPath(field, p)
	case p.attr.Name == "meta" && p.attr.Extension() == "":
		p.of = inMeta
		return c.simple(field, p)
	default:
		return c.simple(field, p)
	}
	return nil
}

// excused tells whether a path may be right although it isn't known here.
func (c *compiler) excused(text string, err error) bool {
	if !c.loose || !errors.Is(err, filter.ErrNotInForce) {
		return false
	}
	urn, _, _ := strings.Cut(text, "[")
	if i := strings.LastIndexByte(urn, ':'); i >= 0 {
		urn = urn[:i]
	}
	_, known := c.user.Extension(urn)
	return !known
}

// groupsPath: only the names of groups are known, and of several none is the first.
func (c *compiler) groupsPath(field string, p *path) *path {
	switch {
	case p.filter != nil || p.sub != nil && p.sub.Name != "display":
		c.errs.at(field, 1, 1, "write groups.display", "of groups a mapping can read the names alone")
	case !p.many && field != "role.from":
		c.errs.at(field, 1, 1, `give the field the type StringList, or use an expression, as in "Admins" in groups ? "yes" : "no"`,
			"a user can be in many groups, and the field takes one value")
	case !p.many:
		c.errs.at(field, 1, 1, "list the groups under role.groups", "a user can be in many groups, and has one role")
	default:
		p.of = inGroups
		c.program.needsGroups = true
		return p
	}
	return nil
}

// simple chooses the sub-attribute that a complex attribute stands for.
func (c *compiler) simple(field string, p *path) *path {
	if p.of == inMeta {
		c.program.needsMeta = true
	}
	c.program.needsID = c.program.needsID || p.attr.Name == idAttribute
	if p.sub != nil || p.attr.Type != schema.Complex {
		return p
	}
	if p.sub = p.attr.Value(); p.sub != nil {
		return p
	}
	names := namesOf(p.attr.SubAttributes)
	c.errs.at(field, 1, 1, fmt.Sprintf("choose one of %s, as in %s.%s", strings.Join(names, ", "), p.text, names[0]), "%s has several parts", p.attr.FullName())
	return nil
}

func namesOf(list []*schema.Attribute) []string {
	var names []string
	for _, a := range list {
		names = append(names, a.Name)
	}
	return names
}

func (c *compiler) exampleOf(urn string) string {
	if e, ok := c.user.Extension(urn); ok && len(e.Schema.Attributes) > 0 {
		return e.Schema.Attributes[0].Name
	}
	return "attribute"
}

// pathError says what is wrong with a path, and what to write.
func (c *compiler) pathError(field, text string, err error) {
	message := err.Error()
	if e := (*scimerr.Error)(nil); errors.As(err, &e) {
		message = e.Detail
	}
	column, suggestion := 1, ""
	switch {
	case strings.ContainsRune(text, '\''):
		column, suggestion = characters(text, strings.IndexByte(text, '\'')), `texts in a path stand in double quotes: `+strings.ReplaceAll(text, "'", `"`)
	case strings.HasPrefix(text, "user.") || strings.HasPrefix(text, "user["):
		suggestion = "from is a SCIM path and begins with an attribute: " + strings.TrimPrefix(text, "user.") + "; CEL goes under expression"
	case strings.ContainsAny(text, "+?(") && !strings.Contains(text, "["):
		suggestion = "from is a SCIM path; CEL goes under expression"
	case errors.Is(err, filter.ErrNoAttribute):
		column, message, suggestion = c.unknownAttribute(text)
	}
	c.errs.at(field, 1, column, suggestion, "%s", message)
}

func characters(text string, bytes int) int { return 1 + utf8.RuneCountInString(text[:bytes]) }

// unknownAttribute explains a path whose attribute is not there.
func (c *compiler) unknownAttribute(text string) (column int, message, suggestion string) {
	name, _, _ := strings.Cut(text, "[")
	at := strings.LastIndexByte(name, ':') + 1
	urn := strings.TrimSuffix(name[:at], ":")
	attr, sub, dotted := strings.Cut(name[at:], ".")
	list, label := c.user.Core.Attributes, "a user"
	if e, ok := c.user.Extension(urn); ok {
		list, label = e.Schema.Attributes, e.Schema.ID
	} else if urn != "" && !c.user.IsCore(urn) {
		return 1, fmt.Sprintf("the tenant has no schema extension %q", urn), c.nearestURN(urn)
	}
	if known := find(list, attr); known != nil {
		if !dotted {
			_, sub, _ = strings.Cut(text[strings.LastIndexByte(text, ']')+1:], ".")
		}
		at = strings.LastIndex(text, sub)
		return characters(text, at), fmt.Sprintf("%s has no sub-attribute %q", known.FullName(), sub), didYouMean(sub, namesOf(known.SubAttributes))
	}
	message = fmt.Sprintf("%s has no attribute %q", label, attr)
	if urn == "" {
		return characters(text, at), message, c.adviseAttribute(attr, dotted, sub)
	}
	return characters(text, at), message, didYouMean(attr, namesOf(list))
}

// adviseAttribute looks for an attribute everywhere.
func (c *compiler) adviseAttribute(attr string, dotted bool, sub string) string {
	for i := range c.user.Extensions {
		if a := c.user.Extensions[i].Lookup(attr); a != nil {
			if dotted {
				return fmt.Sprintf("write %s.%s", a.FullName(), sub)
			}
			return "write " + a.FullName()
		}
	}
	if usual, ok := usualNames[strings.ToLower(attr)]; ok && !dotted {
		return "it is called " + usual.path + " in SCIM"
	}
	return didYouMean(attr, c.userNames())
}

// usualNames are what directories and applications call attributes that SCIM calls otherwise, in lower case.
var usualNames = map[string]struct{ path, expression string }{
	"mail":        {"emails", "user.emails"},
	"email":       {"emails", "user.emails"},
	"firstname":   {"name.givenName", "user.name.givenName"},
	"givenname":   {"name.givenName", "user.name.givenName"},
	"lastname":    {"name.familyName", "user.name.familyName"},
	"surname":     {"name.familyName", "user.name.familyName"},
	"familyname":  {"name.familyName", "user.name.familyName"},
	"fullname":    {"displayName", "user.displayName"},
	"login":       {"userName", "user.userName"},
	"jobtitle":    {"title", "user.title"},
	"phone":       {"phoneNumbers", "user.phoneNumbers"},
	"mobile":      {`phoneNumbers[type eq "mobile"].value`, "user.phoneNumbers"},
	"mobilephone": {`phoneNumbers[type eq "mobile"].value`, "user.phoneNumbers"},
	"language":    {"preferredLanguage", "user.preferredLanguage"},
	"role":        {"roles", "user.roles"},
	"country":     {"addresses.country", "user.addresses"},
	"city":        {"addresses.locality", "user.addresses"},
	"enabled":     {"active", "user.active"},
}

// userNames are what paths and expressions may begin with.
func (c *compiler) userNames() []string {
	return append(namesOf(c.user.Core.Attributes), "id", "externalId", "meta")
}

func (c *compiler) nearestURN(urn string) string {
	var known []string
	for i := range c.user.Extensions {
		known = append(known, c.user.Extensions[i].Schema.ID)
	}
	if near := nearest(urn, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "declare it in spec.schemaExtensions of the tenant, or correct the URN"
}

func find(list []*schema.Attribute, name string) *schema.Attribute {
	for _, a := range list {
		if strings.EqualFold(a.Name, name) {
			return a
		}
	}
	return nil
}
