package postgres

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
	"github.com/scim-operator/scim-operator/scimserver/store/storetest"
)

// withoutStatements is what a pooler without prepared statements needs.
const withoutStatements = "default_query_exec_mode=exec"

// openPooled opens a store behind a pooler.
func openPooled(tb testing.TB, uri string) store.Store {
	tb.Helper()
	s, err := Open(context.Background(), Options{URI: uri})
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Ping(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestPooler runs the quick parts of the conformance suite with nothing kept in a session: each transaction of a connection goes to
// another session than the one before.
func TestPooler(t *testing.T) {
	t.Parallel()
	open := func(tb testing.TB) store.Store { return openPooled(tb, startPooler(tb, pgtest.Database(tb))) }
	storetest.Run(t, open, "Resources", "Uniqueness", "Transactions", "Snapshots", "Application", "Work", "Claims", "Owners")
}

// TestPgBouncer runs all of it with the real one, in transaction mode, where it is installed.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	b, err := pgtest.StartPgBouncer(t.Context())
	if errors.Is(err, pgtest.ErrNoPgBouncer) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(); err != nil {
			t.Error(err)
		}
	})
	storetest.Run(t, func(tb testing.TB) store.Store { return openPooled(tb, b.Database(tb)+"&"+withoutStatements) })
}

// pooler is a pooler in transaction mode. Each of its connections has two sessions of the server, which take turns.
type pooler struct{ backend *pgconn.Config }

// startPooler puts a pooler before a database, and returns the URI that leads through it.
func startPooler(tb testing.TB, uri string) string {
	tb.Helper()
	config, err := pgconn.ParseConfig(uri)
	if err != nil {
		tb.Fatal(err)
	}
	p := startProxy(tb, func(p *proxy, client net.Conn) {
		_ = pooler{config}.serve(p, client) // the client sees that the connection ends
	})
	through := url.URL{Scheme: "postgres", User: url.User(config.User), Host: p.addr(), Path: "/" + config.Database, RawQuery: "sslmode=disable&" + withoutStatements}
	return through.String()
}

// session is one of the server's.
type session struct {
	conn net.Conn
	from *bufio.Reader
}

func (b pooler) serve(p *proxy, conn net.Conn) error {
	client := pgproto3.NewBackend(conn, conn)
	if m, err := client.ReceiveStartupMessage(); err != nil {
		return err
	} else if _, ok := m.(*pgproto3.StartupMessage); !ok { // to cancel: none of the sessions is the client's own
		return nil
	}
	var sessions [2]session
	for i := range sessions {
		c, err := pgconn.ConnectConfig(context.Background(), b.backend)
		if err != nil {
			return err
		}
		h, err := c.Hijack()
		if err != nil {
			return err
		}
		defer h.Conn.Close()
		p.keep(h.Conn)
		sessions[i] = session{h.Conn, bufio.NewReader(h.Conn)}
		if i > 0 {
			continue
		}
		client.Send(&pgproto3.AuthenticationOk{})
		for name, value := range h.ParameterStatuses {
			client.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
		}
	}
	client.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if err := client.Flush(); err != nil {
		return err
	}
	return takeTurns(conn, sessions[:])
}

// Types of messages that the pooler knows.
const (
	simpleQuery   = 'Q'
	syncPoint     = 'S'
	terminate     = 'X'
	readyForQuery = 'Z'
	idle          = 'I'
)

// takeTurns passes messages on. A client that has got all its answers, outside of a transaction, goes on with the next session.
func takeTurns(client net.Conn, sessions []session) error {
	from := bufio.NewReader(client)
	for turn := 0; ; turn++ {
		s := sessions[turn%len(sessions)]
		for status := byte(0); status != idle; {
			for kind := byte(0); kind != simpleQuery && kind != syncPoint; {
				message, err := readMessage(from)
				if err != nil {
					return err
				}
				if kind = message[0]; kind == terminate {
					return nil
				}
				if _, err := s.conn.Write(message); err != nil {
					return err
				}
			}
			for kind := byte(0); kind != readyForQuery; {
				message, err := readMessage(s.from)
				if err != nil {
					return err
				}
				if _, err := client.Write(message); err != nil {
					return err
				}
				kind, status = message[0], message[len(message)-1]
			}
		}
	}
}

// readMessage reads a message with its type and length.
func readMessage(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(5)
	if err != nil {
		return nil, err
	}
	message := make([]byte, 1+binary.BigEndian.Uint32(head[1:]))
	_, err = io.ReadFull(r, message)
	return message, err
}
