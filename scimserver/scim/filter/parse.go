package filter

import (
	"strings"
	"unicode/utf8"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// Limits bound a filter; a zero field takes its default.
type Limits struct {
	Length int // bytes, default 16 KiB
	Depth  int // nesting of parentheses, not and value paths, default 32
	Terms  int // comparisons, default 512
}

const (
	defaultLength = 16 << 10
	defaultDepth  = 32
	defaultTerms  = 512
)

func (l Limits) orDefaults() Limits {
	if l.Length <= 0 {
		l.Length = defaultLength
	}
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	if l.Terms <= 0 {
		l.Terms = defaultTerms
	}
	return l
}

// Parse reads a filter for resources of a type (RFC 7644 §3.4.2.2). Its error is 400 invalidFilter and names the attribute and position.
func Parse(text string, rt *schema.ResourceType, tol *tolerance.Log, lim Limits) (Expr, error) {
	return ParseAmong(text, rt, nil, tol, lim)
}

// ParseAmong is Parse for a search of several types: an attribute that only another type has is one without a value (RFC 7644 §3.4.2.1).
func ParseAmong(text string, rt *schema.ResourceType, others []*schema.ResourceType, tol *tolerance.Log, lim Limits) (Expr, error) {
	p := parser{text: text, rt: rt, others: others, tol: tol, lim: lim.orDefaults(), rules: filterRules}
	if err := p.checkText(); err != nil {
		return nil, err
	}
	p.spaces()
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.text) {
		return nil, p.fail("and, or or the end of the filter is expected")
	}
	return e, nil
}

// parser reads a filter, or the path of a PATCH operation, by recursive descent.
type parser struct {
	text   string
	pos    int
	rt     *schema.ResourceType
	others []*schema.ResourceType // where to look for attributes that rt lacks
	tol    *tolerance.Log
	lim    Limits
	rules  ruleSet
	value  *schema.Attribute // within a value filter: the attribute it is on
	patch  bool
}

// ruleSet are the deviations which have different names in filters and in PATCH paths.
type ruleSet struct{ bareExtension, single, legacy, dot tolerance.Rule }

var (
	filterRules = ruleSet{tolerance.FilterBareExtension, tolerance.FilterSinglePath, tolerance.FilterLegacyURN, tolerance.FilterURNDot}
	patchRules  = ruleSet{tolerance.PatchBareExtension, tolerance.PatchSingleFilter, tolerance.LegacyURN, tolerance.PatchURNDot}
)

func (p *parser) checkText() error {
	if len(p.text) > p.lim.Length {
		return scimerr.BadFilter("the filter is longer than %d bytes", p.lim.Length)
	}
	if !utf8.ValidString(p.text) || strings.IndexByte(p.text, 0) >= 0 {
		return scimerr.BadFilter("the filter is not valid UTF-8 text")
	}
	return nil
}

// fail is the error at the position.
func (p *parser) fail(format string, args ...any) error {
	return p.failAt(p.pos, format, args...)
}

func (p *parser) failAt(pos int, format string, args ...any) error {
	err := scimerr.BadFilter(format, args...)
	return scimerr.BadFilter("%s at position %d", err.Detail, pos)
}

func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

// spaces reads blanks and says whether there was one.
func (p *parser) spaces() bool {
	start := p.pos
	for p.peek() == ' ' {
		p.pos++
	}
	return p.pos > start
}

// keyword reads a word of any case between blanks or brackets.
func (p *parser) keyword(word string) bool {
	end := p.pos + len(word)
	if end > len(p.text) || !strings.EqualFold(p.text[p.pos:end], word) {
		return false
	}
	if end < len(p.text) && p.text[end] != ' ' && p.text[end] != '(' {
		return false
	}
	p.pos = end
	p.spaces()
	return true
}

// or binds least (RFC 7644 §3.4.2.2, table 5).
func (p *parser) or() (Expr, error) {
	left, err := p.and()
	for err == nil && p.keyword("or") {
		var right Expr
		if right, err = p.and(); err == nil {
			left = Or{left, right}
		}
	}
	return left, err
}

func (p *parser) and() (Expr, error) {
	left, err := p.term()
	for err == nil && p.keyword("and") {
		var right Expr
		if right, err = p.term(); err == nil {
			left = And{left, right}
		}
	}
	return left, err
}

// term reads a group, a negated group or an attribute expression, and the blanks behind.
func (p *parser) term() (Expr, error) {
	start := p.pos
	not := p.keyword("not") && p.peek() == '('
	if !not {
		p.pos = start
	}
	if !not && p.peek() != '(' {
		return p.attributeOfAny()
	}
	e, err := p.group(')')
	if err == nil && not {
		e = Not{e}
	}
	p.spaces()
	return e, err
}

// group reads an expression in brackets.
func (p *parser) group(closing byte) (Expr, error) {
	start := p.pos
	if p.lim.Depth--; p.lim.Depth < 0 {
		return nil, p.fail("nested too deeply")
	}
	p.pos++
	p.spaces()
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.peek() != closing {
		if p.pos < len(p.text) {
			return nil, p.fail("and, or or %q is expected", closing)
		}
		return nil, p.failAt(start, "%q is not closed", p.text[start])
	}
	p.pos++
	p.lim.Depth++
	return e, nil
}
