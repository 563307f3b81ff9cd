package mapping

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// maxResult is the length in bytes of what a function of strings may give. It is known before the memory is taken: a user's
// attributes can be long, and replace and join multiply lengths.
const maxResult = 256 << 10

var errResult = errors.New("the result of a function is too long")

// stringFunctions are those of the CEL extension for strings whose results can be bounded; names and meanings are the same.
func stringFunctions() []cel.EnvOption {
	text, number, list := cel.StringType, cel.IntType, cel.ListType(cel.StringType)
	return []cel.EnvOption{
		member("charAt", "string_char_at_int", text, charAt, text, number),
		member("indexOf", "string_index_of_string", number, indexOf, text, text),
		member("indexOf", "string_index_of_string_int", number, indexOf, text, text, number),
		member("lastIndexOf", "string_last_index_of_string", number, lastIndexOf, text, text),
		member("join", "list_join", text, join, list),
		member("join", "list_join_string", text, join, list, text),
		member("lowerAscii", "string_lower_ascii", text, eachRune(unicode.ToLower), text),
		member("upperAscii", "string_upper_ascii", text, eachRune(unicode.ToUpper), text),
		member("replace", "string_replace_string_string", text, replace, text, text, text),
		member("replace", "string_replace_string_string_int", text, replace, text, text, text, number),
		member("reverse", "string_reverse", text, reverse, text),
		member("split", "string_split_string", list, split, text, text),
		member("split", "string_split_string_int", list, split, text, text, number),
		member("substring", "string_substring_int", text, substring, text, number),
		member("substring", "string_substring_int_int", text, substring, text, number, number),
		member("trim", "string_trim", text, trim, text),
	}
}

// member declares a function that is called on its first argument.
func member(name, overload string, result *cel.Type, f func([]ref.Val) ref.Val, args ...*cel.Type) cel.EnvOption {
	return cel.Function(name, cel.MemberOverload(overload, args, result, cel.FunctionBinding(func(args ...ref.Val) ref.Val { return f(args) })))
}

func text(v ref.Val) string { return string(v.(types.String)) }

// optional is the i-th argument, or otherwise where it is not given.
func optional(args []ref.Val, i int, otherwise int64) int64 {
	if i < len(args) {
		return int64(args[i].(types.Int))
	}
	return otherwise
}

func charAt(args []ref.Val) ref.Val {
	s, i := text(args[0]), int64(args[1].(types.Int))
	if n := int64(utf8.RuneCountInString(s)); i < 0 || i > n {
		return outOfRange(i)
	} else if i == n {
		return types.String("")
	}
	at := offset(s, i)
	_, size := utf8.DecodeRuneInString(s[at:])
	return types.String(s[at : at+size])
}

func outOfRange(i int64) ref.Val { return types.NewErr("index out of range: %d", i) }

// offset is the byte at which the n-th character begins; there must be as many.
func offset(s string, n int64) int {
	at := 0
	for ; n > 0; n-- {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return at
}

func indexOf(args []ref.Val) ref.Val {
	s, sub, from := text(args[0]), text(args[1]), optional(args, 2, 0)
	n := int64(utf8.RuneCountInString(s))
	switch {
	case from < 0:
		return outOfRange(from)
	case from > n:
		from = n
	}
	at := offset(s, from)
	i := strings.Index(s[at:], sub)
	if i < 0 {
		return types.Int(-1)
	}
	return types.Int(from + int64(utf8.RuneCountInString(s[at:at+i])))
}

func lastIndexOf(args []ref.Val) ref.Val {
	s := text(args[0])
	i := strings.LastIndex(s, text(args[1]))
	if i < 0 {
		return types.Int(-1)
	}
	return types.Int(utf8.RuneCountInString(s[:i]))
}

func join(args []ref.Val) ref.Val {
	separator, total := "", 0
	if len(args) > 1 {
		separator = text(args[1])
	}
	var parts []string
	for it := args[0].(traits.Lister).Iterator(); it.HasNext() == types.True; {
		part, ok := it.Next().(types.String)
		if !ok {
			return types.NewErr("join: the list holds something else than strings")
		}
		if total += len(part) + len(separator); total > maxResult+len(separator) {
			return types.WrapErr(errResult)
		}
		parts = append(parts, string(part))
	}
	return types.String(strings.Join(parts, separator))
}

// eachRune changes the ASCII letters.
func eachRune(change func(rune) rune) func([]ref.Val) ref.Val {
	return func(args []ref.Val) ref.Val {
		return types.String(inASCII(text(args[0]), change))
	}
}

func inASCII(s string, change func(rune) rune) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return r
		}
		return change(r)
	}, s)
}

func replace(args []ref.Val) ref.Val {
	s, before, after, most := text(args[0]), text(args[1]), text(args[2]), int(optional(args, 3, -1))
	if most < 0 {
		most = strings.Count(s, before)
	}
	most = min(most, strings.Count(s, before))
	if grown := len(after) - len(before); grown > 0 && most > (maxResult-min(len(s), maxResult))/grown {
		return types.WrapErr(errResult)
	}
	return types.String(strings.Replace(s, before, after, most))
}

func reverse(args []ref.Val) ref.Val {
	s := text(args[0])
	out := make([]byte, len(s))
	for at, end := 0, len(s); at < len(s); {
		_, size := utf8.DecodeRuneInString(s[at:])
		end -= size
		copy(out[end:], s[at:at+size])
		at += size
	}
	return types.String(out)
}

func split(args []ref.Val) ref.Val {
	s, separator, most := text(args[0]), text(args[1]), int(optional(args, 2, -1))
	if most < 0 {
		most = maxListed + 1
	}
	parts := strings.SplitN(s, separator, min(most, maxListed+1))
	if len(parts) > maxListed {
		return types.WrapErr(errResult)
	}
	return types.NewStringList(adapter{}, parts)
}

func substring(args []ref.Val) ref.Val {
	s, from := text(args[0]), int64(args[1].(types.Int))
	n := int64(utf8.RuneCountInString(s))
	to := optional(args, 2, n)
	switch {
	case from < 0 || from > n:
		return outOfRange(from)
	case to < from || to > n:
		return outOfRange(to)
	}
	at := offset(s, from)
	return types.String(s[at : at+offset(s[at:], to-from)])
}

func trim(args []ref.Val) ref.Val { return types.String(strings.TrimSpace(text(args[0]))) }

// charges counts what functions of strings read and write; CEL knows the cost of its own.
type charges struct{}

// CallCost implements cost.ActualCostEstimator.
func (charges) CallCost(_, overload string, args []ref.Val, result ref.Val) *uint64 {
	if !strings.HasPrefix(overload, "string_") && !strings.HasPrefix(overload, "list_join") {
		return nil
	}
	cost := 1 + size(result)/10
	for _, a := range args {
		cost += size(a) / 10
	}
	return &cost
}

func size(v ref.Val) uint64 {
	switch v := v.(type) {
	case types.String:
		return uint64(len(v))
	case traits.Lister:
		n, _ := v.Size().(types.Int)
		return 10 * uint64(max(n, 0))
	default:
		return 0
	}
}
