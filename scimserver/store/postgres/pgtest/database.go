package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Variable names a server for tests, whose user may create schemas.
const Variable = "TEST_POSTGRES_URI"

// shared is the server of all tests of a test binary.
var shared = sync.OnceValues(func() (home, error) {
	if uri := os.Getenv(Variable); uri != "" {
		return home{uri: uri}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	s, err := Start(ctx, Options{})
	if err != nil {
		return home{}, err
	}
	return home{uri: s.URI("postgres"), server: s}, nil
})

// home is where the databases of tests are.
type home struct {
	uri    string
	server *Server // kept, as it ends when nobody holds its leash; nil: it is not ours
}

// Database returns the URI of an empty database of the test's own, on the server that all tests of the binary share. It is a
// schema, which the path of the URI's connections leads to, and goes with the test.
func Database(tb testing.TB) string {
	tb.Helper()
	at, err := shared()
	if err != nil {
		tb.Fatalf("PostgreSQL for tests: %v", err)
	}
	schema := "test_" + strings.ToLower(rand.Text())
	execute(tb, at.uri, "CREATE SCHEMA "+schema)
	tb.Cleanup(func() { execute(tb, at.uri, "DROP SCHEMA "+schema+" CASCADE") })
	uri, err := WithParameter(at.uri, "search_path", schema)
	if err != nil {
		tb.Fatal(err)
	}
	return uri
}

// WithParameter adds a parameter to a URI.
func WithParameter(uri, name, value string) (string, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return "", fmt.Errorf("%s: %w", Variable, err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func execute(tb testing.TB, uri, sql string) {
	tb.Helper()
	if err := Execute(context.Background(), uri, sql); err != nil {
		tb.Fatal(err)
	}
}

// Execute runs statements without parameters.
func Execute(ctx context.Context, uri string, statements ...string) error {
	conn, err := pgx.Connect(ctx, uri)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost with it
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}
