package command

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/scimserver/member"
)

func userFlag(set *flag.FlagSet, o *options) {
	set.StringVar(&o.user, "user", "", "only what concerns this `user`: SCIM id, userName or externalId")
}

func logFlags(set *flag.FlagSet, o *options) {
	userFlag(set, o)
	set.StringVar(&o.since, "since", "", "only entries since a `time`, as 2026-01-02T15:04:05Z, or of the last duration, as 2h")
	set.StringVar(&o.after, "after", "", "only entries behind this `sequence`, the oldest first")
	set.IntVar(&o.limit, "limit", 100, "how many entries")
	set.BoolVar(&o.follow, "follow", false, "wait for what comes, until Ctrl-C")
}

// printLog prints entries of the provisioning log.
func printLog(ctx context.Context, c *call) error {
	query := url.Values{"limit": {strconv.Itoa(c.limit)}}
	since, err := instant(c.since, time.Now())
	if err != nil {
		return err
	}
	for name, value := range map[string]string{"user": c.user, "since": since, "after": c.after} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if c.follow {
		query.Set("follow", "1")
	}
	err = c.lines(ctx, http.MethodGet, "log", query, nil, func(line []byte) error {
		if c.json() {
			return c.raw(line)
		}
		return c.printRow(line)
	})
	if c.follow && ctx.Err() != nil {
		return nil // Ctrl-C is how it ends
	}
	return err
}

// instant takes a time, or a duration before now, and gives a time.
func instant(text string, now time.Time) (string, error) {
	if text == "" {
		return "", nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(-d).UTC().Format(time.RFC3339), nil
	}
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return "", UsageError(fmt.Sprintf("--since %q is neither a time, as 2026-01-02T15:04:05Z, nor a duration, as 2h", text))
	}
	return text, nil
}

func (c *call) printRow(line []byte) error {
	var row admin.Row
	if err := json.Unmarshal(line, &row); err != nil {
		return fmt.Errorf("answer of the server: %w", err)
	}
	e, err := member.DecodeEntry(row.Entry)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(c.io.Out, describe(row.Sequence, e))
	return err
}

// describe is an entry for people: a line of what was asked and decided, and lines with reasons behind it.
func describe(sequence int64, e member.Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  #%d  %s", e.Time.UTC().Format("2006-01-02 15:04:05.000Z"), sequence, e.Operation)
	for _, s := range []string{e.Resource, e.ResourceID, e.Label} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	fmt.Fprintf(&b, "  → %s", e.Decision)
	if e.Status != 0 {
		fmt.Fprintf(&b, " %d", e.Status)
	}
	if e.Reason != "" {
		b.WriteString(" " + e.Reason)
	}
	if e.Count > 0 {
		fmt.Fprintf(&b, ", %d times", e.Count)
	}
	if e.Event != 0 {
		fmt.Fprintf(&b, ", event %d", e.Event)
	}
	fmt.Fprintf(&b, "  (%.1f ms)\n", e.DurationMS)
	for _, d := range details(e) {
		b.WriteString("    " + d + "\n")
	}
	return b.String()
}

func details(e member.Entry) []string {
	var out []string
	add := func(label string, parts ...string) {
		if text := strings.Join(parts, ", "); text != "" {
			out = append(out, label+text)
		}
	}
	add("", e.Detail)
	add("next step: ", e.NextStep)
	for _, r := range e.Reasons {
		add("because ", r)
	}
	add("changed: ", e.Fields...)
	add("tolerated: ", e.Tolerances...)
	add("left out: ", e.Ignored...)
	if a := e.Answer; a != nil {
		add("application: ", answer(*a))
	}
	add("member: ", e.MemberID)
	return out
}

func answer(a member.Answer) string {
	text := "no answer"
	switch {
	case a.Refused:
		text = fmt.Sprintf("refused with %d", a.Status)
	case a.Status != 0:
		text = fmt.Sprintf("accepted with %d", a.Status)
	}
	text += fmt.Sprintf(" after %.0f ms", a.DurationMS)
	if a.Detail != "" {
		text += ": " + a.Detail
	}
	return text
}
