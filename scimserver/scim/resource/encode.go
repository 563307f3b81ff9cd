package resource

// AppendJSON appends the value as JSON, without blanks.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.kind {
	case KindBool:
		if v.n == 1 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case KindNumber:
		return append(dst, v.Text()...)
	case KindString:
		return AppendString(dst, v.Text())
	case KindArray:
		return appendArray(dst, v.Elems())
	case KindObject:
		return v.Object().AppendJSON(dst)
	default:
		return append(dst, "null"...)
	}
}

func appendArray(dst []byte, elems []Value) []byte {
	dst = append(dst, '[')
	for i := range elems {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = elems[i].AppendJSON(dst)
	}
	return append(dst, ']')
}

// AppendJSON appends the object as JSON, without blanks, in the order of its fields.
func (o *Object) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i := range o.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, o.fields[i].name), ':')
		dst = o.fields[i].value.AppendJSON(dst)
	}
	return append(dst, '}')
}

// AppendString appends a string of valid UTF-8 as a JSON string; it escapes what JSON demands and nothing else.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	n := plain(s)
	if n == len(s) {
		return append(append(dst, s...), '"')
	}
	for n < len(s) {
		dst = appendEscape(append(dst, s[:n]...), s[n])
		s = s[n+1:]
		n = plain(s)
	}
	return append(append(dst, s...), '"')
}

const hexDigits = "0123456789abcdef"

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}
