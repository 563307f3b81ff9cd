package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Member is a member of the application, as it was told.
type Member struct {
	ID         string          `json:"id"`
	UserID     string          `json:"userId,omitempty"`
	UserName   string          `json:"userName,omitempty"`
	ExternalID string          `json:"externalId,omitempty"`
	Active     bool            `json:"active"`
	Role       string          `json:"role,omitempty"`
	Groups     json.RawMessage `json:"groups,omitempty"`
	Fields     json.RawMessage `json:"fields,omitempty"`
	Sequence   int64           `json:"sequence"`
	Holds      []Hold          `json:"holds,omitempty"`
	Pending    json.RawMessage `json:"pendingOffboarding,omitempty"`
	Created    time.Time       `json:"created"`
	Modified   time.Time       `json:"modified"`
}

// Hold is why a member cannot be off-boarded now.
type Hold struct {
	Name    string    `json:"name"`
	Reason  string    `json:"reason,omitempty"`
	Created time.Time `json:"created"`
}

// memberPage is how many members are read at a time.
const memberPage = 500

// members answers the members in the order of their ids. Parameters: user (SCIM id, userName, externalId or member id).
func (h *handler) members(w http.ResponseWriter, r *http.Request, tenant string) error {
	out := newLines(w)
	user := r.URL.Query().Get("user")
	return h.Store.View(r.Context(), tenant, func(rd store.Reader) error {
		if user != "" {
			return oneMember(r.Context(), rd, user, out)
		}
		return allMembers(r.Context(), rd, out)
	})
}

func oneMember(ctx context.Context, rd store.Reader, text string, out *lines) error {
	m, err := rd.Member(ctx, text)
	if errors.Is(err, store.ErrNotFound) {
		m, err = memberOf(ctx, rd, text)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return problem(http.StatusNotFound, "no member has this id, and no user with this id, userName or externalId has a member")
	case err != nil:
		return err
	}
	holds, err := rd.Holds(ctx, m.ID)
	if err != nil {
		return err
	}
	return out.write(memberOfRecord(m, holds))
}

func memberOf(ctx context.Context, rd store.Reader, text string) (store.MemberRecord, error) {
	user, err := findUser(ctx, rd, text)
	if err != nil {
		return store.MemberRecord{}, err
	}
	return rd.MemberOf(ctx, user.ID)
}

func allMembers(ctx context.Context, rd store.Reader, out *lines) error {
	holds, err := rd.Holds(ctx, "")
	if err != nil {
		return err
	}
	by := map[string][]store.Hold{}
	for _, x := range holds {
		by[x.MemberID] = append(by[x.MemberID], x)
	}
	for after := ""; ; {
		page, err := rd.MemberPage(ctx, after, memberPage)
		for _, m := range page {
			if err := out.write(memberOfRecord(m, by[m.ID])); err != nil {
				return err
			}
			after = m.ID
		}
		if err != nil || len(page) < memberPage {
			return err
		}
	}
}

func memberOfRecord(m store.MemberRecord, holds []store.Hold) Member {
	out := Member{
		ID: m.ID, UserID: m.UserID, UserName: m.UserName, ExternalID: m.ExternalID, Active: m.Active, Role: m.Role, Groups: m.Groups,
		Fields: m.Fields, Sequence: m.Sequence, Pending: m.Pending, Created: m.Created, Modified: m.Modified,
	}
	for _, x := range holds {
		out.Holds = append(out.Holds, Hold{Name: x.Name, Reason: x.Reason, Created: x.Created})
	}
	return out
}
