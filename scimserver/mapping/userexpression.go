package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// userLanguages are those of users without extensions of a tenant's own, by their core schema: most tenants share one.
var userLanguages sync.Map

// language is CEL with the variables user and groups.
func (c *compiler) language() (*cel.Env, error) {
	if c.loose || len(c.user.Extensions) != 1 {
		return userLanguage(c.user, c.loose, nil)
	}
	if env, ok := userLanguages.Load(c.user.Core); ok {
		return env.(*cel.Env), nil
	}
	env, err := userLanguage(c.user, false, nil)
	if err == nil {
		userLanguages.Store(c.user.Core, env)
	}
	return env, err
}

// userLanguage is CEL with the variables user and, where there are groups, groups.
func userLanguage(rt *schema.ResourceType, loose bool, missed map[string]miss) (*cel.Env, error) {
	base, err := language()
	if err != nil {
		return nil, err
	}
	s := newShapes(base.CELTypeProvider(), rt, loose)
	s.missed = missed
	options := []cel.EnvOption{cel.CustomTypeProvider(s), cel.Variable("user", types.NewObjectType(userShape))}
	if rt.Attribute("groups") != nil {
		options = append(options, cel.Variable("groups", types.NewListType(types.StringType)))
	}
	env, err := base.Extend(options...)
	if err != nil {
		return nil, fmt.Errorf("set up CEL for users: %w", err)
	}
	return env, nil
}

// expression compiles an expression whose result becomes a value of the type; nil where there are errors, which are added.
func (c *compiler) expression(field, text string, t Type, translated bool) *expression {
	env, err := c.language()
	if err != nil {
		c.errs.add(field, "", "%v", err)
		return nil
	}
	var errs Errors
	x := compileText(env, field, text, &errs, c.advise)
	if x == nil {
		c.errs = append(c.errs, errs...)
		return nil
	}
	x.user = env.CELTypeProvider().(*shapes).byName[userShape]
	if x.bounded() {
		x.plain = c.plainText(x.root)
	}
	if x.names["groups"] || x.reads["groups"] {
		c.program.needsGroups = true
	}
	c.program.needsMeta = c.program.needsMeta || x.reads["meta"]
	c.program.needsID = c.program.needsID || x.id
	c.program.loops = c.program.loops || x.loops
	if !c.loose && !fits(x.result, t, translated) {
		c.errs.add(field, turn(x.result, t), "the result is %s, but the field is of type %s", describe(x.result), t)
	} else if c.loose && !scalarOrList(x.result) {
		c.errs.add(field, turn(x.result, String), "the result is %s, which no field can hold", describe(x.result))
	}
	return x
}

// taken are the types of fields that the results of expressions go into.
var taken = map[types.Kind][]Type{
	types.StringKind:    {String, StringList, DateTime},
	types.BoolKind:      {Boolean},
	types.IntKind:       {Integer, Decimal},
	types.UintKind:      {Integer, Decimal},
	types.DoubleKind:    {Decimal},
	types.TimestampKind: {DateTime},
}

// fits tells whether a result can become a value of a type. Translated values begin as texts of any kind.
func fits(result *types.Type, t Type, translated bool) bool {
	result = plainType(result)
	into, simple := taken[result.Kind()]
	switch {
	case simple:
		return translated || slices.Contains(into, t)
	case result.Kind() == types.ListKind:
		return t == StringList && scalar(result.Parameters()[0])
	default: // what it is shows for each user
		return scalar(result)
	}
}

// plainType is the type of the value that an optional one holds.
func plainType(t *types.Type) *types.Type {
	if t.Kind() == types.OpaqueKind && t.TypeName() == "optional_type" && len(t.Parameters()) == 1 {
		return plainType(t.Parameters()[0])
	}
	return t
}

var scalars = []types.Kind{
	types.DynKind, types.AnyKind, types.NullTypeKind, types.StringKind, types.BoolKind, types.IntKind, types.UintKind, types.DoubleKind,
	types.TimestampKind, types.TypeParamKind,
}

func scalar(t *types.Type) bool { return slices.Contains(scalars, plainType(t).Kind()) }

func scalarOrList(t *types.Type) bool {
	t = plainType(t)
	return scalar(t) || t.Kind() == types.ListKind && scalar(t.Parameters()[0])
}

// turn says how a result becomes one of the type.
func turn(result *types.Type, t Type) string {
	result = plainType(result)
	switch {
	case result.Kind() == types.StructKind:
		return "choose one of its parts, as in .value"
	case result.Kind() == types.ListKind && t == StringList:
		return "take a text of each, as in .map(x, x.value)"
	case result.Kind() == types.ListKind:
		return `take one of its values, as in [?0].orValue("") or .filter(x, x.type == "work")[?0].?value`
	}
	return [...]string{
		String: "write string(…) around it", Boolean: `compare it with something, as in … == "true"`, Integer: "write int(…) around it",
		Decimal: "write double(…) around it", DateTime: "write timestamp(…) around a text such as 2008-01-23T04:56:22Z", StringList: "write [string(…)]",
	}[t]
}

// advise explains the mistakes that are made with users.
func (c *compiler) advise(text, message string) (better, suggestion string) {
	if m := forms().undefined.FindStringSubmatch(message); m != nil {
		return c.noAttribute(text, m[1])
	}
	if m := forms().undeclared.FindStringSubmatch(message); m != nil {
		return c.noVariable(m[1])
	}
	if m := forms().noSelection.FindStringSubmatch(message); m != nil {
		return noPart(m[1])
	}
	better, suggestion = plainer(message)
	if suggestion == "" && strings.HasPrefix(better, "syntax error") {
		suggestion = c.adviseSyntax(text)
	}
	return better, suggestion
}

// adviseSyntax finds SCIM paths that stand where CEL should.
func (c *compiler) adviseSyntax(text string) string {
	path := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(text), "user."), "'", `"`)
	if _, err := filter.ParsePath(path, c.user, nil); err == nil {
		return "this is a SCIM path: put it under from, as " + path
	}
	if strings.Contains(text, " eq ") {
		return "eq is of SCIM filters: write == in CEL, or put a SCIM path under from"
	}
	return ""
}

// noAttribute compiles the expression again, to see of what the attribute was asked.
func (c *compiler) noAttribute(text, name string) (better, suggestion string) {
	missed := map[string]miss{}
	if env, err := userLanguage(c.user, c.loose, missed); err == nil {
		_, _ = env.Compile(text) // only what is missed counts
	}
	m, ok := missed[name]
	if !ok {
		return fmt.Sprintf("there is no attribute %q", name), ""
	}
	better = fmt.Sprintf("%s has no attribute %q", m.of.label, name)
	switch {
	case m.of.label != "a user":
		return better, didYouMean(name, m.of.names)
	case strings.EqualFold(name, "password"):
		return better, "a password is never stored"
	case strings.EqualFold(name, "groups"):
		return better, "groups are disabled in the tenant (spec.resources.groups)"
	case strings.Contains(name, ":"):
		return fmt.Sprintf("the tenant has no schema extension %q", name), c.nearestURN(name)
	}
	for i := range c.user.Extensions {
		if a := c.user.Extensions[i].Lookup(name); a != nil {
			return better, fmt.Sprintf("write user[%q].%s", a.Extension(), a.Name)
		}
	}
	if usual, ok := usualNames[strings.ToLower(name)]; ok {
		return better, "it is called " + usual.expression + " in SCIM"
	}
	return better, didYouMean(name, m.of.names)
}

func (c *compiler) noVariable(name string) (better, suggestion string) {
	better = fmt.Sprintf("there is no variable or function %s", name)
	if i := strings.IndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	switch {
	case slices.ContainsFunc(c.userNames(), func(known string) bool { return strings.EqualFold(known, name) }):
		return fmt.Sprintf("there is no variable %s", name), "write user." + name
	case name == "now":
		return better, "an expression has no clock: the same user always gives the same member"
	}
	return better, didYouMean(name, []string{"user", "groups", "size", "matches", "startsWith", "endsWith", "contains", "string", "int", "double",
		"timestamp", "has", "exists", "all", "filter", "map", "lowerAscii", "upperAscii", "substring", "replace", "split", "join", "trim", "indexOf", "orValue"})
}

// noPart explains a selection from what has no parts.
func noPart(typeName string) (better, suggestion string) {
	if strings.HasPrefix(typeName, "list(") {
		return "a list has no attributes, but its values may have", `take one of them, as in user.emails[?0].?value.orValue(""), or put a SCIM path under from`
	}
	return fmt.Sprintf("a %s has no attributes", strings.TrimPrefix(typeName, shapePrefix)), ""
}

// read evaluates the expression for a user. A value that is missing or out of a list's range is no error: the result is
// missing then, and the default counts.
func (x *expression) read(ev *evaluation) (raw, Found, error) {
	if x.plain != nil {
		r, found := found(rawText(x.plain(ev.in.User)), true)
		return r, found, nil
	}
	ev.user.shape = x.user
	v, err := x.run(ev.ctx, ev)
	switch {
	case err == nil:
		r, found := found(ofResult(v), true)
		return r, found, nil
	case absent(err):
		return raw{}, Missing, nil
	default:
		return raw{}, Failed, err
	}
}

// absent tells whether an evaluation ended because there was no value.
func absent(err error) bool {
	if errors.Is(err, errMissing) {
		return true
	}
	text := err.Error()
	return strings.HasPrefix(text, "no such key") || strings.HasPrefix(text, "index out of bounds") || strings.HasPrefix(text, "optional.none()")
}

// absent names the attributes that the expression reads and the user does not have.
func (x *expression) absent(in *Input) string {
	var names []string
	for name := range x.reads {
		if name != "groups" && name != "meta" && in.User.Value(name).IsNull() {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return "the user has no " + strings.Join(names, ", ")
}
