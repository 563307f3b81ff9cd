package mapping

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/parser"
)

// Limits of an expression. A text beyond them is refused when it is compiled; costs are counted for each user, about one
// for each step and for each ten characters that a function reads or writes.
const (
	MaxExpressionChars = 4096
	MaxCost            = 100_000
	maxNesting         = 40    // of brackets and calls
	maxNodes           = 4096  // of the syntax tree, with macros expanded
	maxLoops           = 3     // within one another
	maxPattern         = 1000  // instructions of a regular expression
	interruptEvery     = 100   // rounds of a loop between looks at the time
	maxListed          = 10000 // values of one attribute that an expression can look at
)

// language is CEL without the user. It is built for the first expression, so that who has none pays nothing for it.
var language = sync.OnceValues(func() (*cel.Env, error) {
	env, err := cel.NewEnv(append(stringFunctions(),
		cel.OptionalTypes(),
		cel.CustomTypeAdapter(adapter{}),
		cel.Macros(
			cel.GlobalMacro(operators.Index, 2, namedIndex(false)),
			cel.GlobalMacro(operators.OptIndex, 2, namedIndex(true)),
		),
		cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(MaxExpressionChars),
		cel.ParserRecursionLimit(maxNesting),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxPattern),
		cel.ASTValidators(
			cel.ValidateRegexLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals(),
			cel.ValidateComprehensionNestingLimit(maxLoops),
		),
	)...)
	if err != nil {
		return nil, fmt.Errorf("set up CEL: %w", err)
	}
	return env, nil
})

// namedIndex makes x["name"] mean x.name, so that URNs can be selected and their attributes are checked.
func namedIndex(optional bool) parser.MacroExpander {
	return func(h parser.ExprHelper, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
		if args[1].Kind() != ast.LiteralKind {
			return nil, nil
		}
		name, ok := args[1].AsLiteral().(types.String)
		switch {
		case !ok:
			return nil, nil
		case optional:
			return h.NewCall(operators.OptSelect, args[0], args[1]), nil
		default:
			return h.NewSelect(args[0], string(name)), nil
		}
	}
}

// adapter passes values of CEL as they are: those of users are made so.
type adapter struct{}

// NativeToValue implements types.Adapter.
func (adapter) NativeToValue(v any) ref.Val {
	if val, ok := v.(ref.Val); ok {
		return val
	}
	return types.DefaultTypeAdapter.NativeToValue(v)
}
