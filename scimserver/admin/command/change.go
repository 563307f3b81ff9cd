package command

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/member"
)

func diffFlags(set *flag.FlagSet, o *options) {
	set.Func("f", "a `file` with the tenant's SCIMMappings, in the order of its mappingRefs; - is standard input; may be repeated", o.addFile)
	set.BoolVar(&o.values, "values", false, "print values of users, too: they are personal data")
}

func (o *options) addFile(name string) error {
	o.files = append(o.files, name)
	return nil
}

// diff prints what other mappings would change.
func diff(ctx context.Context, c *call) error {
	m, err := c.mapping()
	if err != nil {
		return err
	}
	if m == nil {
		return UsageError("-f is needed: a file with the changed SCIMMappings")
	}
	body, err := json.Marshal(admin.Diff{Mapping: m, Values: c.values})
	if err != nil {
		return err
	}
	var changes []admin.Change
	var counts *admin.Counts
	err = c.lines(ctx, http.MethodPost, "diff", nil, bytes.NewReader(body), func(line []byte) error {
		if c.json() {
			return c.raw(line)
		}
		var ch admin.Change
		if err := json.Unmarshal(line, &ch); err != nil {
			return fmt.Errorf("answer of the server: %w", err)
		}
		if ch.Counts != nil {
			counts = ch.Counts
		} else {
			changes = append(changes, ch)
		}
		return nil
	})
	if err != nil || c.json() {
		return err
	}
	if counts == nil {
		return fmt.Errorf("the answer is not whole: the server stopped before its end")
	}
	return c.printDiff(*counts, changes)
}

// mapping reads the files of -f; nil: there are none.
func (c *call) mapping() (*config.Mapping, error) {
	if len(c.files) == 0 {
		return nil, nil
	}
	var all bytes.Buffer
	for _, name := range c.files {
		text, err := c.read(name)
		if err != nil {
			return nil, err
		}
		all.WriteString("\n---\n")
		all.Write(text)
	}
	return c.io.ReadMappings(all.Bytes())
}

func (c *call) read(name string) ([]byte, error) {
	if text, ok := c.inputs[name]; ok {
		return text, nil
	}
	if name == "-" {
		return io.ReadAll(c.io.In)
	}
	return os.ReadFile(name)
}

// printDiff prints counts first.
func (c *call) printDiff(n admin.Counts, changes []admin.Change) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d users would change; %d members would be off-boarded, %d users could not be mapped\n", len(changes), n.Users, n.Offboarded, n.Rejected)
	printCounts(&b, "decision", n.Decisions)
	printCounts(&b, "role", n.Roles)
	printCounts(&b, "field", n.Fields)
	if _, err := io.WriteString(c.io.Out, b.String()); err != nil || len(changes) == 0 {
		return err
	}
	fmt.Fprintln(c.io.Out)
	t := c.table("USER", "NAME", "MEMBER", "CHANGE", "ROLE", "FIELDS", "REASON")
	for _, ch := range changes {
		t.row([]any{ch.UserID, or(ch.Label), or(ch.MemberID), decision(ch.Decision), or(pair(ch.Role)), or(fields(ch)), or(strings.TrimSpace(ch.Reason + " " + ch.Detail))})
	}
	return t.end(nil)
}

func printCounts[K ~string](b *strings.Builder, what string, counts map[K]int64) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(b, "  %s %s: %d\n", what, name, counts[name])
	}
}

func decision(k member.Kind) string {
	if k == member.Reject {
		return "cannot be mapped"
	}
	return string(k)
}

func pair(p *admin.Pair) string {
	if p == nil {
		return ""
	}
	return or(p.Before) + " → " + or(p.After)
}

func fields(ch admin.Change) string {
	if len(ch.Values) == 0 {
		return strings.Join(ch.Fields, ",")
	}
	var out []string
	for _, name := range ch.Fields {
		v := ch.Values[name]
		out = append(out, fmt.Sprintf("%s: %s → %s", name, or(string(v.Before)), or(string(v.After))))
	}
	return strings.Join(out, "; ")
}

func resync(ctx context.Context, c *call) error {
	return c.lines(ctx, http.MethodPost, "resync", nil, nil, func(line []byte) error {
		if c.json() {
			return c.raw(line)
		}
		var r admin.Replayed
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("answer of the server: %w", err)
		}
		_, err := fmt.Fprintf(c.io.Out, "%d members will be sent as they are\n", r.Events)
		return err
	})
}

func release(ctx context.Context, c *call) error {
	return c.lines(ctx, http.MethodPost, "release", nil, nil, func(line []byte) error {
		if c.json() {
			return c.raw(line)
		}
		_, err := fmt.Fprintln(c.io.Out, "the brake is released: off-boardings go on")
		return err
	})
}
