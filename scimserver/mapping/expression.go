package mapping

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// expression is a compiled and checked expression.
type expression struct {
	text    string
	program cel.Program
	result  *types.Type
	loops   bool
	root    ast.Expr // the expression itself
	calls   int
	dear    bool            // it has parts whose cost is to be counted for each user
	names   map[string]bool // the variables it reads
	reads   map[string]bool // the attributes of the user that it reads
	id      bool            // it may read the user's id
	user    *shape          // nil where there is no user
	plain   plainText       // nil where it takes the program
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
	if bad := x.inspect(root); bad.at != nil {
		where := tree.NativeRep().SourceInfo().GetStartLocation(bad.at.ID())
		errs.at(field, where.Line(), where.Column()+1, bad.suggestion, "%s", bad.message)
		return nil
	}
	if !affordable(env, tree) {
		errs.add(field, "make it simpler", "costs more than %d whatever the user is", MaxCost)
		return nil
	}
	program, err := env.Program(tree, x.programOptions()...)
	if err != nil {
		errs.add(field, "", "%v", err)
		return nil
	}
	x.program, x.root = program, root
	return x
}

// refusal is a part of an expression that CEL allows and mappings don't.
type refusal struct {
	at                  ast.Expr
	message, suggestion string
}

// inspect notes what the expression reads, and finds what is not allowed.
func (x *expression) inspect(root ast.Expr) (bad refusal) {
	ast.PostOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		x.dear = x.dear || !cheap(e)
		x.id = x.id || mayReadID(e)
		switch e.Kind() {
		case ast.ComprehensionKind:
			x.loops = true
		case ast.IdentKind:
			x.names[e.AsIdent()] = true
		case ast.SelectKind:
			x.note(e.AsSelect().Operand(), e.AsSelect().FieldName())
		case ast.StructKind:
			bad = refusal{e, "an expression cannot make an object", "give a text, a number or a list"}
		case ast.CallKind:
			x.calls++
			x.noteOptional(e.AsCall())
			if p := pattern(e.AsCall()); p != nil {
				bad = refusal{p, "the pattern of matches must be a text of the expression", `write the pattern in quotes, as in x.matches("^[a-z]+$")`}
			}
		}
	}))
	return bad
}

// mostCalls is how many calls an expression of cheap parts may have. Each reads what it is given once, and adding makes no text
// longer than so many times all texts of the user.
const mostCalls = 8

// programOptions bound what an evaluation can take. Where that shows in the expression already, nothing is counted, which takes
// half of the time.
func (x *expression) programOptions() []cel.ProgramOption {
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if x.bounded() {
		return options
	}
	return append(options, cel.CostLimit(MaxCost), cel.CostTracking(charges{}), cel.InterruptCheckFrequency(interruptEvery))
}

// bounded tells whether an evaluation takes little whatever the user is.
func (x *expression) bounded() bool { return !x.dear && x.calls <= mostCalls }

// cheapCalls neither go over lists nor make a text longer than those they are given.
var cheapCalls = map[string]bool{
	operators.Add: true, operators.Equals: true, operators.NotEquals: true, operators.Conditional: true, operators.LogicalAnd: true,
	operators.LogicalOr: true, operators.LogicalNot: true, operators.OptSelect: true, "orValue": true, "lowerAscii": true,
	"upperAscii": true, "trim": true, "startsWith": true, "endsWith": true,
}

// cheap tells whether a part of an expression, without what it consists of, takes no more time than its values are long.
func cheap(e ast.Expr) bool {
	switch e.Kind() {
	case ast.IdentKind, ast.SelectKind, ast.LiteralKind:
		return true
	case ast.CallKind:
		return cheapCalls[e.AsCall().FunctionName()]
	}
	return false
}

// idAttribute is the attribute that is kept outside of the document.
const idAttribute = "id"

// mayReadID tells whether a part of an expression may read the user's id: by the name, or by one that only shows when it runs.
func mayReadID(e ast.Expr) bool {
	switch e.Kind() {
	case ast.SelectKind:
		return strings.EqualFold(e.AsSelect().FieldName(), idAttribute)
	case ast.LiteralKind:
		s, ok := e.AsLiteral().(types.String)
		return ok && strings.EqualFold(string(s), idAttribute)
	case ast.CallKind:
		return e.AsCall().FunctionName() == "dyn"
	}
	return false
}

// note remembers an attribute that is selected of the variable user.
func (x *expression) note(of ast.Expr, name string) {
	if of.Kind() == ast.IdentKind && of.AsIdent() == "user" {
		x.reads[strings.ToLower(name)] = true
	}
}

func (x *expression) noteOptional(c ast.CallExpr) {
	args := c.Args()
	if c.FunctionName() != operators.OptSelect || len(args) != 2 || args[1].Kind() != ast.LiteralKind {
		return
	}
	if s, ok := args[1].AsLiteral().(types.String); ok {
		x.note(args[0], string(s))
	}
}

// pattern is the pattern of a call of matches if it is not constant: users must not choose how much work it is.
func pattern(c ast.CallExpr) ast.Expr {
	args := c.Args()
	if c.FunctionName() != overloads.Matches || len(args) == 0 || args[len(args)-1].Kind() == ast.LiteralKind {
		return nil
	}
	return args[len(args)-1]
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
