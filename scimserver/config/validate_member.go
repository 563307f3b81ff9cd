package config

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Bounds of a rule's texts, in bytes.
const (
	maxPathBytes       = 2048
	maxExpressionBytes = 16 << 10
)

// member checks what makes members of users: all of it is for an application.
func (f *findings) member(t *Tenant) {
	if t.Application == nil {
		f.check(t.Mapping == nil, "mapping needs an application")
		f.check(t.Lifecycle.zero(), "lifecycle needs an application")
		return
	}
	f.application(t.Application)
	if t.Mapping != nil {
		f.attributeRules(t.Mapping.Attributes, t.Application)
		f.roleRule(t.Mapping.Role, t.Application)
	}
	f.lifecycle(t.Lifecycle, t.Application)
}

func (f *findings) attributeRules(list []AttributeRule, a *Application) {
	seen := map[string]bool{}
	for i, r := range list {
		f.check(slices.ContainsFunc(a.Fields, func(x Field) bool { return x.Name == r.Field }), "mapping.attributes[%d].field %.80q is no field of the application", i, r.Field)
		f.check(!seen[r.Field], "mapping.attributes[%d].field %.80q is repeated", i, r.Field)
		seen[r.Field] = true
		f.check(r.From == "" || r.Expression == "", "mapping.attributes[%d] has from and expression", i)
		f.check(r.From != "" || r.Expression != "" || r.Default != nil, "mapping.attributes[%d] has no from, expression or default", i)
		f.check(len(r.From) <= maxPathBytes && len(r.Expression) <= maxExpressionBytes, "mapping.attributes[%d] is too long", i)
		f.check(len(r.Values) <= MaxRoleValues, "mapping.attributes[%d]: %d values, at most %d", i, len(r.Values), MaxRoleValues)
		f.text("mapping: field "+r.Field, slices.Concat(slices.Collect(maps.Keys(r.Values)), slices.Collect(maps.Values(r.Values)))...)
	}
}

func (f *findings) roleRule(r *RoleRule, a *Application) {
	if r == nil {
		return
	}
	f.oneOf("mapping.role.order", r.Order, GroupsFirst, FromFirst)
	f.oneOf("mapping.role.unknown", r.Unknown, UseDefault, Reject)
	f.oneOf("mapping.role.assign", r.Assign, Always, OnCreate)
	f.check(len(r.From) <= maxPathBytes, "mapping.role.from is too long")
	f.check(r.Default == "" || a.hasRole(r.Default), "mapping.role.default %.80q is no role of the application", r.Default)
	f.check(len(r.Values) <= MaxRoleValues, "mapping.role: %d values, at most %d", len(r.Values), MaxRoleValues)
	for _, value := range slices.Sorted(maps.Keys(r.Values)) {
		f.check(a.hasRole(r.Values[value]), "mapping.role.values[%.80s] %.80q is no role of the application", value, r.Values[value])
	}
	f.check(len(r.Groups) <= MaxRoleGroups, "mapping.role: %d groups, at most %d", len(r.Groups), MaxRoleGroups)
	for i, g := range r.Groups {
		f.check(g.DisplayName != "", "mapping.role.groups[%d].displayName is missing", i)
		f.check(a.hasRole(g.Role), "mapping.role.groups[%d].role %.80q is no role of the application", i, g.Role)
	}
}

func (a *Application) hasRole(name string) bool { return slices.Contains(a.Roles, name) }

func (f *findings) lifecycle(l Lifecycle, a *Application) {
	f.oneOf("lifecycle.onCreate.action", l.OnCreate.Action, Create, None)
	f.check(l.OnCreate.Role == "" || l.OnCreate.Action == Create, "lifecycle.onCreate.role needs action Create")
	f.check(l.OnCreate.Role == "" || a.hasRole(l.OnCreate.Role), "lifecycle.onCreate.role %.80q is no role of the application", l.OnCreate.Role)
	f.offboarding("lifecycle.onDeactivate", l.OnDeactivate, a)
	f.reactivation("lifecycle.onReactivate", l.OnReactivate, a)
	f.offboarding("lifecycle.onDelete", l.OnDelete, a)
	f.oneOf("lifecycle.existingMember", l.ExistingMember, Reject, Adopt)
	if b := l.Brake; b != nil {
		f.check(b.Max > 0 && b.Max <= 1_000_000, "lifecycle.brake.max is %d, must be 1 to 1000000", b.Max)
		f.check(b.Per >= time.Minute && b.Per <= 720*time.Hour, "lifecycle.brake.per is %s, must be 1m to 720h", b.Per)
	}
	f.text("lifecycle.brakeRelease", l.BrakeRelease)
}

func (f *findings) offboarding(at string, o Offboarding, a *Application) {
	f.oneOf(at+".whenRefused", o.WhenRefused, Reject, Hold)
	if o.Action == Deactivate || o.Action == Remove || o.Action == None {
		f.check(len(o.Parameters) == 0, "%s: %s takes no parameters", at, o.Action)
		return
	}
	f.action(at, o.Action, o.Parameters, a, Deactivate, Remove, None)
}

func (f *findings) reactivation(at string, r Reactivation, a *Application) {
	if r.IsZero() || r.Action == Reactivate || r.Action == None {
		f.check(len(r.Parameters) == 0, "%s: %s takes no parameters", at, r.Action)
		return
	}
	f.action(at, r.Action, r.Parameters, a, Reactivate, None)
}

// action checks that the application has an action with such parameters. builtIn are what could stand in its place.
func (f *findings) action(at, action string, parameters map[string]string, a *Application, builtIn ...string) {
	i := slices.IndexFunc(a.Actions, func(x Action) bool { return x.Name == action })
	if i < 0 {
		f.add("%s.action %.80q is neither built in (%s) nor an action of the application", at, action, strings.Join(builtIn, ", "))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		known := slices.ContainsFunc(a.Actions[i].Parameters, func(p Parameter) bool { return p.Name == name })
		f.check(known, "%s.parameters: %s has no parameter %.80q", at, action, name)
		f.text(at+".parameters", parameters[name])
	}
	for _, p := range a.Actions[i].Parameters {
		f.check(!p.Required || parameters[p.Name] != "", "%s.parameters: %s needs the parameter %s", at, action, p.Name)
	}
}

func (l Lifecycle) zero() bool {
	offboarding := func(o Offboarding) bool { return o.Action == "" && len(o.Parameters) == 0 && o.WhenRefused == "" }
	return l.OnCreate == CreatePolicy{} && offboarding(l.OnDeactivate) && offboarding(l.OnDelete) && l.OnReactivate.IsZero() &&
		l.ExistingMember == "" && l.Brake == nil && l.BrakeRelease == ""
}
