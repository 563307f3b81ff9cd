package tolerance

import "slices"

// Rule is the name of one deviation, as metrics and docs/compatibility.md show it.
type Rule string

// Info tells about one rule.
type Info struct {
	Rule    Rule
	Clients string // who needs it
	What    string // what is sent, and what is made of it
	Where   string // request part: body, patch, filter, header
}

// All returns every rule, sorted by where and name.
func All() []Info { return slices.Clone(rules) }

// rules is filled by the tables beside this file.
var rules = []Info{}
