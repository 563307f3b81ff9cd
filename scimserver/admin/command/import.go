package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/scim-operator/scim-operator/scimserver/admin"
)

// importFile makes users and groups of an export. It can be repeated: what is there and equal stays as it is.
func importFile(ctx context.Context, c *call) error {
	in, size, err := c.open()
	if err != nil {
		return err
	}
	bar := c.bar("bytes read")
	bar.total = size
	var last admin.Progress
	err = c.lines(ctx, http.MethodPost, "import", nil, bar.reader(in), func(line []byte) error {
		last = admin.Progress{}
		if err := json.Unmarshal(line, &last); err != nil {
			return fmt.Errorf("answer of the server: %w", err)
		}
		if c.json() {
			return c.raw(line)
		}
		if last.Error == "" {
			return nil
		}
		_, err := fmt.Fprintf(c.io.Err, "line %d: %s\n", last.Line, last.Error)
		return err
	})
	bar.end()
	switch {
	case err != nil:
		return fmt.Errorf("import: %w; repeat the command to go on", err)
	case !last.End:
		return errors.New("import: the server stopped before the end; repeat the command to go on")
	}
	if !c.json() {
		fmt.Fprintf(c.io.Out, "%d created, %d were there, %d failed\n", last.Created, last.Present, last.Failed)
	}
	if last.Failed > 0 {
		return fmt.Errorf("%d lines could not be imported", last.Failed)
	}
	return nil
}

// open returns what is read, and its size; 0: it is not known.
func (c *call) open() (io.Reader, int64, error) {
	if c.file == "-" {
		return c.io.In, 0, nil
	}
	f, err := os.Open(c.file)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// reader counts what is read.
func (b *bar) reader(r io.Reader) io.Reader { return io.TeeReader(r, counter{b}) }

type counter struct{ *bar }

func (c counter) Write(p []byte) (int, error) {
	c.add(int64(len(p)))
	return len(p), nil
}
