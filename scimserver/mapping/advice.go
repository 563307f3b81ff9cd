package mapping

import (
	"regexp"
	"strings"
	"sync"
)

// messages of CEL that are explained, compiled when there is one.
type messages struct{ undeclared, undefined, noOverload, noSelection *regexp.Regexp }

var forms = sync.OnceValue(func() messages {
	return messages{
		undeclared:  regexp.MustCompile(`^undeclared reference to '([^']*)'`),
		undefined:   regexp.MustCompile(`^undefined field '(.*)'$`),
		noOverload:  regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'$`),
		noSelection: regexp.MustCompile(`^type '(.*)' does not support field selection$`),
	}
})

// claimsAdvice is for conditions over claims.
func claimsAdvice(_, message string) (better, suggestion string) {
	if m := forms().undeclared.FindStringSubmatch(message); m != nil {
		return "there is no variable or function " + m[1], "write claims." + m[1] + " for a claim"
	}
	return plainer(message)
}

// plainer says what CEL says in the words of the documentation.
func plainer(message string) (better, suggestion string) {
	if m := forms().noOverload.FindStringSubmatch(message); m != nil {
		return operands(m[1], m[2])
	}
	if rest, ok := strings.CutPrefix(message, "Syntax error: "); ok {
		rest, _, _ = strings.Cut(rest, " expecting ")
		return "syntax error: " + strings.ReplaceAll(rest, "'<EOF>'", "end of the expression"), ""
	}
	return message, ""
}

// operands explains an operator or function that doesn't take what it gets.
func operands(function, args string) (better, suggestion string) {
	name := strings.Trim(strings.ReplaceAll(function, "_", " "), " ")
	better = "the function " + function + " does not take " + args
	if strings.HasPrefix(function, "_") || strings.HasPrefix(function, "!") || strings.HasPrefix(function, "-") {
		better = "the operator " + name + " does not take " + args
	}
	switch {
	case strings.Contains(args, "optional_type("):
		return better, `a value behind .? is optional: end it with .orValue("")`
	case strings.Contains(args, "list("):
		return better, "one of them is a list: take a value of it with [?0], or use exists, filter or join"
	case name == "+" && strings.Contains(args, "string"):
		return better, "write string(…) around what is no string"
	case strings.Contains(args, shapePrefix):
		return better, "one of them has sub-attributes: choose one, as in .value"
	}
	return better, ""
}
