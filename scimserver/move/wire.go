package move

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// protocol is what both servers must speak.
const protocol = 1

// standing is where the source says the tenant stands.
type standing struct {
	Protocol int             `json:"protocol"`
	Stream   int             `json:"stream"`   // version of rows
	Database string          `json:"database"` // the same for servers on one database
	Owner    store.Ownership `json:"owner"`
	Counts   store.Counts    `json:"counts"`
}

// order is the body of a request to the source.
type order struct {
	Nonce string   `json:"nonce,omitempty"` // of a seal
	Kind  string   `json:"kind,omitempty"`  // of rows
	Keys  []string `json:"keys,omitempty"`
}

// line is one of an answer with many: a sum, a row, or the end, without which an answer was cut off.
type line struct {
	Kind string     `json:"k,omitempty"`
	Key  string     `json:"i,omitempty"`
	Type string     `json:"t,omitempty"`
	Sum  string     `json:"s,omitempty"`
	Row  *store.Row `json:"row,omitempty"`
	End  bool       `json:"end,omitempty"`
}

func lineOf(s store.RowSum) line {
	return line{Kind: s.Kind, Key: s.Key, Type: s.Type, Sum: hex.EncodeToString(s.Sum[:])}
}

func (l *line) sum() (s store.RowSum, err error) {
	text, err := hex.DecodeString(l.Sum)
	if err != nil || len(text) != len(s.Sum) {
		return s, errors.New("a checksum of the source is none")
	}
	s.RowKey, s.Type = store.RowKey{Kind: l.Kind, Key: l.Key}, l.Type
	copy(s.Sum[:], text)
	return s, nil
}

var errCut = errors.New("the answer of the source was cut off")

// readLines calls yield for each line of an answer but its end.
func readLines(body io.Reader, yield func(*line) error) error {
	d := json.NewDecoder(bufio.NewReaderSize(body, 64<<10))
	for {
		var l line
		if err := d.Decode(&l); err != nil {
			return errors.Join(errCut, err)
		}
		if l.End {
			return nil
		}
		if err := yield(&l); err != nil {
			return err
		}
	}
}

// RefusedError is an answer of the other server that is none of success.
type RefusedError struct {
	Status int
	Detail string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the other server answered %d: %s", e.Status, e.Detail)
}

func refusal(answer *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 500))
	return &RefusedError{Status: answer.StatusCode, Detail: strings.TrimSpace(string(text))}
}

// Database names the database of a store.
func Database(ctx context.Context, s store.Store) (string, error) {
	secret, err := s.Secret(ctx, "database")
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(mac("move", secret)), nil
}
