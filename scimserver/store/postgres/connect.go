package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

const (
	connectTimeout = 5 * time.Second
	retryLeast     = 250 * time.Millisecond
	retryMost      = 5 * time.Second
	lookEvery      = time.Second // at the file of the URI
)

// poolConfig reads a URI. Its errors never hold any of it, as there may be a password in it.
func poolConfig(uri string) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(uri)
	if err != nil || strings.TrimSpace(uri) == "" {
		return nil, &store.Fault{
			Reason: store.FaultURIInvalid,
			Detail: "the URI of the database cannot be read: it is to look like postgres://USER:PASSWORD@HOST:5432/DATABASE, with special characters in the password percent-encoded",
		}
	}
	if !strings.Contains(uri, "pool_max_conns") {
		c.MaxConns = int32(max(10, 4*runtime.NumCPU()))
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = connectTimeout
	}
	if c.ConnConfig.RuntimeParams["application_name"] == "" {
		c.ConnConfig.RuntimeParams["application_name"] = "scimserver"
	}
	c.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: 2 * time.Second}
	}
	return c, nil
}

// source says where the URI is.
type source struct{ uri, file string }

func (s source) read() (string, error) {
	if s.file == "" {
		return s.uri, nil
	}
	text, err := os.ReadFile(s.file)
	if err != nil {
		return "", &store.Fault{
			Reason: store.FaultURIInvalid, Err: err,
			Detail: fmt.Sprintf("the file with the URI of the database cannot be read: %v", errors.Unwrap(err)),
		}
	}
	return strings.TrimSpace(string(text)), nil
}

// connector keeps a pool for the URI as it is now: it connects, migrates the schema, tries again where that fails, and
// does it all anew when the file of the URI has changed.
type connector struct {
	s      *Store
	source source
	steps  []migration
	uri    string // of the pool
	failed int    // tries in a row
}

// run connects until ctx ends. first is closed after the first try.
func (c *connector) run(ctx context.Context, first chan<- struct{}) {
	defer close(c.s.stopped)
	for {
		wait := c.look(ctx)
		if first != nil {
			close(first)
			first = nil
		}
		select {
		case <-ctx.Done():
			return
		case <-c.s.wake:
		case <-time.After(wait):
		}
	}
}

// look connects if need be, and returns when to look again.
func (c *connector) look(ctx context.Context) time.Duration {
	uri, err := c.source.read()
	if err == nil && uri == c.uri && c.s.pool.Load() != nil {
		return lookEvery
	}
	var pool *pgxpool.Pool
	if err == nil {
		pool, err = connect(ctx, uri, c.steps)
	}
	if ctx.Err() != nil {
		return lookEvery
	}
	if err != nil {
		return c.note(err)
	}
	c.uri, c.failed = uri, 0
	c.s.problem.Store(nil)
	c.s.usePool(pool)
	c.s.log.Info("connected to the database", "server", describe(pool.Config().ConnConfig))
	return lookEvery
}

// note keeps why there is no new pool. An earlier one goes on working as long as it can.
func (c *connector) note(err error) time.Duration {
	f := store.FaultOf(err)
	if f == nil {
		f = &store.Fault{Reason: store.FaultFailing, Detail: cause(err), Err: err}
	}
	c.failed++
	if old := c.s.problem.Swap(f); old == nil || old.Reason != f.Reason {
		c.s.log.Error("the database cannot be used; trying again", "reason", f.Reason, "problem", f.Detail)
	}
	return min(retryLeast<<min(c.failed-1, 10), retryMost)
}

// describe names a server without user and password.
func describe(c *pgx.ConnConfig) string {
	u := url.URL{Host: fmt.Sprintf("%s:%d", c.Host, c.Port), Path: c.Database}
	return u.Host + "/" + u.Path
}

// connect makes a pool after the schema is up to date and the database takes writes.
func connect(ctx context.Context, uri string, steps []migration) (*pgxpool.Pool, error) {
	config, err := poolConfig(uri)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig.Copy())
	if err != nil {
		return nil, classify(ctx, err)
	}
	err = migrate(ctx, conn, steps)
	if err == nil {
		_, err = conn.Exec(ctx, probeSQL, time.Now().UnixMilli())
	}
	_ = conn.Close(ctx) // nothing is lost with it
	if err != nil {
		return nil, classify(ctx, err)
	}
	return pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
}

// usePool puts a pool in the place of the last one, which is closed when its users are done.
func (s *Store) usePool(pool *pgxpool.Pool) {
	s.full.Store(nil)
	if old := s.pool.Swap(pool); old != nil {
		go old.Close()
	}
}

// lookNow has the connector look at once.
func (s *Store) lookNow() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
