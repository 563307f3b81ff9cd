package filter

// String prints a filter in canonical form: full names, lower case operators, no brackets but those that matter. Parsing it gives an
// equal filter.
func String(e Expr) string { return string(appendExpr(nil, e, nil)) }

// within is the value path an expression stands in, nil outside.
func appendExpr(dst []byte, e Expr, within *ValuePath) []byte {
	switch e := e.(type) {
	case And:
		dst = appendSide(dst, e.L, within, isOr(e.L))
		return appendSide(append(dst, " and "...), e.R, within, isOr(e.R) || isAnd(e.R))
	case Or:
		dst = appendSide(dst, e.L, within, false)
		return appendSide(append(dst, " or "...), e.R, within, isOr(e.R))
	case Not:
		return appendSide(append(dst, "not "...), e.X, within, true)
	case Compare:
		dst = appendName(dst, e.Path.String(), e.Path.Sub != nil, within)
		dst = append(append(append(dst, ' '), e.Op.String()...), ' ')
		return e.Value.append(dst)
	case Present:
		return append(appendName(dst, e.Path.String(), e.Path.Sub != nil, within), " pr"...)
	case ValuePath:
		dst = append(append(dst, e.Path.String()...), '[')
		return append(appendExpr(dst, e.Filter, &e), ']')
	default:
		return dst
	}
}

// appendName leaves out the attribute that the value path names already.
func appendName(dst []byte, name string, sub bool, within *ValuePath) []byte {
	switch {
	case within == nil:
		return append(dst, name...)
	case sub:
		return append(dst, name[len(within.Path.String())+1:]...)
	default:
		return append(dst, "value"...)
	}
}

func appendSide(dst []byte, e Expr, within *ValuePath, brackets bool) []byte {
	if !brackets {
		return appendExpr(dst, e, within)
	}
	return append(appendExpr(append(dst, '('), e, within), ')')
}

func isOr(e Expr) bool  { _, ok := e.(Or); return ok }
func isAnd(e Expr) bool { _, ok := e.(And); return ok }

// String prints a path in canonical form.
func (p PatchPath) String() string {
	switch {
	case p.URN != "":
		return p.URN
	case p.Filter == nil:
		return p.Path.String()
	}
	whole := ValuePath{Path: p.Path, Filter: p.Filter}
	whole.Path.Sub = nil
	if p.Path.Sub == nil {
		return String(whole)
	}
	return String(whole) + "." + p.Path.Sub.Name
}
