package probe

import (
	"net/http"
	"net/url"
)

// Schemas of request bodies.
const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

var ok = []int{http.StatusOK}

// steps are the requests of the identity provider's own test.
func (r *run) steps() []step {
	switch r.IdentityProvider {
	case "Okta":
		return r.okta()
	case "EntraID":
		return r.entra()
	case "OneLogin":
		return r.oneLogin()
	case "JumpCloud":
		return r.jumpCloud()
	}
	return []step{
		{method: "GET", path: "/ServiceProviderConfig", agent: agent, want: ok, check: isConfig},
		{method: "GET", path: "/Users?startIndex=1&count=1", agent: agent, want: ok, check: isList},
	}
}

const agent = "kubectl-scim"

func (r *run) okta() []step {
	const agent = "Okta SCIM Client 1.0.0"
	out := []step{{method: "GET", path: "/Users?startIndex=1&count=2", agent: agent, want: ok, check: isList}}
	if r.Groups {
		out = append(out, step{method: "GET", path: "/Groups?startIndex=1&count=100", agent: agent, want: ok, check: isList})
	}
	return out
}

// entra asks for what nobody is called, and wants an empty list: 404 fails the test.
func (r *run) entra() []step {
	attribute := map[string]string{"email": `emails[type eq "work"].value`, "externalId": "externalId"}[r.UniqueIdentifier]
	if attribute == "" {
		attribute = "userName"
	}
	out := []step{{method: "GET", path: "/Users?filter=" + url.QueryEscape(attribute+` eq "`+r.Random+`"`), want: ok, check: isEmpty}}
	if r.Groups {
		filter := url.QueryEscape(`displayName eq "` + r.Random + `"`)
		out = append(out, step{method: "GET", path: "/Groups?excludedAttributes=members&filter=" + filter, want: ok, check: isEmpty})
	}
	return out
}

func (r *run) oneLogin() []step {
	return []step{
		{method: "GET", path: "/ServiceProviderConfig", agent: agent, want: ok, check: isConfig},
		{method: "GET", path: "/Users", agent: agent, want: ok, check: isList},
		{method: "GET", path: "/Users?filter=" + url.QueryEscape(`userName eq "`+r.Random+`"`) + "&", agent: agent, want: ok, check: isEmpty},
	}
}

// jumpCloud creates a user and a group, and deletes both.
func (r *run) jumpCloud() []step {
	noUser := func(r *run) bool { return r.user == "" }
	noGroup := func(r *run) bool { return r.group == "" }
	user := map[string]any{
		"schemas": []string{userSchema}, "userName": r.TestEmail, "externalId": r.Random, "active": true, "displayName": "Connection Test",
		"name":   map[string]any{"givenName": "Connection", "familyName": "Test"},
		"emails": []any{map[string]any{"value": r.TestEmail, "type": "work", "primary": true}},
	}
	out := []step{
		{method: "GET", path: "/Users?filter=" + url.QueryEscape(`userName eq "`+r.TestEmail+`"`), agent: agent, want: ok, check: isFree},
		{method: "POST", path: "/Users", body: user, agent: agent, want: []int{http.StatusCreated}, check: keep(func(r *run) *string { return &r.user })},
		{method: "PUT", path: "/Users/{user}", body: user, agent: agent, want: ok},
	}
	if r.Groups {
		add := map[string]any{"schemas": []string{patchSchema}, "Operations": []any{
			map[string]any{"op": "add", "path": "members", "value": []any{map[string]any{"value": "{user}"}}}}}
		out = append(out,
			step{method: "POST", path: "/Groups", body: map[string]any{"schemas": []string{groupSchema}, "displayName": "Connection Test " + r.Random}, agent: agent,
				want: []int{http.StatusCreated}, check: keep(func(r *run) *string { return &r.group })},
			step{method: "PATCH", path: "/Groups/{group}", body: add, agent: agent, want: []int{http.StatusOK, http.StatusNoContent}},
			step{method: "DELETE", path: "/Groups/{group}", agent: agent, want: []int{http.StatusNoContent}, cleanup: true, skip: noGroup})
	}
	return append(out, step{method: "DELETE", path: "/Users/{user}", agent: agent, want: []int{http.StatusNoContent}, cleanup: true, skip: noUser})
}
