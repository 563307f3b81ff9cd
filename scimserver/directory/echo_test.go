package directory_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

const patchURN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

// What clients patch, and what by. %s is the id of another user.
var (
	echoPaths = []string{
		"title", "active", "name", "name.givenName", "emails", `emails[type eq "work"].value`, `emails[primary eq true].value`, `emails[type eq "work"]`,
		`addresses[type eq "work"].country`, `roles[primary eq "True"].value`, "externalId", "manager", "photos",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager.value",
	}
	echoValues = []string{
		`null`, `""`, `"x"`, `"False"`, `"True"`, `[]`, `{}`, `["y"]`, `"%s"`, `{"value":"%s","$ref":"{{base}}/Users/%s","displayName":"Boss"}`,
		`[{"value":"a","type":"work","primary":true},{"value":"b","type":"work"}]`, `[{"value":"c","type":"home","primary":"True"}]`, `{"value":"d","type":"work","primary":true}`,
		`{"givenName":"G","familyName":""}`, `{"department":"D","manager":{"value":"%s"}}`, `{"active":"False","name.givenName":"H","emails[type eq \"work\"].value":"e"}`,
	}
)

// TestAnswerSentBackChangesNothing: whatever has been done to a user, it says whether it is active, and a client that sends the answer
// back, as many do, changes nothing.
func TestAnswerSentBackChangesNothing(t *testing.T) {
	t.Parallel()
	tenant := servertest.New(t, servertest.WithStore(memory.New())).NewTenant(t)
	boss := tenant.Create(t, "/Users", fmt.Sprintf(`{"schemas":[%q],"userName":"boss","displayName":"Boss"}`, userURN))
	ann := "/Users/" + tenant.Create(t, "/Users", fmt.Sprintf(`{"schemas":[%q],"userName":"ann"}`, userURN))
	done := 0
	rapid.Check(t, func(r *rapid.T) {
		for range rapid.IntRange(1, 5).Draw(r, "requests") {
			operation := echoOperation(r, strings.NewReplacer("%s", boss, "{{base}}", tenant.BaseURL))
			a := tenant.Do(t, http.MethodPatch, ann, fmt.Sprintf(`{"schemas":[%q],"Operations":[%s]}`, patchURN, operation))
			if a.Status == http.StatusBadRequest {
				continue
			}
			done++
			if a.Status != http.StatusOK || !strings.Contains(string(a.Body), `"active":`) {
				r.Fatalf("%s: %d %s", operation, a.Status, a.Body)
			}
			for name, sent := range map[string]servertest.Answer{
				"PUT":   tenant.Do(t, http.MethodPut, ann, string(a.Body)),
				"PATCH": tenant.Do(t, http.MethodPatch, ann, fmt.Sprintf(`{"schemas":[%q],"Operations":[{"op":"replace","value":%s}]}`, patchURN, a.Body)),
			} {
				if string(sent.Body) != string(a.Body) {
					r.Fatalf("%s, then %s of the answer: %d\n%s\nwant\n%s", operation, name, sent.Status, sent.Body, a.Body)
				}
			}
		}
	})
	if done < 50 {
		t.Errorf("only %d requests succeeded: the test tests little", done)
	}
}

func echoOperation(r *rapid.T, fill *strings.Replacer) string {
	op := rapid.SampledFrom([]string{"add", "Replace", "Remove"}).Draw(r, "op")
	path := rapid.SampledFrom(echoPaths).Draw(r, "path")
	value := fill.Replace(rapid.SampledFrom(echoValues).Draw(r, "value"))
	return fmt.Sprintf(`{"op":%q,"path":%s,"value":%s}`, op, resource.AppendString(nil, path), value)
}
