package resource

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// TestDropDoublesAgree: few elements are compared in pairs, many by a key, with the same result.
func TestDropDoublesAgree(t *testing.T) {
	t.Parallel()
	r, err := schema.New(schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rt, _ := r.ResourceType("User")
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"emails", "addresses", "schemas"} {
		a := rt.Attribute(name)
		for range 500 {
			elems := randomElements(random, a, random.IntN(pairwise+1))
			few := Array(dropDoubles(a, slices.Clone(elems))...)
			many := Array(mergeByKey(a, slices.Clone(elems), overlayDouble)...)
			if !few.Equal(many) {
				t.Fatalf("%s\nin pairs: %s\nby key: %s", Array(elems...).AppendJSON(nil), few.AppendJSON(nil), many.AppendJSON(nil))
			}
		}
	}
}

func randomElements(random *rand.Rand, a *schema.Attribute, n int) []Value {
	var out []Value
	for range n {
		if a.Type != schema.Complex {
			out = append(out, String(fmt.Sprint(random.IntN(4))))
			continue
		}
		o := NewObject(2)
		for _, s := range a.SubAttributes {
			if s.Type == schema.Boolean || random.IntN(3) > 0 {
				continue
			}
			o.add(s, String(fmt.Sprint(random.IntN(2))))
		}
		if o.Len() > 0 {
			out = append(out, Obj(o))
		}
	}
	return out
}
