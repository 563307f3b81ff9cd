package mapping

import (
	"math"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
)

// rawKind is what a source gave, before it becomes a value of a field's type.
type rawKind uint8

const (
	nothing rawKind = iota
	aText
	aBool
	aNumber // its text is a JSON number
	aList
	somethingElse // an object or a map
)

// raw is what a source gave. Texts have no white space around them.
type raw struct {
	kind rawKind
	text string
	list []string
}

func rawText(s string) raw { return raw{kind: aText, text: strings.TrimSpace(s)} }

// blank tells whether it counts as missing: null, empty, or only white space.
func (r raw) blank() bool {
	return r.kind == nothing || r.kind == aText && r.text == "" || r.kind == aList && len(r.list) == 0
}

// texts are the texts of a value and of a list, without blank ones.
func (r raw) texts() []string {
	switch {
	case r.blank():
		return nil
	case r.kind == aList:
		return r.list
	default:
		return []string{r.text}
	}
}

// ofScalar reads a single value of a document.
func ofScalar(v resource.Value) raw {
	switch v.Kind() {
	case resource.KindString:
		return rawText(v.Text())
	case resource.KindNumber:
		return raw{kind: aNumber, text: v.Text()}
	case resource.KindBool:
		return raw{kind: aBool, text: strconv.FormatBool(v.Bool())}
	case resource.KindNull:
		return raw{}
	default:
		return raw{kind: somethingElse}
	}
}

// ofResult reads the result of an expression.
func ofResult(v ref.Val) raw {
	switch v := v.(type) {
	case types.String:
		return rawText(string(v))
	case types.Bool:
		return raw{kind: aBool, text: strconv.FormatBool(bool(v))}
	case types.Int:
		return raw{kind: aNumber, text: strconv.FormatInt(int64(v), 10)}
	case types.Uint:
		return raw{kind: aNumber, text: strconv.FormatUint(uint64(v), 10)}
	case types.Double:
		return ofFloat(float64(v))
	case types.Timestamp:
		return raw{kind: aText, text: string(resource.AppendTime(nil, v.Time))}
	case types.Null:
		return raw{}
	case *types.Optional:
		if !v.HasValue() {
			return raw{}
		}
		return ofResult(v.GetValue())
	case traits.Lister:
		return ofList(v)
	default:
		return raw{kind: somethingElse}
	}
}

func ofFloat(f float64) raw {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return raw{kind: somethingElse}
	}
	return raw{kind: aNumber, text: strconv.FormatFloat(f, 'g', -1, 64)}
}

// ofList reads a list of scalars; blank ones are left out. One entry more than allowed is read, so that the list is refused.
func ofList(l traits.Lister) raw {
	out := raw{kind: aList}
	for it := l.Iterator(); it.HasNext() == types.True && len(out.list) <= MaxEntries; {
		switch r := ofResult(it.Next()); {
		case r.kind == aList || r.kind == somethingElse:
			return raw{kind: somethingElse}
		case !r.blank():
			out.list = append(out.list, r.text)
		}
	}
	return out
}
