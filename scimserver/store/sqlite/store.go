package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/local"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// Options say where the database is.
type Options struct {
	Path    string // of the file; it and its directory are made if need be
	Readers int    // snapshots at the same time, default 16
	// LockWait is how long Open waits for another process that uses the database and may be about to end. 0: not at all.
	LockWait time.Duration
	Log      *slog.Logger // may be nil
}

const defaultReaders = 16

// Store is a store.Store in one SQLite file, which no other process may use meanwhile.
type Store struct {
	local.Claims
	path     string
	lock     *fileLock
	names    names
	hints    *hints
	readers  *pool
	writer   *writer
	written  atomic.Int64 // when something was last committed, Unix nanoseconds
	full     atomic.Bool  // the volume was, and nobody has found room since
	onCommit atomic.Pointer[commitFuncs]

	loading  context.CancelFunc // ends what is read ahead
	loaded   chan struct{}      // closed at its end
	closing  sync.Once
	closeErr error
}

var _ store.Store = (*Store)(nil)

// Open opens the database, makes it if it is not there, and brings its schema up to date. The error
// names the file and wraps store.ErrUnavailable where the disk is to blame.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Readers <= 0 {
		o.Readers = defaultReaders
	}
	s, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", o.Path, classify(err))
	}
	return s, nil
}

func open(ctx context.Context, o Options) (*Store, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, err
	}
	lock, err := awaitLock(ctx, o, path)
	if err != nil {
		return nil, err
	}
	reservePages(path)
	s := &Store{path: path, lock: lock, hints: newHints(), loaded: make(chan struct{})}
	if err := migrate(ctx, path); err != nil {
		return nil, errors.Join(err, lock.release())
	}
	if err := s.start(o); err != nil {
		return nil, errors.Join(err, lock.release())
	}
	return s, nil
}

// mostPages is how many pages of 4 KiB are kept in memory, and fewestPages is what is worth a reservation: an idle server of a
// small database is to be small.
const (
	fewestPages = 2048
	mostPages   = 10240
)

// reservePages takes memory for a third of the pages of the database, if it is a large one: for what lies above the leaves of
// its trees, and most of its indexes.
func reservePages(path string) {
	info, err := os.Stat(path)
	if err != nil {
		return
	}
	if pages := info.Size() >> 12 / 3; pages >= fewestPages {
		conn.ReservePages(int(min(pages, mostPages)))
	}
}

func (s *Store) start(o Options) error {
	main, err := openSession(s.path, writerPragmas)
	if err != nil {
		return err
	}
	if err := s.names.load(main); err != nil {
		return errors.Join(err, main.close())
	}
	s.readers = newPool(o.Readers, func() (*session, error) { return openSession(s.path, readerPragmas) })
	second, err := openSession(s.path, writerPragmas)
	if err != nil {
		return errors.Join(err, main.close())
	}
	y, err := newSyncer(s.path)
	if err != nil {
		return errors.Join(err, second.close(), main.close())
	}
	if err := main.conn.DelaySync(); err != nil {
		return errors.Join(err, second.close(), main.close(), y.close())
	}
	s.writer = newWriter(s, main, y, newCheckpointer(second))
	ctx, cancel := context.WithCancel(context.Background())
	s.loading = cancel
	go func() {
		defer close(s.loaded)
		s.loadHints(ctx)
	}()
	return nil
}

// The file is in WAL mode since its creation. Temporary data are kept in memory, as the root file
// system may be read-only; nothing of them is large. The cache is in KiB where negative. Foreign keys
// are not checked: who refers to a row has looked for it in the same transaction, and a check would
// read its page again.
var (
	commonPragmas = []string{"busy_timeout(5000)", "foreign_keys(0)", "temp_store(MEMORY)"}
	writerPragmas = append([]string{"synchronous(FULL)", writerCache,
		"journal_size_limit(100663296)", "cell_size_check(1)"}, commonPragmas...)
	readerPragmas = append([]string{"query_only(1)", readerCache}, commonPragmas...)
)

// writerCache is as large as what mostPages has room for: the writer may use all of it.
const writerCache = "cache_size(-32768)"

// readerCache holds the upper levels of the trees. A reader that has as many pages takes over those that no connection has
// used for longest, and keeps them until it reads the next time after a commit.
const readerCache = "cache_size(-1024)"

// View implements store.Store. What fn has seen is durable when View returns.
func (s *Store) View(ctx context.Context, tenant string, fn func(store.Reader) error) error {
	read, err := s.view(ctx, tenant, fn)
	return cmp.Or(s.writer.syncer.await(ctx, read), err)
}

// view tells which tables fn has read.
func (s *Store) view(ctx context.Context, tenant string, fn func(store.Reader) error) (read conn.Tables, err error) {
	session, err := s.readers.get(ctx)
	if err != nil {
		return 0, err
	}
	defer s.readers.put(session)
	session.reads = mirrored
	defer func() { read = session.reads }()
	v := &snapshot{s: s, session: session, key: tenant, tenant: s.names.tenant(tenant)}
	defer v.end()
	return 0, fn(v)
}

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, tenant string, fn func(store.Writer) error) error {
	return s.heed(s.writer.update(&request{ctx: ctx, tenant: tenant, fn: func(t *tx) error { return fn(t) }}))
}

const countsSQL = `SELECT y.name, t.total, t.active FROM tally t JOIN tenant n ON n.id = t.tenant JOIN symbol y ON y.id = t.type
	WHERE n.key = ?1`

// Counts implements store.Store.
func (s *Store) Counts(ctx context.Context, tenant string) (c store.Counts, err error) {
	session, err := s.readers.get(ctx)
	if err != nil {
		return c, err
	}
	defer s.readers.put(session)
	st, err := session.prepare(countsSQL)
	if err != nil {
		return c, classify(err)
	}
	defer st.Reset()
	st.BindText(1, tenant)
	for {
		row, err := st.Step()
		if err != nil || !row {
			return c, classify(err)
		}
		addCounts(&c, st.Text(0), st.Int64(1), st.Int64(2))
	}
}

func addCounts(c *store.Counts, typ string, total, active int64) {
	switch typ {
	case store.TypeUser:
		c.Users, c.ActiveUsers = total, active
	case store.TypeGroup:
		c.Groups = total
	case memberSymbol:
		c.Members, c.ActiveMembers = total, active
	}
}

const (
	probeSQL   = "INSERT INTO probe (id, at) VALUES (1, ?1) ON CONFLICT DO UPDATE SET at = excluded.at"
	probeAfter = 5 * time.Second
)

// Ping implements store.Store. It writes a row, unless something was committed a moment ago.
func (s *Store) Ping(ctx context.Context) error {
	if s.readers.closed() {
		return errClosed
	}
	if err := s.findRoom(); err != nil {
		return err
	}
	if time.Since(time.Unix(0, s.written.Load())) < probeAfter {
		return ctx.Err()
	}
	return s.writer.update(&request{ctx: ctx, fn: func(t *tx) error {
		return t.writeInts(probeSQL, time.Now().UnixMilli())
	}})
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.loading()
		<-s.loaded
		s.closeErr = errors.Join(s.readers.close(), s.writer.close(), s.lock.release())
	})
	return s.closeErr
}
