package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// ExportVersion is the format that export writes and import reads.
const ExportVersion = 1

// Line is one line of an export: a tenant's whole state in one snapshot. Users come first, then groups in the order of their
// creation, so that each line refers to earlier ones only; a group in a group may come before it.
type Line struct {
	Kind string `json:"kind"` // header, User, Group, member, end

	// header and end
	Version int       `json:"version,omitempty"`
	Tenant  string    `json:"tenant,omitempty"`
	Time    time.Time `json:"time,omitzero"`
	Users   int64     `json:"users,omitempty"`
	Groups  int64     `json:"groups,omitempty"`
	Full    bool      `json:"full,omitempty"` // the lines between are each a store.Row: all that there is of the tenant
	Rows    int64     `json:"rows,omitempty"` // of a full export

	// User and Group
	ID       string          `json:"id,omitempty"` // of a full export, too: in its header
	Created  time.Time       `json:"created,omitzero"`
	Modified time.Time       `json:"modified,omitzero"`
	Password string          `json:"password,omitempty"` // hash
	Document json.RawMessage `json:"document,omitempty"`
	Members  []string        `json:"members,omitempty"` // ids, of a Group

	// member
	Member *Member `json:"member,omitempty"`
}

// exportPage is how many resources are read at a time.
const exportPage = 500

// export answers the tenant's users, groups and members; with full=true all that there is.
func (h *handler) export(w http.ResponseWriter, r *http.Request, tenant string) error {
	counts, err := h.Store.Counts(r.Context(), tenant)
	if err != nil {
		return err
	}
	head := Line{Kind: "header", Version: ExportVersion, Tenant: tenant, Time: h.Clock().UTC(), Users: counts.Users, Groups: counts.Groups}
	if r.URL.Query().Get("full") == "true" {
		return h.exportFull(w, r, head)
	}
	out := newLines(w)
	if err := out.write(head); err != nil {
		return err
	}
	return h.Store.View(r.Context(), tenant, func(rd store.Reader) error {
		x := exporter{rd: rd, out: out}
		return x.run(r.Context())
	})
}

type exporter struct {
	rd            store.Reader
	out           *lines
	users, groups int64
}

func (x *exporter) run(ctx context.Context) error {
	for _, typ := range []string{store.TypeUser, store.TypeGroup} {
		if err := x.resources(ctx, typ); err != nil {
			return err
		}
	}
	if err := x.members(ctx); err != nil {
		return err
	}
	return x.out.write(Line{Kind: "end", Users: x.users, Groups: x.groups})
}

func (x *exporter) resources(ctx context.Context, typ string) error {
	for offset := int64(0); ; {
		page, err := x.rd.Find(ctx, store.Query{Type: typ, Offset: offset, Limit: exportPage})
		if err != nil {
			return err
		}
		for i := range page.Records {
			if err := x.resource(ctx, &page.Records[i]); err != nil {
				return err
			}
		}
		if len(page.Records) < exportPage {
			return nil
		}
		offset += int64(len(page.Records))
	}
}

func (x *exporter) resource(ctx context.Context, rec *store.Record) (err error) {
	line := Line{Kind: rec.Type, ID: rec.ID, Created: rec.Created, Modified: rec.Modified, Document: rec.Doc}
	if rec.Type == store.TypeGroup {
		x.groups++
		err = x.rd.Members(ctx, rec.ID, func(m store.Member) error {
			line.Members = append(line.Members, m.ID)
			return nil
		})
	} else {
		x.users++
		line.Password, err = x.rd.Password(ctx, rec.Type, rec.ID)
	}
	if err != nil {
		return err
	}
	return x.out.write(line)
}

func (x *exporter) members(ctx context.Context) error {
	for after := ""; ; {
		page, err := x.rd.MemberPage(ctx, after, memberPage)
		if err != nil {
			return err
		}
		for _, m := range page {
			holds, err := x.rd.Holds(ctx, m.ID)
			if err != nil {
				return err
			}
			line := memberOfRecord(m, holds)
			if err := x.out.write(Line{Kind: "member", Member: &line}); err != nil {
				return err
			}
			after = m.ID
		}
		if len(page) < memberPage {
			return nil
		}
	}
}
