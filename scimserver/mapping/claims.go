package mapping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// Timeout ends an evaluation that its cost didn't end; a machine that is busy otherwise should not reach it.
const Timeout = 250 * time.Millisecond

// CompileClaims compiles a condition over the variable claims, the claims of a JSON Web Token as encoding/json decodes them
// into a map. The error is Errors, each of the field "claims". The function may be called at the same time by many; its
// error says why the condition could not be decided, such as a claim that is missing, and its result is false then.
func CompileClaims(expr string) (func(claims map[string]any) (bool, error), error) {
	env, err := language()
	if err != nil {
		return nil, err
	}
	if env, err = env.Extend(cel.Variable("claims", cel.MapType(cel.StringType, cel.DynType))); err != nil {
		return nil, fmt.Errorf("set up CEL: %w", err)
	}
	var errs Errors
	x := compileText(env, "claims", expr, &errs, claimsAdvice)
	if x == nil {
		return nil, errs
	}
	if t := x.result; t.Kind() != types.BoolKind && t.Kind() != types.DynKind {
		errs.add("claims", `compare it with something, as in claims.azp == "…"`, "the result is %s, but must be true or false", describe(t))
		return nil, errs
	}
	return func(claims map[string]any) (bool, error) {
		v, err := x.run(context.Background(), claimsVariable{claims})
		if err != nil {
			return false, err
		}
		if b, ok := v.(types.Bool); ok {
			return bool(b), nil
		}
		return false, fmt.Errorf("the result is %s, not true or false", v.Type().TypeName())
	}, nil
}

// claimsVariable is the one variable there is.
type claimsVariable struct{ claims map[string]any }

// ResolveName implements cel.Activation.
func (c claimsVariable) ResolveName(name string) (any, bool) { return c.claims, name == "claims" }

// Parent implements cel.Activation.
func (claimsVariable) Parent() cel.Activation { return nil }

// run evaluates the expression within its limits.
func (x *expression) run(ctx context.Context, variables cel.Activation) (ref.Val, error) {
	if !x.loops { // bounded by its length; the clock is not needed
		v, _, err := x.program.Eval(variables)
		return v, err
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	v, _, err := x.program.ContextEval(ctx, variables)
	return v, err
}

// tooExpensive tells whether an evaluation was ended by its limits.
func tooExpensive(err error) bool {
	var cancelled interpreter.EvalCancelledError
	return errors.As(err, &cancelled) || errors.Is(err, interpreter.InterruptError{}) || errors.Is(err, errResult) || errors.Is(err, errListed)
}
