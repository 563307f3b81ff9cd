package app

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

const moveKey = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// mover is a server that can be killed and started again under its address.
type mover struct {
	t    *testing.T
	name string
	dir  string
	addr string
	open func() store.Store // nil: SQLite in dir
	tls  [2]string          // files

	mu     sync.Mutex
	config *config.Server
	app    *App
	pipe   *pipe
	store  *brittle
	cancel context.CancelFunc
	ended  chan error
}

// errKilled is what the store of a killed server answers: nothing gets through any more.
var errKilled = fmt.Errorf("%w: killed", store.ErrUnavailable)

func newMover(t *testing.T, name string, change func(*mover)) *mover {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mover{t: t, name: name, dir: t.TempDir(), addr: l.Addr().String()}
	_ = l.Close()
	if change != nil {
		change(m)
	}
	m.start()
	t.Cleanup(m.kill)
	return m
}

func (m *mover) owner() string { return "scim-system/" + m.name + "/uid-" + m.name }

func (m *mover) url() string {
	if m.tls[0] != "" {
		return "https://" + m.addr
	}
	return "http://" + m.addr
}

// start runs the server with the configuration it had.
func (m *mover) start() {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.store = &brittle{Store: m.data(), err: errKilled}
	m.pipe, m.ended = newPipe(), make(chan error, 1)
	o := Options{
		Source: m.pipe, Store: m.store, Listen: m.addr, OpsListen: "127.0.0.1:0", Log: testLog(m.t).With("server", m.name),
		Version: "test", CertFile: m.tls[0], KeyFile: m.tls[1],
		timing: timing{
			cacheAfter: time.Hour, lookEvery: 50 * time.Millisecond, reportEvery: time.Hour, reportGap: time.Millisecond,
			retry: time.Second, retryPurge: 50 * time.Millisecond, fetchLease: time.Second, stop: time.Millisecond,
		},
	}
	eventually(m.t, "the port is free again", func() (free bool) {
		var err error
		o.Metrics = telemetry.New("test")
		m.app, err = New(o)
		return err == nil
	})
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	app, ended := m.app, m.ended
	go func() { ended <- app.Run(ctx) }()
	if m.config != nil {
		m.offerLocked()
	}
}

// data opens what the server keeps.
func (m *mover) data() store.Store {
	m.t.Helper()
	if m.open != nil {
		return m.open()
	}
	s, err := OpenStore(context.Background(), m.dir)
	if err != nil {
		m.t.Fatal(err)
	}
	return s
}

// kill ends the server without letting it finish anything.
func (m *mover) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cancel == nil {
		return
	}
	m.store.broken.Store(true)
	_ = m.app.main.server.Close()
	m.cancel()
	m.cancel = nil
	if err := <-m.ended; err != nil {
		m.t.Logf("%s was killed: %v", m.name, err)
	}
}

// configure gives the server another configuration.
func (m *mover) configure(t config.Tenant, mv *config.Move) {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	t.Move = mv
	m.config = &config.Server{Version: config.Version, Name: "scim-system/" + m.name, BaseURL: "https://scim.example.com", Owner: m.owner(), Tenants: []config.Tenant{t}}
	m.offerLocked()
}

func (m *mover) empty() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.config = &config.Server{Version: config.Version, Name: "scim-system/" + m.name, BaseURL: "https://scim.example.com", Owner: m.owner()}
	m.offerLocked()
}

func (m *mover) offerLocked() {
	m.t.Helper()
	select {
	case m.pipe.in <- encode(m.t, m.config):
		if err := <-m.pipe.out; err != nil {
			m.t.Error(err)
		}
	case <-time.After(patience):
		m.t.Error("nobody takes a configuration")
	}
}

// part is this server's part in a move with another one.
func (m *mover) part(id, role string, other *mover) *config.Move {
	return &config.Move{ID: id, Role: role, Peer: other.url(), PeerOwner: other.owner(), Key: moveKey}
}

func (m *mover) phase(key string) config.MoveReport {
	m.mu.Lock()
	app := m.app
	m.mu.Unlock()
	if r := app.moves.report(key); r != nil {
		return *r
	}
	return config.MoveReport{}
}

func (m *mover) is(phase string) func() bool {
	return func() bool { return m.phase("ns/a").Phase == phase }
}

// provisioned is a tenant with an application that reads the feed.
func provisioned() config.Tenant {
	return tenant("ns/a", func(t *config.Tenant) {
		t.Application = &config.Application{Name: "ns/inventory", Roles: []string{"Viewer"}}
		t.Lifecycle = config.Lifecycle{
			OnCreate:     config.CreatePolicy{Action: config.Create, Role: "Viewer"},
			OnDeactivate: config.Offboarding{Action: config.Deactivate, WhenRefused: config.Reject},
			OnDelete:     config.Offboarding{Action: config.Remove, WhenRefused: config.Reject}, ExistingMember: config.Reject,
		}
	})
}

// selfSigned makes a certificate that nobody trusts.
func selfSigned(t *testing.T) [2]string {
	t.Helper()
	dir := t.TempDir()
	files := [2]string{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
	writePair(t, "scim.example.com", files[0], files[1])
	return files
}

// settle gives both servers the configuration that they have after a move.
func settle(from, to *mover, id string, t config.Tenant) {
	from.configure(t, from.part(id, config.MoveForward, to))
	to.configure(t, to.part(id, config.MoveTarget, from))
}
