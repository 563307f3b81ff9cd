package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

const (
	defaultLog = 100   // entries without a limit
	maxLog     = 10000 // entries at most
	logPage    = 500   // entries of one query
)

// log answers entries of the provisioning log, oldest first: the newest ones, or with follow=1 also those that come.
//
// Parameters: user (SCIM id, userName or externalId), since (RFC 3339), after (sequence), limit, follow.
func (h *handler) log(w http.ResponseWriter, r *http.Request, tenant string) error {
	q, err := h.logQuery(r.Context(), tenant, r.URL.Query())
	if err != nil {
		return err
	}
	out := newLines(w)
	wake := h.Wake(tenant) // before the query, so that nothing is missed
	if err := h.logPage(r.Context(), tenant, &q, out); err != nil || r.URL.Query().Get("follow") != "1" {
		return err
	}
	q.Newest, q.Limit = false, logPage
	for {
		if err := out.flush(); err != nil {
			return err
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-wake:
		}
		wake = h.Wake(tenant)
		if err := h.logPage(r.Context(), tenant, &q, out); err != nil {
			return err
		}
	}
}

// logPage writes what the query selects, and sets it behind that.
func (h *handler) logPage(ctx context.Context, tenant string, q *store.LogQuery, out *lines) error {
	rows, err := h.Store.QueryLog(ctx, tenant, *q)
	for _, row := range rows {
		q.After = row.Sequence
		if err := out.write(Row{Sequence: row.Sequence, Entry: row.Entry}); err != nil {
			return err
		}
	}
	return err
}

// Row is one entry of the provisioning log.
type Row struct {
	Sequence int64           `json:"sequence"`
	Entry    json.RawMessage `json:"entry"` // a member.Entry
}

func (h *handler) logQuery(ctx context.Context, tenant string, v url.Values) (q store.LogQuery, err error) {
	q = store.LogQuery{Limit: defaultLog, Newest: !v.Has("after")}
	if s := v.Get("since"); s != "" {
		if q.Since, err = time.Parse(time.RFC3339, s); err != nil {
			return q, problem(http.StatusBadRequest, "since %q is not a time such as 2026-01-02T15:04:05Z", s)
		}
	}
	if q.After, err = integer(v, "after", 0); err != nil {
		return q, err
	}
	limit, err := integer(v, "limit", defaultLog)
	if err != nil {
		return q, err
	}
	q.Limit = int(min(limit, maxLog))
	if user := v.Get("user"); user != "" {
		q.UserID, q.Subject, err = h.who(ctx, tenant, user)
	}
	return q, err
}

// integer reads a parameter that is a whole number, and not negative.
func integer(v url.Values, name string, otherwise int64) (int64, error) {
	s := v.Get(name)
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, problem(http.StatusBadRequest, "%s %q is not a whole number", name, s)
	}
	return n, nil
}
