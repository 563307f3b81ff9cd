package resource

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// scalar canonicalises a value of a simple type.
func (c *canon) scalar(a *schema.Attribute, v Value) (Value, error) {
	if v.Kind() == KindString && v.n == 0 && c.tol.Allow(tolerance.EmptyString) {
		return Value{}, nil
	}
	switch a.Type {
	case schema.Boolean:
		return c.boolean(a, v)
	case schema.Integer, schema.Decimal:
		return c.number(a, v)
	default:
		return c.string(a, v)
	}
}

func (c *canon) boolean(a *schema.Attribute, v Value) (Value, error) {
	if v.Kind() == KindBool {
		return v, nil
	}
	if b, ok := ParseBool(v.Text()); ok && v.Kind() == KindString && c.tol.Allow(tolerance.BooleanString) {
		return Bool(b), nil
	}
	return Value{}, wrong(a, v)
}

// ParseBool reads true and false in any case.
func ParseBool(s string) (value, ok bool) {
	value = equalName(s, "true")
	return value, value || equalName(s, "false")
}

func (c *canon) number(a *schema.Attribute, v Value) (Value, error) {
	if v.Kind() == KindString && isNumber(v.Text()) && c.tol.Allow(tolerance.NumberString) {
		v = Number(v.Text())
	}
	if v.Kind() != KindNumber {
		return Value{}, wrong(a, v)
	}
	if !CheckNumber(a, v.Text()) {
		return Value{}, scimerr.InvalidValue("%s: must be %s within the limits of 64 bits", a.FullName(), noun(a))
	}
	return v, nil
}

// CheckNumber says whether a JSON number is of the attribute's type, integer or decimal, and within the limits of 64 bits.
func CheckNumber(a *schema.Attribute, lit string) bool {
	if a.Type == schema.Integer {
		_, err := strconv.ParseInt(lit, 10, 64)
		return err == nil
	}
	_, err := strconv.ParseFloat(lit, 64)
	return err == nil
}

// isNumber says whether a text is a JSON number.
func isNumber(s string) bool {
	d := decoder{text: s}
	_, ok := d.number()
	return ok && d.pos == len(s)
}

func (c *canon) string(a *schema.Attribute, v Value) (Value, error) {
	if k := v.Kind(); (k == KindNumber || k == KindBool) && a.Type == schema.String && c.tol.Allow(tolerance.StringScalar) {
		return String(string(v.AppendJSON(nil))), nil
	}
	if v.Kind() != KindString {
		return Value{}, wrong(a, v)
	}
	if strings.IndexByte(v.Text(), 0) >= 0 {
		return Value{}, scimerr.InvalidValue("%s: must not hold the character U+0000", a.FullName())
	}
	switch a.Type {
	case schema.DateTime:
		return c.dateTime(a, v)
	case schema.Binary:
		return c.binary(a, v)
	case schema.Reference:
		return c.reference(a, v)
	default:
		return suggested(a, v), nil
	}
}

// suggested takes the spelling of the canonical value where only the case differs.
func suggested(a *schema.Attribute, v Value) Value {
	if a.CaseExact {
		return v
	}
	for _, s := range a.CanonicalValues {
		if equalName(s, v.Text()) {
			return String(s)
		}
	}
	return v
}

func (c *canon) dateTime(a *schema.Attribute, v Value) (Value, error) {
	if _, ok := ParseTime(v.Text()); ok {
		return v, nil
	}
	if s, ok := LooseTime(v.Text()); ok && c.tol.Allow(tolerance.DateForm) {
		return String(s), nil
	}
	return Value{}, scimerr.InvalidValue("%s: must be %s", a.FullName(), noun(a))
}

func (c *canon) binary(a *schema.Attribute, v Value) (Value, error) {
	s := v.Text()
	if isBase64(s) {
		return v, nil
	}
	if std, ok := looseBase64(s); ok && c.tol.Allow(tolerance.BinaryForm) {
		return String(std), nil
	}
	return Value{}, scimerr.InvalidValue("%s: must be %s", a.FullName(), noun(a))
}

// isBase64 says whether a text is base64 of the standard alphabet with padding (RFC 4648 §4), and the one text for its bytes.
func isBase64(s string) bool {
	body := strings.TrimSuffix(strings.TrimSuffix(s, "="), "=")
	if len(s)%4 != 0 || len(body) == 0 {
		return false
	}
	for i := range len(body) {
		if strings.IndexByte(alphabet, body[i]) < 0 {
			return false
		}
	}
	// The last character before the padding has bits that stand for nothing.
	last := strings.IndexByte(alphabet, body[len(body)-1])
	return last&(1<<(2*(len(s)-len(body)))-1) == 0
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// looseBase64 reads either alphabet, with blanks and line breaks, with or without padding.
func looseBase64(s string) (string, bool) {
	plain := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n', '=':
			return -1
		case '-':
			return '+'
		case '_':
			return '/'
		default:
			return r
		}
	}, s)
	raw, err := base64.RawStdEncoding.DecodeString(plain)
	return base64.StdEncoding.EncodeToString(raw), err == nil && len(raw) > 0
}

func (c *canon) reference(a *schema.Attribute, v Value) (Value, error) {
	if isReference(v.Text()) || c.tol.Allow(tolerance.ReferenceText) {
		return v, nil
	}
	return Value{}, scimerr.InvalidValue("%s: must be %s", a.FullName(), noun(a))
}

// isReference says whether a text has only what URIs are made of (RFC 3986 §2).
func isReference(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~:/?#[]@!$&'()*+,;=", c) >= 0:
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			i += 2
		default:
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return strings.IndexByte(hexDigits, lower(c)) >= 0 }
