package command

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/scimserver/mapping"
)

func checkFlags(set *flag.FlagSet, o *options) {
	set.StringVar(&o.file, "f", "-", "the `file` with the body of a POST to /Users; - is standard input, its last document where --mapping is - as well")
	set.Func("group", "the display `name` of a group that the user is in; may be repeated", func(name string) error {
		o.groups = append(o.groups, name)
		return nil
	})
	set.Func("mapping", "a `file` with SCIMMappings to use in place of those in effect; - is standard input; may be repeated", o.addFile)
	set.BoolVar(&o.values, "values", false, "print values of the user, too: they are personal data")
}

// check explains what would become of one payload.
func check(ctx context.Context, c *call) error {
	if err := c.splitInput(); err != nil {
		return err
	}
	payload, err := c.read(c.file)
	if err != nil {
		return err
	}
	if !json.Valid(payload) {
		return fmt.Errorf("%s is not JSON", c.file)
	}
	m, err := c.mapping()
	if err != nil {
		return err
	}
	body, err := json.Marshal(admin.Check{Payload: payload, Groups: c.groups, Mapping: m, Values: c.values})
	if err != nil {
		return err
	}
	return c.lines(ctx, http.MethodPost, "check", nil, bytes.NewReader(body), func(line []byte) error {
		if c.json() {
			return c.raw(line)
		}
		var x admin.Explanation
		if err := json.Unmarshal(line, &x); err != nil {
			return fmt.Errorf("answer of the server: %w", err)
		}
		_, err := io.WriteString(c.io.Out, explanation(x))
		return err
	})
}

// splitInput takes standard input apart where both the payload and mappings are to come from there: its last document is the
// payload.
func (c *call) splitInput() error {
	at := slices.Index(c.files, "-")
	if c.file != "-" || at < 0 {
		return nil
	}
	all, err := io.ReadAll(c.io.In)
	if err != nil {
		return err
	}
	end := bytes.LastIndex(all, separator)
	if end < 0 {
		return UsageError("standard input holds one document: give the SCIMMappings first, then a line ---, then the payload")
	}
	c.inputs = map[string][]byte{"mapping": all[:end], "payload": all[end+len(separator):]}
	c.files[at], c.file = "mapping", "payload"
	return nil
}

// separator is between documents of YAML.
var separator = []byte("\n---\n")

func explanation(x admin.Explanation) string {
	var b strings.Builder
	for _, rule := range x.Tolerances {
		fmt.Fprintf(&b, "tolerated: %s\n", rule)
	}
	if len(x.Document) > 0 {
		fmt.Fprintf(&b, "stored as: %s\n", x.Document)
	}
	for _, s := range x.Steps {
		b.WriteString(step(s) + "\n")
	}
	if r := x.Refused; r != nil {
		fmt.Fprintf(&b, "refused: %d %s %s: %s\n", r.Status, r.ScimType, r.Reason, r.Detail)
	}
	if x.Role != "" {
		fmt.Fprintf(&b, "role: %s\n", x.Role)
	}
	if len(x.Fields) > 0 {
		fmt.Fprintf(&b, "fields: %s\n", x.Fields)
	}
	fmt.Fprintf(&b, "member: %s\n", x.Member)
	return b.String()
}

// step is one rule: "email  attributes[0] emails.value: present "a@b" gives "a@b"".
func step(s mapping.Step) string {
	text := fmt.Sprintf("%s  %s", s.Field, s.Rule)
	if s.Source != "" {
		text += " " + s.Source
	}
	if s.Found != mapping.Unread {
		text += ": " + string(s.Found)
	}
	if s.Value.Text != "" {
		text += fmt.Sprintf(" %q", s.Value.Text)
	}
	if s.Result.Text != "" {
		text += fmt.Sprintf(" gives %q", s.Result.Text)
	}
	if s.Note != "" {
		text += " (" + s.Note + ")"
	}
	return text
}
