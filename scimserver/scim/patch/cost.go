package patch

import (
	"net/http"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

// maxWork is how many elements the operations of one request may look at, all in all: less than a second. A small body could ask for
// hours otherwise, by many operations on many elements.
const maxWork = 2_000_000

// writeCost is what changing an element costs, compared with looking at one: it is made anew.
const writeCost = 8

// charge counts work and refuses more than there may be.
func (p *patcher) charge(n int) error {
	if p.work += n; p.work > maxWork {
		return scimerr.New(http.StatusRequestEntityTooLarge, scimerr.None, "the operations need too much work: send fewer in one request")
	}
	return nil
}

// elementsCost is the cost of comparing the elements of an attribute with others; long values cost more.
func elementsCost(a *schema.Attribute, v resource.Value) int {
	cost := 0
	for _, e := range v.Elems() {
		text := e
		if o := e.Object(); o != nil && a.Value() != nil {
			text = o.Value(a.Value().Name)
		}
		cost += 1 + len(text.Text())/64
	}
	return cost
}

// filterCost is the number of comparisons for one element.
func filterCost(e filter.Expr) int {
	switch e := e.(type) {
	case filter.And:
		return filterCost(e.L) + filterCost(e.R)
	case filter.Or:
		return filterCost(e.L) + filterCost(e.R)
	case filter.Not:
		return filterCost(e.X)
	default:
		return 1
	}
}
