package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

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
			moveUnderLoad(t, &from, &to)
		})
	}
}

// moveUnderLoad moves a tenant while it is written to; from and to say what the servers are like.
func moveUnderLoad(t *testing.T, from, to *mover) {
	t.Helper()
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
	p.verify(b.store)
	t.Logf("%d users, paused %d ms, longest gap between writes %s, %d answers of 503", len(p.users), paused, p.gap, p.paused.Load())
	if p.gap > 5*time.Second || p.noRetry.Load() > 0 {
		t.Errorf("writes paused for %s; %d answers without Retry-After", p.gap, p.noRetry.Load())
	}
	if o, err := b.store.Owner(t.Context(), "ns/a"); err != nil || o != (store.Ownership{Owner: b.owner()}) {
		t.Errorf("owner %v, %v", o, err)
	}
}

// keptOpen is a store that others use further.
type keptOpen struct{ store.Store }

func (keptOpen) Close() error { return nil }

// TestMoveKilled: source and target are killed again and again while a tenant moves to and fro.
func TestMoveKilled(t *testing.T) {
	t.Parallel()
	moveKilled(t, provisioned(), newMover(t, "east", nil), newMover(t, "west", nil))
}

// moveKilled kills two servers again and again while a tenant moves to and fro between them.
func moveKilled(t *testing.T, moving config.Tenant, servers ...*mover) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	servers[0].configure(moving, nil)
	var serving atomic.Int32
	p := newProvider(t, func() *mover { return servers[serving.Load()] })
	p.prepare()
	p.run(3, func() {
		for n := range 4 {
			from, to := servers[n%2], servers[1-n%2]
			id := fmt.Sprint("m", n)
			p.written(20)
			from.configure(moving, from.part(id, config.MoveSource, to))
			to.configure(moving, to.part(id, config.MoveTarget, from))
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
			settle(from, to, id, moving)
			p.written(5) // by way of the source
			serving.Store(int32(1 - n%2))
		}
		p.written(10)
	})
	p.verify(servers[0].store)
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
	p.verify(a.store)
	o, err := b.store.Owner(t.Context(), "ns/a")
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
	if ok, err := a.store.PassOwner(t.Context(), "ns/a", own, store.Ownership{Owner: a.owner(), Mark: store.Sealed("m1.x")}); !ok || err != nil {
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
		o, err := a.store.Owner(context.Background(), "ns/a")
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
	b.store.broken.Store(true)
	p.run(2, func() {
		a.configure(provisioned(), a.part("m1", config.MoveSource, b))
		b.configure(provisioned(), b.part("m1", config.MoveTarget, a))
		eventually(t, "the report says why", func() bool { return strings.Contains(b.phase("ns/a").Error, "killed") })
		p.written(20)
		if got := a.phase("ns/a").Phase; got != config.MoveWaiting {
			t.Errorf("phase of the source: %s", got)
		}
	})
	p.verify(a.store)
}

// miscounting is a store whose counts are not those of what it has.
type miscounting struct{ store.Store }

func (m miscounting) Counts(ctx context.Context, tenant string) (store.Counts, error) {
	c, err := m.Store.Counts(ctx, tenant)
	c.Users++
	return c, err
}

// TestMoveMiscounted: a tenant that counts otherwise at the target than at the source stays at the source, and is written there.
func TestMoveMiscounted(t *testing.T) {
	t.Parallel()
	a := newMover(t, "east", func(m *mover) { m.open = func() store.Store { return miscounting{memory.New()} } })
	b := newMover(t, "west", nil)
	a.configure(provisioned(), nil)
	p := newProvider(t, func() *mover { return a })
	p.prepare()
	p.run(1, func() {
		p.written(5)
		a.configure(provisioned(), a.part("m1", config.MoveSource, b))
		b.configure(provisioned(), b.part("m1", config.MoveTarget, a))
		eventually(t, "the report says why", func() bool { return strings.Contains(b.phase("ns/a").Error, "the source counts") })
		p.written(5)
	})
	if o, err := a.store.Owner(t.Context(), "ns/a"); err != nil || o.Owner != a.owner() {
		t.Errorf("owner at the source: %v, %v", o, err)
	}
	p.verify(a.store)
}

// TestTwoServers: two servers on one database with the same tenant; the second one does not touch it, and says so.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	one := memory.NewShared()
	twoServers(t, func() store.Store { return keptOpen{one.Beside()} })
}

// twoServers has two servers with the same tenant open one database.
func twoServers(t *testing.T, one func() store.Store) {
	t.Helper()
	open := func(m *mover) { m.open = one }
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
	p.verify(b.store)
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
	if o, err := a.store.Owner(t.Context(), "ns/a"); err != nil || errors.Is(err, store.ErrNotOwner) || o.Mark != "" {
		t.Errorf("owner %v, %v", o, err)
	}
}
