package mapping

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
)

// expression is a compiled and checked expression.
type expression struct {
	text    string
	program cel.Program
	result  *types.Type
	loops   bool
	names   map[string]bool // the variables it reads
	reads   map[string]bool // the attributes of the user that it reads
}

// advice turns a message of CEL into one that says what to do.
type advice func(text, message string) (better, suggestion string)

// compileText compiles a text; nil if there are errors, which are added.
func compileText(env *cel.Env, field, text string, errs *Errors, advise advice) *expression {
	if !utf8.ValidString(text) {
		errs.add(field, "", "is not valid UTF-8")
		return nil
	}
	tree, issues := env.Compile(text)
	if issues != nil && len(issues.Errors()) > 0 {
		for _, e := range issues.Errors() {
			message, suggestion := advise(text, firstLine(e.Message))
			errs.at(field, max(1, e.Location.Line()), max(1, e.Location.Column()+1), suggestion, "%s", message)
		}
		return nil
	}
	x := &expression{text: text, result: tree.OutputType(), names: map[string]bool{}, reads: map[string]bool{}}
	root := tree.NativeRep().Expr()
	if at := x.inspect(root); at != nil {
		where := tree.NativeRep().SourceInfo().GetStartLocation(at.ID())
		errs.at(field, where.Line(), where.Column()+1, `write the pattern in quotes, as in x.matches("^[a-z]+$")`, "the pattern of matches must be a text of the expression")
		return nil
	}
	if !affordable(env, tree) {
		errs.add(field, "make it simpler", "costs more than %d whatever the user is", MaxCost)
		return nil
	}
	program, err := env.Program(tree, programOptions()...)
	if err != nil {
		errs.add(field, "", "%v", err)
		return nil
	}
	x.program = program
	return x
}

// inspect notes what the expression reads; it returns a pattern that is not constant.
func (x *expression) inspect(root ast.Expr) (pattern ast.Expr) {
	ast.PostOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.ComprehensionKind:
			x.loops = true
		case ast.IdentKind:
			x.names[e.AsIdent()] = true
		case ast.SelectKind:
			x.note(e.AsSelect().Operand(), e.AsSelect().FieldName())
		case ast.CallKind:
			if p := x.call(e.AsCall()); p != nil && pattern == nil {
				pattern = p
			}
		}
	}))
	return pattern
}

// note remembers an attribute that is selected of the variable user.
func (x *expression) note(of ast.Expr, name string) {
	if of.Kind() == ast.IdentKind && of.AsIdent() == "user" {
		x.reads[strings.ToLower(name)] = true
	}
}

func (x *expression) call(c ast.CallExpr) (pattern ast.Expr) {
	args := c.Args()
	switch name := c.FunctionName(); {
	case name == "_?._" && len(args) == 2 && args[1].Kind() == ast.LiteralKind:
		if s, ok := args[1].AsLiteral().(types.String); ok {
			x.note(args[0], string(s))
		}
	case name == "matches" && len(args) > 0 && args[len(args)-1].Kind() != ast.LiteralKind:
		return args[len(args)-1]
	}
	return nil
}

// affordable tells whether the least that an expression costs is within the limit.
func affordable(env *cel.Env, tree *cel.Ast) bool {
	estimate, err := env.EstimateCost(tree, unknownSizes{})
	return err != nil || estimate.Min <= MaxCost
}

// unknownSizes knows nothing of users.
type unknownSizes struct{}

// EstimateSize implements cost.Estimator.
func (unknownSizes) EstimateSize(cost.AstNode) *cost.SizeEstimate { return nil }

// EstimateCallCost implements cost.Estimator.
func (unknownSizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// describe names a type as the documentation does.
func describe(t *types.Type) string {
	switch t.Kind() {
	case types.StringKind:
		return "a string"
	case types.BoolKind:
		return "true or false"
	case types.IntKind, types.UintKind:
		return "a whole number"
	case types.DoubleKind:
		return "a decimal number"
	case types.TimestampKind:
		return "a timestamp"
	case types.ListKind:
		return "a list"
	case types.MapKind:
		return "a map"
	case types.NullTypeKind:
		return "null"
	case types.OpaqueKind:
		return "an optional value"
	case types.StructKind:
		return "the object " + strings.TrimPrefix(t.TypeName(), shapePrefix)
	default:
		return fmt.Sprintf("a %s", t.TypeName())
	}
}
