package tolerance

import "slices"

// Rule is the name of one deviation, as metrics and docs/compatibility.md show it.
type Rule string

// Info tells about one rule.
type Info struct {
	Rule    Rule
	Clients string // who is known to need it
	What    string // what is sent, and what is made of it
	Where   string // the part of the request: body, patch, filter, paging or header
}

// All returns every rule, by part of the request.
func All() []Info { return slices.Concat(headerRules, filterRules, pagingRules, bodyRules, patchRules) }
