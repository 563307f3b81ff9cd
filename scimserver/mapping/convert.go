package mapping

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

// wanted says of each type what a value must be.
var wanted = [...]string{
	String:     "a text",
	Boolean:    "true or false",
	Integer:    "a whole number of 64 bits",
	Decimal:    "a number",
	DateTime:   "a date and time as 2008-01-23T04:56:22Z",
	StringList: "a text or a list of texts",
}

// convert makes a value of a type; the reason is WrongType or TooLarge where it can't, and empty where it can. What is blank
// gives no value.
func convert(field string, t Type, r raw) (Value, Reason) {
	v := Value{Field: field, Type: t}
	if r.blank() {
		return v, ""
	}
	if t == StringList {
		return v.setList(r)
	}
	if r.kind == aList && len(r.list) == 1 {
		r = rawText(r.list[0])
	}
	if r.kind == aList || r.kind == somethingElse {
		return v, WrongType
	}
	if len(r.text) > MaxTextBytes {
		return v, TooLarge
	}
	text, ok := canonical(t, r)
	if !ok {
		return v, WrongType
	}
	v.Text, v.Set = text, true
	return v, ""
}

func (v Value) setList(r raw) (Value, Reason) {
	if r.kind == somethingElse {
		return v, WrongType
	}
	list := r.texts()
	if len(list) > MaxEntries {
		return v, TooLarge
	}
	for _, s := range list {
		if len(s) > MaxTextBytes {
			return v, TooLarge
		}
		if !utf8.ValidString(s) {
			return v, WrongType
		}
	}
	v.List, v.Set = list, len(list) > 0
	return v, ""
}

// canonical is the text of a scalar value.
func canonical(t Type, r raw) (string, bool) {
	switch t {
	case Boolean:
		b, ok := resource.ParseBool(r.text)
		return strconv.FormatBool(b), ok && r.kind != aNumber
	case Integer:
		i, ok := integer(r.text)
		return strconv.FormatInt(i, 10), ok
	case Decimal:
		return decimal(r.text)
	case DateTime:
		return instant(r.text)
	default:
		return r.text, utf8.ValidString(r.text)
	}
}

// integer reads a JSON number that is whole: 5, 5.0 and 5e0 are the same.
func integer(s string) (int64, bool) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil && s[0] != '+' {
		return i, true
	}
	s, ok := decimal(s)
	if !ok {
		return 0, false
	}
	i, err := strconv.ParseInt(s, 10, 64)
	return i, err == nil
}

// maxDigits of a decimal number, before and behind the point.
const maxDigits = 64

// decimal writes a JSON number without exponent, and without zeros that say nothing, so that equal numbers are equal texts.
func decimal(s string) (string, bool) {
	digits, exponent, negative, ok := scan(s)
	if !ok {
		return "", false
	}
	digits = strings.TrimLeft(digits, "0")
	for strings.HasSuffix(digits, "0") {
		digits, exponent = digits[:len(digits)-1], exponent+1
	}
	if digits == "" {
		return "0", true
	}
	before := len(digits) + exponent // digits before the point
	if before > maxDigits || -exponent > maxDigits {
		return "", false
	}
	switch {
	case exponent >= 0:
		digits += strings.Repeat("0", exponent)
	case before > 0:
		digits = digits[:before] + "." + digits[before:]
	default:
		digits = "0." + strings.Repeat("0", -before) + digits
	}
	if negative {
		digits = "-" + digits
	}
	return digits, true
}

// scan reads a JSON number (RFC 8259 section 6), perhaps with zeros before it, as digits times a power of ten.
func scan(s string) (digits string, exponent int, negative, ok bool) {
	s, negative = strings.CutPrefix(s, "-")
	mantissa, power, found := s, "", false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, power, found = s[:i], strings.TrimPrefix(s[i+1:], "+"), true
	}
	if found {
		n, err := strconv.Atoi(power)
		if err != nil || math.Abs(float64(n)) > 1000 || strings.HasPrefix(power, "+") {
			return "", 0, false, false
		}
		exponent = n
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	if !allDigits(whole) || point && !allDigits(fraction) {
		return "", 0, false, false
	}
	return whole + fraction, exponent - len(fraction), negative, true
}

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// instant writes a time in UTC with milliseconds.
func instant(s string) (string, bool) {
	s, _ = resource.LooseTime(s)
	t, ok := resource.ParseTime(s)
	if !ok {
		return "", false
	}
	return string(resource.AppendTime(nil, t)), true
}
