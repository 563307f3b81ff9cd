package tolerance

import "slices"

// Log decides which deviations one request may use and remembers those it used. It is not safe for concurrent use.
type Log struct {
	strict  bool
	applied []Rule
	ignored []string
}

// maxIgnored bounds what a hostile body can make a Log remember.
const maxIgnored = 32

// Compatible allows every rule.
func Compatible() *Log { return &Log{} }

// Strict allows none.
func Strict() *Log { return &Log{strict: true} }

// Allow says whether a deviation is accepted, and records it if so. A nil Log is Strict.
func (l *Log) Allow(r Rule) bool {
	if l == nil || l.strict {
		return false
	}
	if !slices.Contains(l.applied, r) {
		l.applied = append(l.applied, r)
	}
	return true
}

// Ignore is Allow for input that is left out; it records which attribute that was.
func (l *Log) Ignore(r Rule, attribute string) bool {
	if !l.Allow(r) {
		return false
	}
	l.LeaveOut(attribute)
	return true
}

// LeaveOut records what is left out by a choice of the tenant, which is no deviation.
func (l *Log) LeaveOut(attribute string) {
	if l == nil {
		return
	}
	if len(l.ignored) < maxIgnored && len(attribute) <= 256 && !slices.Contains(l.ignored, attribute) {
		l.ignored = append(l.ignored, attribute)
	}
}

// IsStrict says whether the RFCs hold to the letter.
func (l *Log) IsStrict() bool { return l == nil || l.strict }

// Applied returns the rules used, each once, in the order of first use.
func (l *Log) Applied() []Rule {
	if l == nil {
		return nil
	}
	return slices.Clone(l.applied)
}

// Ignored returns the paths of attributes that were left out (at most 32), never their values.
func (l *Log) Ignored() []string {
	if l == nil {
		return nil
	}
	return slices.Clone(l.ignored)
}
