package command

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/scim-operator/scim-operator/scimserver/admin"
)

func fileFlag(set *flag.FlagSet, o *options) {
	set.StringVar(&o.file, "f", "-", "the `file`; - is standard input or output")
}

func exportFlags(set *flag.FlagSet, o *options) {
	fileFlag(set, o)
	set.BoolVar(&o.full, "full", false, "all that there is: members with their ids and holds, events, log, passwords' hashes; for an import into an empty tenant")
}

// export writes a tenant's state. Only what ends with the line of the kind end is whole.
func export(ctx context.Context, c *call) (err error) {
	out, closeFile, err := c.create()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeFile()) }()
	w := bufio.NewWriter(out)
	bar := c.bar("exported")
	var last struct { // of a Line or, in a full export, a row
		Kind          string
		Users, Groups int64
	}
	query := url.Values{}
	if c.full {
		query.Set("full", "true")
	}
	err = c.lines(ctx, http.MethodGet, "export", query, nil, func(line []byte) error {
		last.Kind = ""
		if err := json.Unmarshal(line, &last); err != nil {
			return fmt.Errorf("answer of the server: %w", err)
		}
		bar.count(admin.Line{Kind: last.Kind, Users: last.Users, Groups: last.Groups})
		_, err := fmt.Fprintf(w, "%s\n", line)
		return err
	})
	bar.end()
	switch {
	case err != nil:
		return err
	case last.Kind != "end":
		return errors.New("the export is not whole: the server stopped before its end")
	}
	return w.Flush()
}

// create opens the file that is written; there must be none of its name.
func (c *call) create() (io.Writer, func() error, error) {
	if c.file == "-" {
		return c.io.Out, func() error { return nil }, nil
	}
	f, err := os.OpenFile(c.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}
