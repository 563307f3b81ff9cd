package admission

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// errs collects what is wrong with one object.
type errs struct{ list field.ErrorList }

// check adds an error with the message, unless ok. The message is that of the schema's rule.
func (e *errs) check(ok bool, at *field.Path, value any, message string) {
	if !ok {
		e.list = append(e.list, field.Invalid(at, value, message))
	}
}

// whole is check for a value that is not worth showing.
func (e *errs) whole(ok bool, at *field.Path, message string) {
	e.check(ok, at, field.OmitValueType{}, message)
}

func (e *errs) required(given bool, at *field.Path) {
	if !given {
		e.list = append(e.list, field.Required(at, ""))
	}
}

// length counts characters, as the schema does.
func (e *errs) length(value string, at *field.Path, most int) {
	if utf8.RuneCountInString(value) > most {
		e.list = append(e.list, field.TooLong(at, "", most))
	}
}

// once refuses what is among the seen, to which it adds the value.
func (e *errs) once(seen map[string]bool, value string, at *field.Path) {
	if seen[value] {
		e.list = append(e.list, field.Duplicate(at, value))
	}
	seen[value] = true
}

func (e *errs) items(n int, at *field.Path, most int) {
	if n > most {
		e.list = append(e.list, field.TooMany(at, n, most))
	}
}

// matches checks a text by its form.
func (e *errs) matches(form *regexp.Regexp, value string, at *field.Path, message string) {
	e.check(form.MatchString(value), at, value, message)
}

// oneOf checks the value of an enumeration.
func oneOf[T ~string](e *errs, value T, at *field.Path, allowed ...T) {
	if !slices.Contains(allowed, value) {
		e.list = append(e.list, field.NotSupported(at, value, allowed))
	}
}

// within checks a number that was given.
func within[T cmp.Ordered](e *errs, value *T, at *field.Path, least, most T, message string) {
	if value != nil {
		e.check(*value >= least && *value <= most, at, *value, message)
	}
}

// distinct tells whether no name comes twice; upper and lower case are the same.
func distinct[T any](list []T, name func(T) string) bool {
	seen := make(map[string]bool, len(list))
	for _, item := range list {
		key := strings.ToLower(name(item))
		if seen[key] {
			return false
		}
		seen[key] = true
	}
	return true
}
