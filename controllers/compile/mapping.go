package compile

import (
	"fmt"
	"strings"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
)

// MappingFinding tells whether a mapping is accepted: its paths are well formed and name attributes of RFC 7643. Those of
// custom extensions are known only together with a tenant.
func MappingFinding(m *v1alpha1.SCIMMapping) Finding {
	var expressions []string
	for i, rule := range m.Spec.Attributes {
		field := fmt.Sprintf("spec.attributes[%d]", i)
		if rule.Expression != "" {
			expressions = append(expressions, field+".expression")
		}
		if err := checkPath(rule.From); err != nil {
			return found(v1alpha1.ReasonInvalid, "%s.from (field %s): %v", field, rule.Field, err)
		}
	}
	if role := m.Spec.Role; role != nil {
		if err := checkPath(role.From); err != nil {
			return found(v1alpha1.ReasonInvalid, "spec.role.from: %v", err)
		}
	}
	return unsupported(expressions)
}

// ApplicationFinding tells whether an application is accepted.
func ApplicationFinding(a *v1alpha1.SCIMApplication) Finding {
	if a.Spec.Delivery != nil {
		return unsupported([]string{"spec.delivery"})
	}
	return first(a, uniqueFields, uniqueRoles, uniqueActions)
}

func uniqueFields(a *v1alpha1.SCIMApplication) Finding {
	return unique("spec.memberFields", a.Spec.MemberFields, func(f v1alpha1.MemberField) string { return f.Name })
}

func uniqueRoles(a *v1alpha1.SCIMApplication) Finding {
	return unique("spec.roles", a.Spec.Roles, func(r v1alpha1.Role) string { return r.Name })
}

func uniqueActions(a *v1alpha1.SCIMApplication) Finding {
	return unique("spec.actions", a.Spec.Actions, func(x v1alpha1.Action) string { return x.Name })
}

// unique finds names that differ only in case: two of them would be told apart by nobody.
func unique[T any](field string, list []T, name func(T) string) Finding {
	seen := map[string]string{}
	for _, e := range list {
		folded := strings.ToLower(name(e))
		if other, ok := seen[folded]; ok {
			return found(v1alpha1.ReasonInvalid, "%s: %q and %q are the same name but for upper and lower case; rename one of them", field, other, name(e))
		}
		seen[folded] = name(e)
	}
	return Finding{}
}

// checkPath checks a SCIM path: [URN:]attribute[\[filter\]][.subAttribute]. The filter is not looked into.
func checkPath(path string) error {
	if path == "" {
		return nil
	}
	urn, name, filtered, sub, err := splitPath(path)
	if err != nil {
		return fmt.Errorf("path %q: %w", path, err)
	}
	registry, err := schema.New(schema.Options{Groups: true})
	if err != nil {
		return err
	}
	user, _ := registry.ResourceType("User")
	if _, known := user.Extension(urn); urn != "" && !known && !user.IsCore(urn) {
		return nil // of a custom extension
	}
	p, ok := user.Lookup(urn, name, sub)
	if !ok {
		return fmt.Errorf("path %q: a user has no such attribute", path)
	}
	if filtered && !p.Attr.MultiValued {
		return fmt.Errorf("path %q: %s has one value; remove the filter in brackets", path, p.Attr.Name)
	}
	return nil
}

func splitPath(path string) (urn, name string, filtered bool, sub string, err error) {
	rest := path
	if open := strings.IndexByte(path, '['); open >= 0 {
		end := strings.LastIndexByte(path, ']')
		if end < open+2 {
			return "", "", false, "", fmt.Errorf("the bracket at position %d is not closed, or empty", open+1)
		}
		after, ok := strings.CutPrefix(path[end+1:], ".")
		if !ok && path[end+1:] != "" {
			return "", "", false, "", fmt.Errorf("after ] at position %d a dot and a sub-attribute may follow", end+1)
		}
		rest, sub, filtered = path[:open], after, true
	}
	if colon := strings.LastIndexByte(rest, ':'); colon >= 0 {
		urn, rest = rest[:colon], rest[colon+1:]
	}
	name = rest
	if !filtered {
		name, sub, _ = strings.Cut(rest, ".")
	}
	for _, part := range []string{name, sub} {
		if strings.Trim(part, attributeCharacters) != "" {
			return "", "", false, "", fmt.Errorf("%q is not the name of an attribute", part)
		}
	}
	if name == "" || strings.HasSuffix(path, ".") {
		return "", "", false, "", fmt.Errorf("the name of an attribute is missing")
	}
	return urn, name, filtered, sub, nil
}

const attributeCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$-_"
