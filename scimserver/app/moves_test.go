package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
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
	cord   *cord
	cancel context.CancelFunc
	ended  chan error
}

// cord is a store that can be torn off: then nothing gets through any more, as from a process that was killed.
type cord struct {
	store.Store
	torn atomic.Bool
}

var errTorn = fmt.Errorf("%w: killed", store.ErrUnavailable)

func (c *cord) Update(ctx context.Context, tenant string, fn func(store.Writer) error) error {
	if c.torn.Load() {
		return errTorn
	}
	return c.Store.Update(ctx, tenant, fn)
}

func (c *cord) PassOwner(ctx context.Context, tenant string, from, to store.Ownership) (bool, error) {
	if c.torn.Load() {
		return false, errTorn
	}
	return c.Store.PassOwner(ctx, tenant, from, to)
}

func (c *cord) Load(ctx context.Context, tenant string, remove []store.RowKey, rows []store.Row) error {
	if c.torn.Load() {
		return errTorn
	}
	return c.Store.Load(ctx, tenant, remove, rows)
}

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
	m.cord = &cord{Store: m.data()}
	m.pipe, m.ended = newPipe(), make(chan error, 1)
	o := Options{
		Source: m.pipe, Store: m.cord, Listen: m.addr, OpsListen: "127.0.0.1:0", Log: testLog(m.t).With("server", m.name),
		Metrics: telemetry.New("test"), Version: "test", CertFile: m.tls[0], KeyFile: m.tls[1],
		timing: timing{
			cacheAfter: time.Hour, lookEvery: 50 * time.Millisecond, reportEvery: time.Hour, reportGap: time.Millisecond,
			retry: time.Second, retryPurge: 50 * time.Millisecond, stop: time.Millisecond,
		},
	}
	eventually(m.t, "the port is free again", func() (free bool) {
		var err error
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
	m.cord.torn.Store(true)
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

// client sends requests of an identity provider, which tries again what was not answered.
type provider struct {
	t    *testing.T
	http *http.Client
	to   func() *mover
	mu   sync.Mutex
	// What was acknowledged.
	users   map[string]string // ids by userName
	deleted map[string]bool   // ids
	members map[string]bool   // of the group, ids
	group   string
	runs    int

	gap     time.Duration // the longest time between two acknowledged writes
	last    time.Time
	tries   atomic.Int64 // requests
	failed  atomic.Int64 // answers that are none of 2xx or 503
	paused  atomic.Int64 // answers of 503
	noRetry atomic.Int64 // of them without Retry-After
}

func newProvider(t *testing.T, to func() *mover) *provider {
	return &provider{
		t: t, http: testClient(), to: to, users: map[string]string{}, deleted: map[string]bool{}, members: map[string]bool{},
	}
}

func testClient() *http.Client {
	return &http.Client{Timeout: 2 * patience, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 8, //nolint:gosec // of a test
	}}
}

// selfSigned makes a certificate that nobody trusts.
func selfSigned(t *testing.T) [2]string {
	t.Helper()
	dir := t.TempDir()
	files := [2]string{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
	writePair(t, "scim.example.com", files[0], files[1])
	return files
}

// send repeats a request until it is answered, and tells whether an earlier try may have got through.
func (p *provider) send(ctx context.Context, method, path, body string) (code int, text string, again bool) {
	for ; ; again = true {
		req, err := http.NewRequestWithContext(ctx, method, p.to().url()+"/ns/a/scim/v2"+path, strings.NewReader(body))
		if err != nil {
			p.t.Error(err)
			return 0, "", again
		}
		req.Header.Set("Authorization", "Bearer secret")
		req.Header.Set("Content-Type", "application/scim+json")
		p.tries.Add(1)
		res, err := p.http.Do(req)
		if err == nil {
			var raw []byte
			raw, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
			code, text = res.StatusCode, string(raw)
		}
		if err == nil && code != http.StatusServiceUnavailable && code != http.StatusTooManyRequests {
			return code, text, again
		}
		if err == nil {
			p.paused.Add(1)
			if _, bad := strconv.Atoi(res.Header.Get("Retry-After")); bad != nil {
				p.noRetry.Add(1)
			}
		}
		select {
		case <-ctx.Done():
			return 0, "", again
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// tried waits until n further requests were sent, whatever came of them.
func (p *provider) tried(n int) {
	p.t.Helper()
	want := p.tries.Load() + int64(n)
	eventually(p.t, "further requests", func() bool { return p.tries.Load() >= want })
}

// work writes until ctx ends.
func (p *provider) work(ctx context.Context, worker int) {
	var own []string
	random := rand.New(rand.NewPCG(7, uint64(worker)))
	for n := 0; ctx.Err() == nil; n++ {
		name := fmt.Sprintf("u%d-%d-%d", p.runs, worker, n)
		code, text, again := p.send(ctx, http.MethodPost, "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+name+`"}`)
		var made struct{ ID string }
		switch {
		case code == http.StatusCreated && json.Unmarshal([]byte(text), &made) == nil:
			p.acknowledged(func() { p.users[name] = made.ID })
			own = append(own, made.ID)
		case code == http.StatusConflict && again: // the try before got through
			p.acknowledged(func() { p.users[name] = "" })
			continue
		case ctx.Err() != nil:
			return
		default:
			p.failed.Add(1)
			p.t.Errorf("create: %d %s", code, text)
			return
		}
		switch id := own[random.IntN(len(own))]; random.IntN(4) {
		case 0:
			code, _, _ := p.send(ctx, http.MethodPatch, "/Groups/"+p.group,
				`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":"`+made.ID+`"}]}]}`)
			if code/100 == 2 {
				p.acknowledged(func() { p.members[made.ID] = true })
			} else if ctx.Err() == nil {
				p.t.Errorf("add a member: %d", code)
			}
		case 1:
			if id == made.ID || p.isMember(id) {
				continue
			}
			code, _, again := p.send(ctx, http.MethodDelete, "/Users/"+id, "")
			if code == http.StatusNoContent || code == http.StatusNotFound && again {
				p.acknowledged(func() { p.deleted[id] = true })
				own = without(own, id)
			} else if ctx.Err() == nil {
				p.t.Errorf("delete: %d", code)
			} else {
				p.mu.Lock()
				p.deleted[id] = false // nobody knows
				p.mu.Unlock()
			}
		}
	}
}

func without(list []string, id string) (out []string) {
	for _, x := range list {
		if x != id {
			out = append(out, x)
		}
	}
	return out
}

func (p *provider) isMember(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.members[id]
}

func (p *provider) acknowledged(note func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !p.last.IsZero() {
		p.gap = max(p.gap, now.Sub(p.last))
	}
	p.last = now
	note()
}

func (p *provider) prepare() {
	p.t.Helper()
	code, text, _ := p.send(p.t.Context(), http.MethodPost, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"crew"}`)
	var made struct{ ID string }
	if code != http.StatusCreated || json.Unmarshal([]byte(text), &made) != nil {
		p.t.Fatalf("create the group: %d %s", code, text)
	}
	p.group = made.ID
}

// verify looks for everything that was acknowledged, in the database of the server that has the tenant now.
func (p *provider) verify(s store.Store) {
	p.t.Helper()
	ctx := context.Background()
	byName, ids := map[string][]string{}, map[string]bool{}
	members, active := map[string]int{}, int64(0)
	err := s.View(ctx, "ns/a", func(r store.Reader) error {
		for position := ""; ; {
			users, last, err := r.UsersAfter(ctx, position, 500)
			if err != nil {
				return err
			}
			for _, u := range users {
				var doc struct{ UserName string }
				if err := json.Unmarshal(u.Doc, &doc); err != nil {
					return err
				}
				byName[doc.UserName], ids[u.ID] = append(byName[doc.UserName], u.ID), true
				if _, err := r.MemberOf(ctx, u.ID); err != nil {
					p.t.Errorf("user %s has no member: %v", u.ID, err)
				}
			}
			if position = last; len(users) < 500 {
				break
			}
		}
		page, err := r.MemberPage(ctx, "", 1_000_000)
		for _, m := range page {
			if m.Active {
				active++
			}
		}
		if err != nil {
			return err
		}
		return r.Members(ctx, p.group, func(m store.Member) error {
			members[m.ID]++
			return nil
		})
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	lost := 0
	for name, id := range p.users {
		_, touched := p.deleted[id]
		switch found := byName[name]; {
		case len(found) > 1:
			p.t.Errorf("user %s is there %d times", name, len(found))
		case touched && p.deleted[id] && len(found) == 1:
			p.t.Errorf("user %s was deleted and is there", name)
		case !touched && len(found) == 0:
			lost++
		case !touched && id != "" && found[0] != id:
			p.t.Errorf("user %s has another id", name)
		}
	}
	if lost > 0 {
		p.t.Errorf("%d of %d acknowledged users are lost", lost, len(p.users))
	}
	for id := range p.members {
		if members[id] != 1 && ids[id] {
			p.t.Errorf("member %s is in the group %d times", id, members[id])
		}
	}
	if int64(len(ids)) != active {
		p.t.Errorf("%d users and %d active members", len(ids), active)
	}
	p.events(s)
}

// events checks that no event is lost or told twice.
func (p *provider) events(s store.Store) {
	var next int64
	created := map[string]int{}
	for {
		list, err := s.Events(context.Background(), "ns/a", next, 1000)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, e := range list {
			if next++; e.Sequence != next {
				p.t.Fatalf("event %d follows %d", e.Sequence, next-1)
			}
			if e.Type == store.MemberCreated {
				if created[e.MemberID]++; created[e.MemberID] > 1 {
					p.t.Errorf("member %s was created twice", e.MemberID)
				}
			}
		}
		if len(list) < 1000 {
			return
		}
	}
}

// run lets workers write while f does something.
func (p *provider) run(workers int, f func()) {
	p.runs++
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() { p.work(ctx, w) })
	}
	f()
	cancel()
	all.Wait()
}

// written waits until n further writes were acknowledged.
func (p *provider) written(n int) {
	p.t.Helper()
	count := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.users)
	}
	want := count() + n
	eventually(p.t, "further writes", func() bool { return count() >= want })
}

// settle gives both servers the configuration that they have after a move.
func settle(from, to *mover, id string, t config.Tenant) {
	from.configure(t, from.part(id, config.MoveForward, to))
	to.configure(t, to.part(id, config.MoveTarget, from))
}

// TestMove: a tenant goes from one server to another under load, by a URL that stays.
func TestMove(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(from, to *mover){
		"SQLite": func(*mover, *mover) {},
		"TLS": func(from, to *mover) {
			from.tls, to.tls = selfSigned(t), selfSigned(t)
		},
		"one database": func(from, to *mover) {
			one := memory.NewShared()
			from.open = func() store.Store { return keptOpen{one.Beside()} }
			to.open = from.open
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var from, to mover
			change(&from, &to)
			a := newMover(t, "east", func(m *mover) { m.tls, m.open = from.tls, from.open })
			b := newMover(t, "west", func(m *mover) { m.tls, m.open = to.tls, to.open })
			a.configure(provisioned(), nil)
			p := newProvider(t, func() *mover { return a })
			p.prepare()
			var paused int64
			p.run(3, func() {
				p.written(30)
				a.configure(provisioned(), a.part("m1", config.MoveSource, b))
				b.configure(provisioned(), b.part("m1", config.MoveTarget, a))
				eventually(t, "the tenant is there", b.is(config.MoveDone))
				paused = b.phase("ns/a").PausedMillis
				p.written(30) // by way of the source
				settle(a, b, "m1", provisioned())
				p.written(30)
			})
			p.verify(b.cord)
			t.Logf("%d users, paused %d ms, longest gap between writes %s, %d answers of 503", len(p.users), paused, p.gap, p.paused.Load())
			if p.gap > 5*time.Second || p.noRetry.Load() > 0 {
				t.Errorf("writes paused for %s; %d answers without Retry-After", p.gap, p.noRetry.Load())
			}
			if o, err := b.cord.Owner(t.Context(), "ns/a"); err != nil || o != (store.Ownership{Owner: b.owner()}) {
				t.Errorf("owner %v, %v", o, err)
			}
		})
	}
}

// keptOpen is a store that others use further.
type keptOpen struct{ store.Store }

func (keptOpen) Close() error { return nil }

// TestMoveKilled: source and target are killed again and again while a tenant moves to and fro.
func TestMoveKilled(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	servers := [2]*mover{newMover(t, "east", nil), newMover(t, "west", nil)}
	servers[0].configure(provisioned(), nil)
	var serving atomic.Int32
	p := newProvider(t, func() *mover { return servers[serving.Load()] })
	p.prepare()
	p.run(3, func() {
		for n := range 4 {
			from, to := servers[n%2], servers[1-n%2]
			id := fmt.Sprint("m", n)
			p.written(20)
			from.configure(provisioned(), from.part(id, config.MoveSource, to))
			to.configure(provisioned(), to.part(id, config.MoveTarget, from))
			for range 6 {
				p.tried(random.IntN(60))
				victim := servers[random.IntN(2)]
				victim.kill()
				victim.start()
			}
			for wait := 0; wait < 100 && !to.is(config.MoveDone)(); wait++ { // attempts become rarer as they fail
				p.tried(50)
			}
			eventually(t, "the tenant is there", to.is(config.MoveDone))
			settle(from, to, id, provisioned())
			p.written(5) // by way of the source
			serving.Store(int32(1 - n%2))
		}
		p.written(10)
	})
	p.verify(servers[0].cord)
	t.Logf("%d users, longest gap between writes %s, %d answers of 503", len(p.users), p.gap, p.paused.Load())
}

// TestMoveBack: a move that is called off leaves the tenant where it is.
func TestMoveBack(t *testing.T) {
	t.Parallel()
	a, b := newMover(t, "east", nil), newMover(t, "west", nil)
	a.configure(provisioned(), nil)
	p := newProvider(t, func() *mover { return a })
	p.prepare()
	p.run(2, func() {
		p.written(20)
		b.configure(provisioned(), b.part("m1", config.MoveTarget, a)) // which the source knows nothing of
		eventually(t, "the source refuses", func() bool { return strings.Contains(b.phase("ns/a").Error, "404") })
		p.written(5)
		b.empty()
		a.configure(provisioned(), nil)
		p.written(5)
	})
	p.verify(a.cord)
	o, err := b.cord.Owner(t.Context(), "ns/a")
	if err != nil || o.Owner != "" {
		t.Errorf("owner at the target: %v, %v", o, err)
	}
}

// TestMoveSealBreaks: a target that dies under the seal does not stop the tenant.
func TestMoveSealBreaks(t *testing.T) {
	t.Parallel()
	a := newMover(t, "east", nil)
	a.configure(provisioned(), nil)
	p := newProvider(t, func() *mover { return a })
	p.prepare()
	own := store.Ownership{Owner: a.owner()}
	if ok, err := a.cord.PassOwner(t.Context(), "ns/a", own, store.Ownership{Owner: a.owner(), Mark: store.Sealed("m1.x")}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	body := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann"}`
	i := &instance{t: t, app: a.app}
	if code, text := i.request(http.MethodPost, "/Users", "secret", body); code != http.StatusServiceUnavailable || !strings.Contains(text, "moving") {
		t.Errorf("a write under the seal: %d %s", code, text)
	}
	i.expect(http.StatusOK, http.MethodGet, "/Groups/"+p.group, "secret", "")
	a.kill()
	a.start()
	eventually(t, "the tenant is written again", func() bool {
		o, err := a.cord.Owner(context.Background(), "ns/a")
		return err == nil && o == own
	})
	i = &instance{t: t, app: a.app}
	i.expect(http.StatusCreated, http.MethodPost, "/Users", "secret", body)
}

// TestMoveRefused: the target cannot take the tenant; the source serves further, and the report says why.
func TestMoveRefused(t *testing.T) {
	t.Parallel()
	a, b := newMover(t, "east", nil), newMover(t, "west", nil)
	a.configure(provisioned(), nil)
	p := newProvider(t, func() *mover { return a })
	p.prepare()
	b.cord.torn.Store(true)
	p.run(2, func() {
		a.configure(provisioned(), a.part("m1", config.MoveSource, b))
		b.configure(provisioned(), b.part("m1", config.MoveTarget, a))
		eventually(t, "the report says why", func() bool { return strings.Contains(b.phase("ns/a").Error, "killed") })
		p.written(20)
		if got := a.phase("ns/a").Phase; got != config.MoveWaiting {
			t.Errorf("phase of the source: %s", got)
		}
	})
	p.verify(a.cord)
}

// TestTwoServers: two servers on one database with the same tenant; the second one does not touch it, and says so.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	one := memory.NewShared()
	open := func(m *mover) { m.open = func() store.Store { return keptOpen{one.Beside()} } }
	a, b := newMover(t, "east", open), newMover(t, "west", open)
	a.configure(provisioned(), nil)
	p := newProvider(t, func() *mover { return a })
	p.prepare()
	b.configure(provisioned(), nil)
	i := &instance{t: t, app: b.app}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if code, text := i.request(method, "/Users", "secret", `{"userName":"bob"}`); code != http.StatusServiceUnavailable || !strings.Contains(text, "belongs to another server") {
			t.Errorf("%s at the second server: %d %s", method, code, text)
		}
	}
	report := b.app.newReports().report().Tenants["ns/a"]
	if report.Owner != a.owner() || report.Hash != "" || !strings.Contains(report.Error, a.owner()) {
		t.Errorf("report of the second server: %+v", report)
	}
	p.run(1, func() { p.written(5) })

	taken := provisioned()
	taken.TakeFrom = "scim-system/north/uid-north"
	b.configure(taken, nil)
	i.expect(http.StatusServiceUnavailable, http.MethodGet, "/Users", "secret", "")
	a.kill() // for good
	taken.TakeFrom = a.owner()
	b.configure(taken, nil)
	i.expect(http.StatusOK, http.MethodGet, "/Users", "secret", "")
	b.kill()
	b.start() // it is still its own
	p.to = func() *mover { return b }
	p.run(1, func() { p.written(5) })
	p.verify(one)
}

// TestMoveStrangers: without the key of a move nothing is answered.
func TestMoveStrangers(t *testing.T) {
	t.Parallel()
	a, b := newMover(t, "east", nil), newMover(t, "west", nil)
	a.configure(provisioned(), a.part("m1", config.MoveSource, b))
	for what, header := range map[string]http.Header{
		"no move":     {},
		"other move":  {"Scim-Move": {"m2"}, "Scim-Move-Key": {moveKey}},
		"no key":      {"Scim-Move": {"m1"}},
		"another key": {"Scim-Move": {"m1"}, "Scim-Move-Key": {strings.Repeat("0", 64)}},
	} {
		for _, order := range []string{"standing", "sums", "rows", "seal", "give", "yield", "unseal", "nothing"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url()+"/-/move/"+order, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header = header
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusNotFound {
				t.Errorf("%s, %s: %d", what, order, res.StatusCode)
			}
		}
	}
	if o, err := a.cord.Owner(t.Context(), "ns/a"); err != nil || errors.Is(err, store.ErrNotOwner) || o.Mark != "" {
		t.Errorf("owner %v, %v", o, err)
	}
}
