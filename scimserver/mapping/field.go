package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
)

// table translates values, by their folded form; one that is not in it stands for itself.
type table map[string]string

func (t table) translate(r raw) raw {
	if len(t) == 0 || r.blank() {
		return r
	}
	if r.kind == aList {
		out := raw{kind: aList}
		for _, s := range r.list {
			out.list = append(out.list, t.one(rawText(s)).texts()...)
		}
		return out
	}
	return t.one(r)
}

func (t table) one(r raw) raw {
	if to, ok := t[filter.Fold(r.text)]; ok {
		return rawText(to)
	}
	return r
}

// has tells whether a value is translated.
func (t table) has(r raw) bool {
	for _, s := range r.texts() {
		if _, ok := t[filter.Fold(s)]; ok {
			return true
		}
	}
	return false
}

// fieldRule fills one field of the member.
type fieldRule struct {
	at         string // its place in the mapping; empty: no rule
	name       string
	typ        Type
	required   bool
	path       *path
	expression *expression
	values     table
	fallback   Value
	hasDefault bool
}

// source names where the value comes from.
func (f *fieldRule) source() string {
	switch {
	case f.path != nil:
		return f.path.text
	case f.expression != nil:
		return f.expression.text
	default:
		return ""
	}
}

func (f *fieldRule) where() string {
	if f.expression != nil {
		return f.at + ".expression"
	}
	return f.at + ".from"
}

// fill gives the field's value.
func (f *fieldRule) fill(ev *evaluation) (Value, *Rejection) {
	v, rejected := f.fromSource(ev)
	if rejected != nil || v.Set {
		return v, rejected
	}
	if f.hasDefault {
		v = f.fallback
		if ev.explain {
			ev.note(Step{Rule: f.at + ".default", Field: f.name, Found: presence(v), Result: Text{Text: v.plain()}, Note: "the default is taken, since the source has no value"})
		}
	}
	if f.required && !v.Set {
		return v, f.missing()
	}
	return v, nil
}

func presence(v Value) Found {
	if v.Set {
		return Present
	}
	return Blank
}

// fromSource reads, translates and converts.
func (f *fieldRule) fromSource(ev *evaluation) (Value, *Rejection) {
	none := Value{Field: f.name, Type: f.typ}
	if f.path == nil && f.expression == nil {
		return none, nil
	}
	r, found, failure := f.read(ev)
	if failure != nil {
		rejected := f.failed(failure)
		f.explain(ev, found, rawText(failure.Error()), none, rejected)
		return none, rejected
	}
	v, reason := convert(f.name, f.typ, f.values.translate(r))
	if reason != "" {
		rejected := f.refuse(reason)
		f.explain(ev, found, r, none, rejected)
		return none, rejected
	}
	f.explain(ev, found, r, v, nil)
	return v, nil
}

// explain tells what the source gave and what became of it.
func (f *fieldRule) explain(ev *evaluation, found Found, r raw, v Value, rejected *Rejection) {
	if !ev.explain {
		return
	}
	step := Step{Rule: f.where(), Field: f.name, Source: f.source(), Found: found, Value: r.personal(), Result: Text{Text: v.plain(), Personal: true}}
	switch {
	case rejected != nil:
		step.Note = rejected.Summary
	case f.values.has(r):
		step.Note = "translated by values"
	case f.expression != nil:
		step.Note = f.expression.absent(&ev.in)
	}
	ev.note(step)
}

func (f *fieldRule) read(ev *evaluation) (raw, Found, error) {
	if f.path != nil {
		r, found := f.path.read(&ev.in)
		return r, found, nil
	}
	return f.expression.read(ev)
}

// missing is the rejection of a user without a value for a required field.
func (f *fieldRule) missing() *Rejection {
	text := fmt.Sprintf("the application needs a value for %q, and the user has none", f.name)
	switch {
	case f.path != nil:
		text = fmt.Sprintf("the application needs %q, and the user has no value for %s: give the user one, or map that attribute", f.name, f.path.text)
	case f.expression != nil:
		text = fmt.Sprintf("the application needs %q, and the user has none of the values it is made of: ask the administrator of the mapping which ones", f.name)
	}
	return &Rejection{Reason: RequiredField, Field: f.name, Detail: text, Summary: text}
}

// refuse is the rejection of a value that the field cannot hold.
func (f *fieldRule) refuse(reason Reason) *Rejection {
	of := "the mapping's expression"
	if f.path != nil {
		of = f.path.text
	}
	text := fmt.Sprintf("the value of %s is not %s, as the field %q must be: correct the value, or the mapping", of, wanted[f.typ], f.name)
	if reason == TooLarge {
		text = fmt.Sprintf("the value of %s is too large for the field %q: at most %d bytes, and %d values in a list", of, f.name, MaxTextBytes, MaxEntries)
	}
	return &Rejection{Reason: reason, Field: f.name, Detail: text, Summary: text}
}

// failed is the rejection of a user for whom the expression has no result.
func (f *fieldRule) failed(err error) *Rejection {
	if tooExpensive(err) {
		text := fmt.Sprintf("the expression of the field %q takes too much for this user: simplify it", f.name)
		return &Rejection{Reason: CostLimit, Field: f.name, Detail: text, Summary: text}
	}
	text := fmt.Sprintf("the expression of the field %q failed for this user: let it handle every value that users have", f.name)
	if why := err.Error(); slices.Contains(plainFailures, why) {
		text += " (" + why + ")"
	}
	return &Rejection{Reason: ExpressionFailed, Field: f.name, Detail: text, Summary: text}
}

// plainFailures are errors of CEL that hold no value of the user.
var plainFailures = []string{"division by zero", "modulus by zero", "integer overflow", "unsigned integer overflow", "no such overload"}

// plain is the value as text for people.
func (v Value) plain() string {
	if v.Type == StringList {
		return strings.Join(v.List, ", ")
	}
	return v.Text
}

// personal is what a source gave, as text.
func (r raw) personal() Text {
	return Text{Text: strings.Join(r.texts(), ", "), Personal: true}
}
