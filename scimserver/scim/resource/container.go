package resource

// enter and leave keep account of the nesting.
func (d *decoder) enter() bool {
	if d.depth--; d.depth < 0 {
		d.fail("nested too deeply")
		return false
	}
	d.pos++
	d.space()
	return true
}

func (d *decoder) leave() {
	d.depth++
	d.pos++
}

func (d *decoder) array() (Value, bool) {
	if !d.enter() {
		return Value{}, false
	}
	mark := len(d.values)
	if d.peek() == ']' {
		d.leave()
		return Array(), true
	}
	for {
		v, ok := d.value()
		if !ok {
			return Value{}, false
		}
		d.values = append(d.values, v)
		if more, ok := d.separator(']'); !ok {
			return Value{}, false
		} else if !more {
			break
		}
	}
	d.leave()
	elems := d.arena.valuesOf(d.values[mark:])
	clear(d.values[mark:])
	d.values = d.values[:mark]
	return Array(elems...), true
}

// separator reads a comma, or stops before the closing bracket.
func (d *decoder) separator(closing byte) (more, ok bool) {
	d.space()
	switch d.peek() {
	case closing:
		return false, true
	case ',':
		d.pos++
		d.space()
		return true, true
	default:
		d.fail("a comma or closing bracket is missing")
		return false, false
	}
}

func (d *decoder) object() (Value, bool) {
	if !d.enter() {
		return Value{}, false
	}
	mark := len(d.fields)
	if d.peek() == '}' {
		d.leave()
		return Obj(d.arena.object(nil)), true
	}
	var seen names
	for {
		if !d.field(mark, &seen) {
			return Value{}, false
		}
		if more, ok := d.separator('}'); !ok {
			return Value{}, false
		} else if !more {
			break
		}
	}
	d.leave()
	fields := d.arena.fieldsOf(d.fields[mark:])
	clear(d.fields[mark:])
	d.fields = d.fields[:mark]
	return Obj(d.arena.object(fields)), true
}

func (d *decoder) field(mark int, seen *names) bool {
	if d.peek() != '"' {
		d.fail("a name is missing")
		return false
	}
	at := d.pos
	name, ok := d.quoted()
	if !ok {
		return false
	}
	if seen.twice(d.fields[mark:], name) {
		d.pos = at
		d.fail("a name occurs twice (case does not matter)")
		return false
	}
	d.space()
	if d.peek() != ':' {
		d.fail("a colon is missing")
		return false
	}
	d.pos++
	d.space()
	v, ok := d.value()
	d.fields = append(d.fields, field{name, v})
	return ok
}

// names finds names that occur twice: by comparing while there are few, then by a set, so that a hostile object costs no square time.
type names struct{ set map[string]struct{} }

const fewNames = 24

func (s *names) twice(before []field, name string) bool {
	if len(before) < fewNames {
		for i := range before {
			if equalName(before[i].name, name) {
				return true
			}
		}
		return false
	}
	if s.set == nil {
		s.set = make(map[string]struct{}, 4*fewNames)
		for i := range before {
			s.set[lowerName(before[i].name)] = struct{}{}
		}
	}
	key := lowerName(name)
	_, found := s.set[key]
	s.set[key] = struct{}{}
	return found
}

// lowerName folds ASCII letters alone, as equalName does.
func lowerName(s string) string {
	for i := range len(s) {
		if s[i] != lower(s[i]) {
			b := []byte(s)
			for i, c := range b {
				b[i] = lower(c)
			}
			return string(b)
		}
	}
	return s
}
