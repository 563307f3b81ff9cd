package mapping

import "github.com/scim-operator/scim-operator/scimserver/scim/resource"

// Input is what one user is mapped by. It is only read.
type Input struct {
	// User is the canonical document, and its id where NeedsID.
	User *resource.Object
	// Groups are the display names of the user's groups, direct and indirect; only read where NeedsGroups.
	Groups []string
	// Meta is of the user; only read where NeedsMeta.
	Meta resource.Meta
	// Current is the user's member, nil where there is none yet.
	Current *Current
	// Room is memory for Outcome.Fields, whose contents count for nothing; nil: there is none.
	Room []Value
}

// Current is what the mapping asks of a member that exists.
type Current struct{ Role string }

// Outcome is what a user is mapped to. With a Rejection nothing else of it counts but Steps.
type Outcome struct {
	// Fields are in the order of the application's fields; all of them are there.
	Fields []Value
	// Role is one of the application's roles as it spells them, or empty: no role.
	Role string
	// Steps are filled by Explain alone: the role's, then one or more for each field.
	Steps []Step
	// Rejection is why the user cannot be a member, nil if it can.
	Rejection *Rejection
}

// Reason is why a user cannot be mapped.
type Reason string

// The reasons.
const (
	UnknownRole      Reason = "UnknownRole"      // the source names no role of the application
	RequiredField    Reason = "RequiredField"    // a required field has no value
	WrongType        Reason = "WrongType"        // the value is not of the field's type
	TooLarge         Reason = "TooLarge"         // the value is larger than MaxTextBytes or MaxEntries
	ExpressionFailed Reason = "ExpressionFailed" // the expression ended with an error
	CostLimit        Reason = "CostLimit"        // the expression costs or takes too much for this user
)

// Rejection is why a user cannot be a member, and what to do.
type Rejection struct {
	Reason Reason
	// Field is the member field, or "role".
	Field string
	// Detail is for the identity provider, which sent the value: it may show it.
	Detail string
	// Summary says the same without any value of the user, for logs, conditions and events.
	Summary string
}

// Found says what a rule's source held.
type Found string

// What a source can hold. Blank is a value that counts as missing: null, empty or only white space.
const (
	Present Found = "present"
	Blank   Found = "blank"
	Missing Found = "missing"
	Failed  Found = "failed"
	Unread  Found = "" // the rule was not needed
)

// Text is a value in a Step.
type Text struct {
	Text string
	// Personal: it comes from the user. Texts of the configuration are not.
	Personal bool
}

// Step is what one rule did for a user.
type Step struct {
	// Rule is its place in the mapping: attributes[2], role.from, role.groups[0], role.default, role.assign.
	Rule string
	// Field is the member field, or "role".
	Field string
	// Source is the path, the expression or the group that was asked; empty for a default.
	Source string
	Found  Found
	// Value is what the source held, as text; a StringList's entries are joined by commas. Where it Failed, it is the error.
	Value Text
	// Result is what the rule gave; empty where it gave nothing.
	Result Text
	// Note says what was decided and why, without values of the user.
	Note string
}

// mask stands for a personal value.
const mask = "•••"

// Masked is the step without what comes from the user.
func (s Step) Masked() Step {
	s.Value, s.Result = s.Value.masked(), s.Result.masked()
	return s
}

func (t Text) masked() Text {
	if t.Personal && t.Text != "" {
		t.Text = mask
	}
	return t
}
