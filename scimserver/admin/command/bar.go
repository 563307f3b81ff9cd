package command

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/admin"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

const (
	barWidth = 40
	barEvery = 100 * time.Millisecond
)

// bar shows on a terminal how far a transfer is.
type bar struct {
	out         io.Writer // nil: nobody looks
	what        string
	total, done int64
	drawn       time.Time
}

func (c *call) bar(what string) *bar {
	b := &bar{what: what}
	if f, ok := c.io.Err.(*os.File); ok && terminal(f) {
		b.out = f
	}
	return b
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// count takes in one line of an export.
func (b *bar) count(l admin.Line) {
	switch l.Kind {
	case "header":
		b.total = l.Users + l.Groups
	case "User", "Group", store.RowResource:
		b.add(1)
	}
}

func (b *bar) add(n int64) {
	b.done += n
	if b.out != nil && time.Since(b.drawn) >= barEvery {
		b.draw()
	}
}

func (b *bar) draw() {
	b.drawn = time.Now()
	filled := barWidth
	if b.total > 0 {
		filled = int(min(b.done, b.total) * barWidth / b.total)
	}
	fmt.Fprintf(b.out, "\r[%s%s] %d of %d %s", strings.Repeat("#", filled), strings.Repeat(".", barWidth-filled), b.done, b.total, b.what)
}

func (b *bar) end() {
	if b.out != nil && b.done > 0 {
		b.draw()
		fmt.Fprintln(b.out)
	}
}
