package mapping

import (
	"context"
	"slices"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// evaluation is the mapping of one user. Those of finished mappings are used again.
type evaluation struct {
	in      Input
	ctx     context.Context // for expressions that loop
	user    node
	explain bool
	steps   []Step
}

var evaluations = sync.Pool{New: func() any { return new(evaluation) }}

// ResolveName implements cel.Activation.
func (ev *evaluation) ResolveName(name string) (any, bool) {
	switch name {
	case "user":
		return &ev.user, true
	case "groups":
		return types.NewStringList(adapter{}, ev.in.Groups), true
	default:
		return nil, false
	}
}

// Parent implements cel.Activation.
func (*evaluation) Parent() cel.Activation { return nil }

// note adds a step; it is only called while explaining.
func (ev *evaluation) note(s Step) { ev.steps = append(ev.steps, s) }

// Map gives the member's fields and role. It ends by itself within Timeout for each expression with a loop, and does not end
// before, whatever becomes of ctx. in is not kept; the outcome shares texts with in.User.
func (p *Program) Map(ctx context.Context, in Input) Outcome { return p.run(ctx, in, false) }

// Explain is Map with Steps. It goes on after a rejection, so that all rules are explained; the first one counts.
func (p *Program) Explain(ctx context.Context, in Input) Outcome { return p.run(ctx, in, true) }

func (p *Program) run(ctx context.Context, in Input, explain bool) Outcome {
	ev := evaluations.Get().(*evaluation)
	defer func() {
		*ev = evaluation{}
		evaluations.Put(ev)
	}()
	if p.loops {
		ctx = context.WithoutCancel(ctx)
	}
	ev.in, ev.ctx, ev.explain = in, ctx, explain
	ev.user = node{object: in.User, in: &ev.in}
	var out Outcome
	if p.role != nil {
		out.Role, out.Rejection = p.role.choose(ev)
	}
	if out.Rejection == nil || explain {
		p.fill(ev, &out)
	}
	out.Steps = ev.steps
	return out
}

func (p *Program) fill(ev *evaluation, out *Outcome) {
	out.Fields = slices.Grow(ev.in.Room[:0], len(p.fields))
	for i := range p.fields {
		v, rejected := p.fields[i].fill(ev)
		out.Fields = append(out.Fields, v)
		if rejected == nil {
			continue
		}
		if out.Rejection == nil {
			out.Rejection = rejected
		}
		if !ev.explain {
			return
		}
	}
}
