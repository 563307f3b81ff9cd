package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// provider sends requests of an identity provider, which tries again what was not answered.
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
