package crash

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// cells is the directory as the test sees it: "user/x" → what there is of the user x, "member/g/x" → in, "group/g" → its
// name. What is not there has no cell. Users and groups go by their externalId, which the test chooses.
type cells map[string]string

const in = "in"

func userCell(user string) string          { return "user/" + user }
func groupCell(group string) string        { return "group/" + group }
func memberCell(group, user string) string { return "member/" + group + "/" + user }

// apply makes the changes; an empty value takes the cell away.
func (c cells) apply(changes cells) {
	for key, value := range changes {
		if value == "" {
			delete(c, key)
		} else {
			c[key] = value
		}
	}
}

// with is a copy after the changes.
func (c cells) with(changes cells) cells {
	next := maps.Clone(c)
	next.apply(changes)
	return next
}

// compare tells what is wrong with what was found: it must be what was acknowledged, or that with the whole of the change
// that was sent and not acknowledged.
func compare(acknowledged, pending, found cells) error {
	if maps.Equal(acknowledged, found) {
		return nil
	}
	if pending != nil && maps.Equal(acknowledged.with(pending), found) {
		return nil
	}
	return fmt.Errorf("acknowledged, but not found, or found otherwise:\n%sunder way was:\n%s", difference(acknowledged, found), pending)
}

func (c cells) String() string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&b, "  %s = %q\n", key, c[key])
	}
	return b.String()
}

func difference(want, got cells) string {
	var b strings.Builder
	keys := maps.Clone(want)
	maps.Copy(keys, got)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if want[key] != got[key] {
			fmt.Fprintf(&b, "  %s: want %q, found %q\n", key, want[key], got[key])
		}
	}
	return b.String()
}
