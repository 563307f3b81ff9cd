package tolerance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimtest"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

const introduction = `# Compatibility

A tenant's ` + "`spec.protocol`" + ` says how its server reads requests:

- ` + "`Compatible`" + `, the default, accepts what identity providers are known to send beside RFC 7643 and RFC 7644. Each such deviation is a
  rule with a name. The metric ` + "`scimserver_tolerance_rules_applied_total`" + ` counts the requests that needed it, by rule and client
  (` + "`spec.identityProvider`" + `).
- ` + "`Strict`" + ` accepts none of them: such a request is answered with 400 and an error that names the attribute or position. It follows
  the SCIM 2.0 Interoperability Profile (draft-zollner-scim-interop-profile) as well, see below.

What clients send is recorded in ` + "`test/sessions`" + `, a folder for each client, and replayed by the tests. Every rule is needed by one of the sessions.
`

const strict = `
## Strict

What the Interoperability Profile asks for besides the RFCs, or instead of what they say. ServiceProviderConfig tells clients so by
` + "`interopProfileConformant`" + `.

| Request | Strict | Compatible, as RFC 7644 has it |
| --- | --- | --- |
| PATCH operation without a path | 400 invalidSyntax | add and replace take each attribute of the value (§3.5.2.1, §3.5.2.3); remove is 400 noTarget (§3.5.2.2) |
| PATCH path with an attribute or URN that no schema has | 400 invalidSyntax, as in a POST or PUT | 400 invalidPath; an unknown URN is left out |
| replace of a complex attribute that is not multi-valued, as name | the value takes the place of all of it | sub-attributes that the value does not name stay (§3.5.2.3) |
| body that is not application/scim+json | 415 | application/json, and none, are read |
| attributes together with excludedAttributes | 400 invalidValue (RFC 7644 §3.4.2.5) | both apply |
| filter in the URL of another method than GET | 400 invalidFilter | it is left out |
| parameter of the URL in other case, as Filter | 400 invalidFilter, invalidCursor or invalidValue, by the parameter | it is read |

A value filter that selects whole elements, as members[value eq "…"], works in both: the profile tells clients not to send it, but has no
other way to remove one element. Entity tags, Bulk, PUT and all operators of filters work in both as well. TLS, which the profile demands,
is for ` + "`spec.endpoint.tls`" + ` or what is in front of the server.
`

// TestCompatibilityPage holds docs/compatibility.md and the rules together.
func TestCompatibilityPage(t *testing.T) {
	t.Parallel()
	titles := map[string]string{
		"header": "Request line and headers", "filter": "Filters and sortBy", "paging": "Paging",
		"body": "Bodies of POST and PUT, values of PATCH", "patch": "PATCH",
	}
	var page strings.Builder
	page.WriteString(introduction)
	part := ""
	for _, info := range tolerance.All() {
		if info.Where != part {
			part = info.Where
			fmt.Fprintf(&page, "\n## %s\n\n| Rule | Sent by | What is sent, and what is made of it |\n| --- | --- | --- |\n", titles[part])
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s |\n", info.Rule, cell(info.Clients), cell(info.What))
	}
	page.WriteString(strict)
	scimtest.Golden(t, "../../../docs/compatibility.md", []byte(page.String()))
}

// cell escapes what would end a cell or mean something else in Markdown.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "_", `\_`, "*", `\*`, "<", "&lt;").Replace(s)
}
