package crash

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A person of revision r has r in every attribute below, so that a half-applied change shows.

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// value is what an attribute holds at a revision.
func value(attribute string, revision int) string { return fmt.Sprintf("%s %d", attribute, revision) }

func userName(name string) string { return name + "@example.com" }

func workMail(name string, revision int) string {
	return fmt.Sprintf("%s.%d@example.com", name, revision)
}

// userBody is the body of a POST or PUT.
func userBody(external, name string, revision int) map[string]any {
	return map[string]any{
		"schemas":     []string{"urn:ietf:params:scim:schemas:core:2.0:User", enterprise},
		"externalId":  external,
		"userName":    userName(name),
		"displayName": value("displayName", revision),
		"title":       value("title", revision),
		"name":        map[string]any{"familyName": value("familyName", revision)},
		"active":      revision%2 == 0,
		"emails":      []any{map[string]any{"type": "work", "value": workMail(name, revision)}},
		enterprise:    map[string]any{"department": value("department", revision)},
	}
}

// patchBody changes all of it, as Entra does: one operation an attribute.
func patchBody(name string, revision int) map[string]any {
	active := "False"
	if revision%2 == 0 {
		active = "True"
	}
	replace := func(path, value string) map[string]any {
		return map[string]any{"op": "Replace", "path": path, "value": value}
	}
	return patchOf(
		replace("displayName", value("displayName", revision)),
		replace("userName", userName(name)),
		replace("name.familyName", value("familyName", revision)),
		replace("active", active),
		replace(`emails[type eq "work"].value`, workMail(name, revision)),
		replace(enterprise+":department", value("department", revision)),
		replace("title", value("title", revision)),
	)
}

func patchOf(operations ...map[string]any) map[string]any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": operations}
}

// user is a representation.
type user struct {
	ID, ExternalID, UserName, DisplayName, Title string
	Active                                       bool
	Name                                         struct{ FamilyName string }
	Emails                                       []struct{ Value string }
	Enterprise                                   struct{ Department string } `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
	Groups                                       []struct{ Value string }
	Meta                                         struct{ Version string }
}

// cell is what there is of a user: its name and revision, or what contradicts itself.
func (u user) cell() string {
	var revision int
	if _, err := fmt.Sscanf(u.Title, "title %d", &revision); err != nil {
		return fmt.Sprintf("no revision: %+v", u)
	}
	name, _, _ := strings.Cut(u.UserName, "@")
	whole := u.DisplayName == value("displayName", revision) && u.Name.FamilyName == value("familyName", revision) &&
		u.Enterprise.Department == value("department", revision) && u.Active == (revision%2 == 0) &&
		len(u.Emails) == 1 && u.Emails[0].Value == workMail(name, revision)
	if !whole {
		text, _ := json.Marshal(u)
		return "half applied: " + string(text)
	}
	return person(name, revision)
}

// person is the cell of a whole user.
func person(name string, revision int) string {
	return fmt.Sprintf("%s at revision %d", name, revision)
}

// group is a representation.
type group struct {
	ID, ExternalID, DisplayName string
	Members                     []struct{ Value string }
}

func groupBody(external, name string) map[string]any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "externalId": external, "displayName": name}
}

// add and remove are member operations of a PATCH.
func add(ids ...string) map[string]any {
	return map[string]any{"op": "add", "path": "members", "value": references(ids)}
}

func remove(ids ...string) map[string]any {
	if len(ids) == 1 {
		return map[string]any{"op": "remove", "path": fmt.Sprintf("members[value eq %q]", ids[0])}
	}
	return map[string]any{"op": "Remove", "path": "members", "value": references(ids)}
}

func references(ids []string) (list []any) {
	for _, id := range ids {
		list = append(list, map[string]any{"value": id})
	}
	return list
}
