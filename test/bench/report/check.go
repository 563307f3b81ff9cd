package report

import "fmt"

// Names of the operations that something is wanted of.
const (
	Get          = "get"
	Filter       = "filter userName"
	Create       = "create"
	Patch        = "patch"
	Put          = "put"
	List         = "list of 100"
	DeepPage     = "deep page"
	MemberAdd    = "member add"
	MemberRemove = "member remove"
)

const (
	small, medium, large = 1000, 100_000, 1_000_000
	mebibyte             = 1 << 20
)

// wantedRatios are the least ratios to the bare server with 100,000 users.
var wantedRatios = map[string]float64{
	Get: 0.55, Filter: 0.45, Create: 0.35, Patch: 0.35, Put: 0.35, MemberAdd: 0.35, List: 0.08,
}

// Check is a figure and the bound that is wanted of it.
type Check struct {
	Name    string  `json:"name"`
	Got     float64 `json:"got"`
	Bound   float64 `json:"bound"`
	AtLeast bool    `json:"atLeast"` // else at most
	Unit    string  `json:"unit,omitempty"`
}

// OK tells whether the figure is on the right side.
func (c Check) OK() bool {
	if c.AtLeast {
		return c.Got >= c.Bound
	}
	return c.Got <= c.Bound
}

// Checks compares what was measured with what is wanted; what was not measured is not there.
func (r Run) Checks() (checks []Check) {
	for _, s := range r.Sizes {
		if s.Users == medium {
			checks = append(checks, s.ratioChecks()...)
		}
		if s.Users >= large {
			checks = append(checks, s.largeChecks()...)
		}
		checks = append(checks, s.groupChecks()...)
		checks = append(checks, s.walkCheck()...)
	}
	checks = append(checks, r.growthChecks()...)
	return append(checks, r.Application.checks()...)
}

func (s Size) ratioChecks() (checks []Check) {
	for _, op := range s.Operations {
		if want, ok := wantedRatios[op.Name]; ok && op.Group <= 0 {
			checks = append(checks, Check{Name: fmt.Sprintf("ratio of %s, %d users", op.Name, s.Users), Got: op.Ratio, Bound: want, AtLeast: true})
		}
	}
	return checks
}

func (s Size) largeChecks() []Check {
	scale := float64(s.Users) / large
	checks := []Check{
		{Name: fmt.Sprintf("database of %d users", s.Users), Got: float64(s.DatabaseBytes) / mebibyte, Bound: 2.5 * 1024 * scale, Unit: "MiB"},
		{Name: fmt.Sprintf("RSS after load, %d users", s.Users), Got: float64(s.RSSAfter) / mebibyte, Bound: 250, Unit: "MiB"},
	}
	if op, ok := s.find(DeepPage, -1); ok {
		checks = append(checks, Check{Name: fmt.Sprintf("p99 of %s, %d users", op.Name, s.Users), Got: op.P99, Bound: 25, Unit: "ms"})
	}
	return checks
}

// groupChecks compares the time of a member change in large groups with that in an empty one, and looks at a whole group.
func (s Size) groupChecks() (checks []Check) {
	for _, op := range s.Operations {
		empty, ok := s.find(op.Name, 0)
		if !ok || op.Group <= 0 || (op.Name != MemberAdd && op.Name != MemberRemove) || op.Ratio <= 0 {
			continue
		}
		checks = append(checks, Check{
			Name: fmt.Sprintf("time of %s, group of %d to empty group, %d users", op.Name, op.Group, s.Users),
			Got:  empty.Ratio / op.Ratio, Bound: 1.2,
		})
	}
	if g := s.BigGroup; g != nil {
		checks = append(checks, Check{
			Name: fmt.Sprintf("RSS growth by GET of a group of %d", g.Members), Got: float64(g.RSSGrowth) / mebibyte, Bound: 64, Unit: "MiB",
		})
	}
	return checks
}

// walkCheck: the time of a page is constant, give or take what a measurement varies.
func (s Size) walkCheck() []Check {
	if s.Walk == nil || s.Walk.First <= 0 {
		return nil
	}
	return []Check{{Name: fmt.Sprintf("time of last to first pages of a cursor walk, %d users", s.Users), Got: s.Walk.Last / s.Walk.First, Bound: 1.2}}
}

// growthChecks compares a million users with a thousand.
func (r Run) growthChecks() (checks []Check) {
	few, ok1 := r.size(small)
	many, ok2 := r.size(large)
	if !ok1 || !ok2 {
		return nil
	}
	for _, op := range many.Operations {
		before, ok := few.find(op.Name, op.Group)
		if !ok || before.Ratio <= 0 {
			continue
		}
		name := op.Name
		if op.Group >= 0 {
			name = fmt.Sprintf("%s in a group of %d", op.Name, op.Group)
		}
		checks = append(checks, Check{
			Name: fmt.Sprintf("ratio of %s, %d users to %d", name, large, small), Got: op.Ratio / before.Ratio, Bound: 0.8, AtLeast: true,
		})
	}
	return checks
}
