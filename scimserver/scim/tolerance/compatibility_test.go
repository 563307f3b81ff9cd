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
  rule with a name; the rules a request needs are counted by the metrics.
- ` + "`Strict`" + ` accepts none of them: such a request is answered with 400 and an error that names the attribute or position. It also refuses
  PATCH operations without a path, which the RFC allows and few clients of today need.

Answers are the same in both modes.
`

// TestCompatibilityPage holds docs/compatibility.md and the rules together.
func TestCompatibilityPage(t *testing.T) {
	t.Parallel()
	titles := map[string]string{
		"header": "Request line and headers", "filter": "Filters and sortBy",
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
	scimtest.Golden(t, "../../../docs/compatibility.md", []byte(page.String()))
}

// cell escapes what would end a cell or mean something else in Markdown.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "_", `\_`, "*", `\*`, "<", "&lt;").Replace(s)
}
