package feed

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// member is a member as the feed shows it: that of the envelope, and more.
type member struct {
	ID         string          `json:"id"`
	UserName   string          `json:"userName"`
	ExternalID string          `json:"externalId,omitempty"`
	Active     bool            `json:"active"`
	Role       *string         `json:"role"`
	Groups     json.RawMessage `json:"groups,omitempty"`
	Fields     json.RawMessage `json:"fields"`

	Linked   bool            `json:"linked"`            // false: the user is gone, and the member was kept
	Sequence int64           `json:"sequence"`          // of its latest event
	Pending  json.RawMessage `json:"pending,omitempty"` // the off-boarding that a hold puts off
	Holds    []hold          `json:"holds,omitempty"`
	Created  time.Time       `json:"created"`
	Modified time.Time       `json:"modified"`
}

type hold struct {
	Name    string    `json:"name"`
	Reason  string    `json:"reason"`
	Created time.Time `json:"created"`
}

type memberPage struct {
	Members []member `json:"members"`
	Next    string   `json:"next,omitempty"` // what to ask for after; none: this is the last page
	// Sequence is that of an event which all members of this page and of later ones contain. Who has listed all members goes
	// on with the events after the first page's.
	Sequence int64 `json:"sequence"`
}

// members answers GET members?after=ID&limit=N.
func (x *exchange) members() error {
	limit, err := x.number("limit", DefaultLimit, 1, MaxLimit)
	if err != nil {
		return err
	}
	ctx := x.r.Context()
	b, err := x.h.Store.Backlog(ctx, x.tenant.Key) // before the members: what happens between is in both
	if err != nil {
		return err
	}
	page := memberPage{Members: []member{}, Sequence: b.Last}
	err = x.h.Store.View(ctx, x.tenant.Key, func(r store.Reader) error {
		records, err := r.MemberPage(ctx, x.r.URL.Query().Get("after"), int(limit))
		if err != nil {
			return err
		}
		for _, m := range records {
			shown, err := x.show(r, m)
			if err != nil {
				return err
			}
			page.Members = append(page.Members, shown)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if n := len(page.Members); n == int(limit) {
		page.Next = page.Members[n-1].ID
	}
	return x.ok(page)
}

// member answers GET members/{id}.
func (x *exchange) member(id string) error {
	var found member
	ctx := x.r.Context()
	err := x.h.Store.View(ctx, x.tenant.Key, func(r store.Reader) error {
		m, err := r.Member(ctx, id)
		if err == nil {
			found, err = x.show(r, m)
		}
		return err
	})
	if err != nil {
		return err
	}
	return x.ok(found)
}

func (x *exchange) show(r store.Reader, m store.MemberRecord) (member, error) {
	holds, err := r.Holds(x.r.Context(), m.ID)
	if err != nil {
		return member{}, err
	}
	shown := member{
		ID: m.ID, UserName: m.UserName, ExternalID: m.ExternalID, Active: m.Active, Groups: m.Groups, Fields: m.Fields,
		Linked: m.UserID != "", Sequence: m.Sequence, Pending: m.Pending, Created: m.Created, Modified: m.Modified,
	}
	if m.Role != "" {
		shown.Role = &m.Role
	}
	for _, h := range holds {
		shown.Holds = append(shown.Holds, hold{Name: h.Name, Reason: h.Reason, Created: h.Created})
	}
	return shown, nil
}

// remove answers DELETE members/{id}.
func (x *exchange) remove(id string) error {
	if err := x.tenant.Members.RemoveMember(x.r.Context(), id); err != nil {
		return err
	}
	return x.empty()
}

var holdForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// putHold answers PUT members/{id}/holds/{name} with {"reason": "…"}.
func (x *exchange) putHold(id, name string) error {
	if len(name) > 64 || !holdForm.MatchString(name) {
		return badRequest("the name of a hold has 1 to 64 letters, digits and . _ -, and begins with a letter or digit")
	}
	var asked struct {
		Reason string `json:"reason"`
	}
	if err := x.decode(&asked); err != nil {
		return err
	}
	reason := strings.TrimSpace(asked.Reason)
	if reason == "" || utf8.RuneCountInString(reason) > MaxReason || strings.ContainsFunc(reason, func(r rune) bool { return r < ' ' }) {
		return badRequest("reason has 1 to %d characters and no line breaks: the identity provider's administrator reads it", MaxReason)
	}
	if err := x.tenant.Members.PutHold(x.r.Context(), id, name, reason); err != nil {
		return err
	}
	return x.empty()
}

// deleteHold answers DELETE members/{id}/holds/{name}.
func (x *exchange) deleteHold(id, name string) error {
	found, err := x.tenant.Members.DeleteHold(x.r.Context(), id, name)
	switch {
	case err != nil:
		return err
	case !found:
		return scimerr.New(http.StatusNotFound, scimerr.None, "the member has no such hold")
	}
	return x.empty()
}
