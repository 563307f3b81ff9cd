package command

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/admin"
)

// tenants lists the server's tenants.
func tenants(ctx context.Context, c *call) error {
	t := c.table("TENANT", "USERS", "ACTIVE", "GROUPS", "PENDING", "PARKED", "OLDEST", "MAPPED")
	err := c.client.Lines(ctx, http.MethodGet, "/tenants", nil, nil, rows(c, t, func(x admin.Tenant) []any {
		return []any{x.Key, x.Users, x.ActiveUsers, x.Groups, x.Pending, x.Parked, age(x.OldestPending), mapped(x.Mapped)}
	}))
	return t.end(err)
}

// mapped shows how far a new mapping has come.
func mapped(m *admin.Mapped) string {
	if m == nil {
		return "all"
	}
	return fmt.Sprintf("%d of %d", m.Users, m.Of)
}

// members lists the application's members.
func members(ctx context.Context, c *call) error {
	query := url.Values{}
	if c.user != "" {
		query.Set("user", c.user)
	}
	t := c.table("MEMBER", "USER", "NAME", "ACTIVE", "ROLE", "SEQUENCE", "HOLDS")
	err := c.lines(ctx, http.MethodGet, "members", query, nil, rows(c, t, func(m admin.Member) []any {
		return []any{m.ID, or(m.UserID), or(m.UserName), m.Active, or(m.Role), m.Sequence, or(holds(m))}
	}))
	return t.end(err)
}

func holds(m admin.Member) string {
	var names []string
	for _, h := range m.Holds {
		names = append(names, h.Name)
	}
	return strings.Join(names, ",")
}

// or shows that there is nothing.
func or(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func age(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return time.Since(t).Truncate(time.Second).String()
}

// table prints rows for people; with -o json it is not used.
type table struct {
	w       *tabwriter.Writer
	heading []string
	rows    int
}

func (c *call) table(heading ...string) *table {
	return &table{w: tabwriter.NewWriter(c.io.Out, 0, 0, 2, ' ', 0), heading: heading}
}

func (t *table) row(cells []any) {
	if t.rows == 0 {
		fmt.Fprintln(t.w, strings.Join(t.heading, "\t"))
	}
	t.rows++
	text := make([]string, len(cells))
	for i, x := range cells {
		text[i] = fmt.Sprint(x)
	}
	fmt.Fprintln(t.w, strings.Join(text, "\t"))
}

// end prints what there is, also before an error.
func (t *table) end(err error) error {
	if ferr := t.w.Flush(); err == nil {
		err = ferr
	}
	return err
}

// rows takes the lines of an answer to the table, or prints them as they are.
func rows[T any](c *call, t *table, cells func(T) []any) func([]byte) error {
	return func(line []byte) error {
		if c.json() {
			return c.raw(line)
		}
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return fmt.Errorf("answer of the server: %w", err)
		}
		t.row(cells(v))
		return nil
	}
}
