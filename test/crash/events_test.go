package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// provisioning is put behind the manifests of the tenant: an application that reads the feed. Filled in: the group that gives
// a role.
const provisioning = `---
apiVersion: scim-operator.io/v1alpha1
kind: SCIMApplication
metadata: {name: inventory, namespace: test}
spec:
  memberFields: [{name: title}, {name: department}]
  roles: [{name: Administrator}, {name: Staff}]
---
apiVersion: scim-operator.io/v1alpha1
kind: SCIMMapping
metadata: {name: people, namespace: test}
spec:
  attributes:
  - {field: title, from: title}
  - {field: department, from: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department'}
  role: {groups: [{displayName: %s, role: Administrator}], default: Staff}
`

// provision gives the tenant of the manifests an application.
func provision(manifests string) error {
	file := filepath.Join(manifests, "tenant.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	const spec = "\nspec:\n  identityProvider:"
	changed := strings.Replace(string(text), spec, "\nspec:\n  applicationRef: {name: inventory}\n  mappingRefs: [{name: people}]\n  identityProvider:", 1)
	if changed == string(text) {
		return fmt.Errorf("%s has no tenant to be given an application:\n%s", file, text)
	}
	return os.WriteFile(file, fmt.Appendf([]byte(changed), provisioning, sharedGroup(0)), 0o600)
}

// member is one of the application's, as the latest event about it says.
type member struct {
	ID, UserName, ExternalID, Role string
	Active                         bool
	Fields                         struct{ Title, Department string }
}

// application is what reads the feed: it goes on where it was before the server was killed.
type application struct {
	token   string
	last    int64 // sequence of the latest event that was read
	members map[string]member
}

// read applies the events that have come since. The error tells of a gap.
func (a *application) read(ctx context.Context, c *client) error {
	feed := *c
	feed.base, feed.auth = strings.TrimSuffix(c.base, "/scim/v2")+"/members/v1", "Bearer "+a.token
	for {
		var page struct {
			Events []struct {
				Sequence int64
				Event    json.RawMessage
			}
		}
		if err := feed.get(ctx, fmt.Sprintf("/events?limit=1000&wait=0&after=%d", a.last), &page); err != nil {
			return err
		}
		if len(page.Events) == 0 {
			return nil
		}
		for _, e := range page.Events {
			if e.Sequence != a.last+1 {
				return fmt.Errorf("event %d follows event %d", e.Sequence, a.last)
			}
			a.last = e.Sequence
			if err := a.apply(e.Sequence, e.Event); err != nil {
				return err
			}
		}
	}
}

func (a *application) apply(sequence int64, text []byte) error {
	var e struct {
		Type     string
		Sequence int64
		Member   member
	}
	if err := json.Unmarshal(text, &e); err != nil || e.Sequence != sequence {
		return fmt.Errorf("event %d is %s (%w)", sequence, text, err)
	}
	_, known := a.members[e.Member.ID]
	if known == (e.Type == "member.created") {
		return fmt.Errorf("event %d: %s of a member that is known: %v", sequence, e.Type, known)
	}
	if e.Type == "member.removed" {
		delete(a.members, e.Member.ID)
	} else {
		a.members[e.Member.ID] = e.Member
	}
	return nil
}

// compare tells how the application differs from the directory: each user that is there must have its member, and the other
// way round. So a write without its event shows, and an event without its write.
func (a *application) compare(f *found) (err error) {
	byUser := map[string]member{}
	for _, m := range a.members {
		if _, twice := byUser[m.ExternalID]; twice {
			err = errors.Join(err, fmt.Errorf("user %s has two members", m.ExternalID))
		}
		byUser[m.ExternalID] = m
		if _, ok := f.users[m.ExternalID]; !ok {
			err = errors.Join(err, fmt.Errorf("member %s of the user %s, who is not there", m.ID, m.ExternalID))
		}
	}
	for external, u := range f.users {
		m, ok := byUser[external]
		if !ok {
			if u.Active {
				err = errors.Join(err, fmt.Errorf("user %s has no member", external))
			}
			continue
		}
		want := member{ID: m.ID, UserName: u.UserName, ExternalID: external, Role: "Staff", Active: u.Active}
		want.Fields.Title, want.Fields.Department = u.Title, u.Enterprise.Department
		if f.cells[memberCell(sharedGroup(0), external)] == in {
			want.Role = "Administrator"
		}
		if m != want {
			err = errors.Join(err, fmt.Errorf("user %s has the member %+v, want %+v", external, m, want))
		}
	}
	return err
}
