package mapping

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// Spec is what a mapping is compiled from. It is not changed, and must not change afterwards.
type Spec struct {
	Application *config.Application
	Mapping     *config.Mapping // nil: no rules
}

// Program is a compiled mapping. It is immutable and can be used by many at the same time.
type Program struct {
	fields      []fieldRule // in the order of the application's fields
	role        *roleRule   // nil: members have no role by mapping
	needsGroups bool
	needsMeta   bool
	needsID     bool
	loops       bool // an expression does
}

// NeedsGroups tells whether Map reads Input.Groups.
func (p *Program) NeedsGroups() bool { return p.needsGroups }

// NeedsMeta tells whether Map reads Input.Meta.
func (p *Program) NeedsMeta() bool { return p.needsMeta }

// NeedsID tells whether Map may read the user's id.
func (p *Program) NeedsID() bool { return p.needsID }

// compiler gathers a program and what is wrong with it.
type compiler struct {
	user        *schema.ResourceType
	application *config.Application // nil in a loose compilation
	loose       bool                // without application and tenant
	errs        Errors
	program     Program
	roles       map[string]string // by folded name
}

// Compile compiles a mapping for users of the registry and members of the application. The error is Errors: everything that
// is wrong, where, and what to write instead.
func Compile(spec Spec, reg *schema.Registry) (*Program, error) {
	if spec.Application == nil {
		return nil, errors.New("compile a mapping: no application")
	}
	c, err := newCompiler(reg)
	if err != nil {
		return nil, err
	}
	c.application, c.roles = spec.Application, map[string]string{}
	for _, r := range spec.Application.Roles {
		c.roles[filter.Fold(r)] = r
	}
	m := spec.Mapping
	if m == nil {
		m = &config.Mapping{}
	}
	c.unknownFields(m.Attributes)
	c.fields(m.Attributes)
	if m.Role != nil {
		c.program.role = c.role(m.Role)
	}
	if len(c.errs) > 0 {
		return nil, c.errs
	}
	return &c.program, nil
}

// Check finds what is wrong with a mapping whatever the tenant and the application are: syntax, attributes of RFC 7643, types
// that don't go together. The error is Errors. Attributes of other extensions, fields and roles are judged by Compile.
func Check(m *config.Mapping) error {
	reg, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		return err
	}
	c, err := newCompiler(reg)
	if err != nil {
		return err
	}
	c.loose = true
	for i := range m.Attributes {
		c.field(fmt.Sprintf("attributes[%d]", i), config.Field{Name: m.Attributes[i].Field}, &m.Attributes[i])
	}
	if m.Role != nil {
		c.role(m.Role)
	}
	return c.errs.orNil()
}

func newCompiler(reg *schema.Registry) (*compiler, error) {
	user, ok := reg.ResourceType("User")
	if !ok {
		return nil, errors.New("compile a mapping: the schemas have no users")
	}
	return &compiler{user: user}, nil
}

// unknownFields finds rules for fields that the application does not have.
func (c *compiler) unknownFields(rules []config.AttributeRule) {
	var names []string
	for _, f := range c.application.Fields {
		names = append(names, f.Name)
	}
	for i, r := range rules {
		if !slices.Contains(names, r.Field) {
			c.errs.add(fmt.Sprintf("attributes[%d].field", i), c.fieldAdvice(r.Field, names), "%s has no field %q", c.applicationName(), r.Field)
		}
		if slices.ContainsFunc(rules[:i], func(other config.AttributeRule) bool { return other.Field == r.Field }) {
			c.errs.add(fmt.Sprintf("attributes[%d].field", i), "remove one of them", "there are two rules for %q", r.Field)
		}
	}
}

func (c *compiler) fieldAdvice(field string, names []string) string {
	if near := didYouMean(field, names); near != "" {
		return near
	}
	if len(names) == 0 {
		return "add it to spec.memberFields of the application, or remove the rule"
	}
	return "its fields are " + someOf(names)
}

func (c *compiler) applicationName() string { return "application " + c.application.Name }

// someOf lists names, but not hundreds.
func someOf(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

// fields compiles the rule of each field of the application.
func (c *compiler) fields(rules []config.AttributeRule) {
	for _, f := range c.application.Fields {
		i := slices.IndexFunc(rules, func(r config.AttributeRule) bool { return r.Field == f.Name })
		switch {
		case i >= 0:
			c.program.fields = append(c.program.fields, c.field(fmt.Sprintf("attributes[%d]", i), f, &rules[i]))
		case f.Required:
			c.errs.add("attributes", fmt.Sprintf("add a rule with field: %s", f.Name), "%s requires the field %q, and no rule fills it", c.applicationName(), f.Name)
		default:
			t, _ := parseType(f.Type)
			c.program.fields = append(c.program.fields, fieldRule{name: f.Name, typ: t})
		}
	}
}

// field compiles one rule.
func (c *compiler) field(at string, f config.Field, r *config.AttributeRule) fieldRule {
	t, ok := parseType(f.Type)
	if !ok {
		c.errs.add(at+".field", "use String, Boolean, Integer, Decimal, DateTime or StringList", "the field %q has an unknown type %q", f.Name, f.Type)
	}
	out := fieldRule{name: f.Name, typ: t, required: f.Required, at: at}
	out.values = c.values(at+".values", r.Values)
	for _, key := range slices.Sorted(maps.Keys(r.Values)) {
		c.constant(fmt.Sprintf("%s.values[%s]", at, key), f.Name, t, r.Values[key])
	}
	if r.Default != nil {
		out.fallback, out.hasDefault = c.constant(at+".default", f.Name, t, *r.Default), true
	}
	switch {
	case r.From != "" && r.Expression != "":
		c.errs.add(at, "remove one of them", "has from and expression")
	case r.From != "":
		out.path = c.path(at+".from", r.From, c.loose || t == StringList)
	case r.Expression != "":
		out.expression = c.expression(at+".expression", r.Expression, t, len(r.Values) > 0)
	case r.Default == nil:
		c.errs.add(at, "give from, expression or default", "says nothing")
	}
	return out
}

// constant makes a value of the configuration one of the field's type.
func (c *compiler) constant(at, field string, t Type, text string) Value {
	v, reason := convert(field, t, rawText(text))
	switch {
	case c.loose: // the type is not known
	case reason == WrongType:
		c.errs.add(at, "write "+wanted[t], "%q is no %s", text, t)
	case reason != "":
		c.errs.add(at, "", "is longer than %d bytes", MaxTextBytes)
	}
	return v
}

// values makes a translation table. Values are compared without regard to case and white space around them.
func (c *compiler) values(at string, from map[string]string) table {
	if len(from) == 0 {
		return nil
	}
	out, seen := table{}, map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(from)) {
		folded := filter.Fold(strings.TrimSpace(key))
		if folded == "" {
			c.errs.add(at, "use default for blank values", "a value is blank")
			continue
		}
		if other, ok := seen[folded]; ok {
			c.errs.add(fmt.Sprintf("%s[%s]", at, key), "remove one of them", "is the same value as %q, since case does not matter", other)
		}
		seen[folded], out[folded] = key, strings.TrimSpace(from[key])
	}
	return out
}
