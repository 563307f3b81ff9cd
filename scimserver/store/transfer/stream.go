package transfer

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Version is the format that Write writes and the only one that Read takes.
const Version = 1

const format = "scim-transfer"

// maxLine is more than the largest row: a group of a million members.
const maxLine = 128 << 20

// Header is the first line of a stream.
type Header struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Tenant  string    `json:"tenant"`
	Time    time.Time `json:"time"`
}

// Trailer is the last line.
type Trailer struct {
	Kind   string           `json:"kind"` // end
	Rows   int64            `json:"rows"`
	Counts map[string]int64 `json:"counts"` // by kind
	SHA256 string           `json:"sha256"` // of the lines between, with their ends
}

const kindEnd = "end"

// tally adds rows up.
type tally struct {
	Trailer
	hash hash.Hash
}

func newTally() *tally {
	return &tally{Trailer: Trailer{Kind: kindEnd, Counts: map[string]int64{}}, hash: sha256.New()}
}

func (t *tally) add(kind string, line []byte) {
	t.Rows++
	t.Counts[kind]++
	_, _ = t.hash.Write(line)
}

func (t *tally) end() Trailer {
	t.SHA256 = hex.EncodeToString(t.hash.Sum(nil))
	return t.Trailer
}

// Write writes all rows of a tenant, on one snapshot, as lines of JSON between a Header and a Trailer. They hold personal data
// and hashes of passwords.
func Write(ctx context.Context, w io.Writer, s store.Transfer, tenant string, now time.Time) (Trailer, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	lines := json.NewEncoder(out)
	if err := lines.Encode(Header{Format: format, Version: Version, Tenant: tenant, Time: now.UTC()}); err != nil {
		return Trailer{}, err
	}
	t := newTally()
	err := s.Dump(ctx, tenant, func(r store.Row) error {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		line = append(line, '\n')
		t.add(r.Kind, line)
		_, err = out.Write(line)
		return err
	})
	if err != nil {
		return Trailer{}, err
	}
	if err := lines.Encode(t.end()); err != nil {
		return Trailer{}, err
	}
	return t.Trailer, out.Flush()
}

// ErrIncomplete means that a stream ended before its Trailer. What came of it is loaded; reading it again from the beginning
// goes on.
var ErrIncomplete = errors.New("the stream is cut off")

// Read loads what Write has written into a tenant, whose name may be another, in several transactions. It may be repeated: rows
// that are there already and equal are passed over. What the tenant has beyond the stream stays. The checksum is compared at
// the end; a line that is damaged ends the loading there.
func Read(ctx context.Context, r io.Reader, s store.Transfer, tenant string, progress func(rows int64)) (Trailer, error) {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLine)
	if err := readHeader(scanner); err != nil {
		return Trailer{}, err
	}
	have := map[store.RowKey]store.RowSum{}
	err := store.Sums(ctx, s, tenant, func(r store.RowSum) error {
		have[r.RowKey] = r
		return nil
	})
	if err != nil {
		return Trailer{}, err
	}
	t, c := newTally(), &chunk{to: s, tenant: tenant}
	for scanner.Scan() {
		var row store.Row
		line := scanner.Bytes()
		if err := json.Unmarshal(line, &row); err != nil {
			return t.Trailer, fmt.Errorf("line %d: %w", t.Rows+2, err)
		}
		if row.Kind == kindEnd {
			return t.finish(ctx, line, c)
		}
		if err := row.Check(); err != nil {
			return t.Trailer, fmt.Errorf("line %d: %w", t.Rows+2, err)
		}
		t.add(row.Kind, append(line, '\n'))
		sum, err := row.Sum()
		if err != nil {
			return t.Trailer, err
		}
		if have[row.RowKey] != sum {
			if err := c.add(ctx, row); err != nil {
				return t.Trailer, err
			}
		}
		if progress != nil {
			progress(t.Rows)
		}
	}
	if err := scanner.Err(); err != nil {
		return t.Trailer, fmt.Errorf("line %d: %w", t.Rows+2, err)
	}
	return t.Trailer, errors.Join(ErrIncomplete, c.flush(ctx))
}

func readHeader(lines *bufio.Scanner) error {
	var h Header
	if !lines.Scan() {
		return errors.Join(ErrIncomplete, lines.Err())
	}
	if err := json.Unmarshal(lines.Bytes(), &h); err != nil || h.Format != format {
		return errors.New("this is no stream of a tenant's rows")
	}
	if h.Version != Version {
		return fmt.Errorf("the stream has the version %d; this server reads %d", h.Version, Version)
	}
	return nil
}

func (t *tally) finish(ctx context.Context, line []byte, c *chunk) (Trailer, error) {
	var want Trailer
	if err := json.Unmarshal(line, &want); err != nil {
		return t.Trailer, fmt.Errorf("last line: %w", err)
	}
	if got := t.end(); got.Rows != want.Rows || got.SHA256 != want.SHA256 {
		return got, fmt.Errorf("the stream is damaged: %d rows with the checksum %.12s, and it says %d with %.12s", got.Rows, got.SHA256, want.Rows, want.SHA256)
	}
	return t.Trailer, c.flush(ctx)
}
