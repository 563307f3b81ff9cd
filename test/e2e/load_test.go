package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// The load of a spec: some connections that create users and read them again, together 40 requests a second, which a
// tenant is allowed by default and two cores bear beside a cluster.
const (
	loadWorkers  = 4
	loadInterval = 200 * time.Millisecond // between a worker's two requests and the next two
)

// load writes users until it is stopped, and knows which of them the server has acknowledged.
type load struct {
	scim connection
	stop context.CancelFunc
	done sync.WaitGroup

	mu       sync.Mutex
	acked    map[string]string // userName by id
	tried    int               // creations
	failures []failure
	took     []time.Duration // of answered requests
	last     time.Time       // of an acknowledgement
	gap      time.Duration   // the longest between two of them
}

// failure is a request that was not answered with success.
type failure struct {
	at     time.Time
	status int // 0: there was no answer
	err    error
}

func (f failure) String() string {
	return fmt.Sprintf("%s: status %d, %v", f.at.Format(time.TimeOnly), f.status, f.err)
}

// startLoad begins; each worker has a connection of its own.
func startLoad(ctx context.Context, c connection) *load {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &load{scim: c, stop: cancel, acked: map[string]string{}, last: time.Now()}
	DeferCleanup(l.end)
	for worker := range loadWorkers {
		l.done.Go(func() { l.work(ctx, worker) })
	}
	return l
}

func (l *load) work(ctx context.Context, worker int) {
	ticks := time.NewTicker(loadInterval)
	defer ticks.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		l.round(ctx, fmt.Sprintf("u%d-%d-%d@example.com", worker, n, time.Now().UnixNano()))
	}
}

// round creates a user, and reads it if there is one.
func (l *load) round(ctx context.Context, userName string) {
	body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"active":true}`, userName)
	a, ok := l.request(ctx, http.MethodPost, "/Users", body, http.StatusCreated)
	if id := a.string("id"); ok {
		l.acknowledge(id, userName)
		l.request(ctx, http.MethodGet, "/Users/"+id, "", http.StatusOK)
	}
}

func (l *load) request(ctx context.Context, method, path, body string, want int) (answer, bool) {
	began := time.Now()
	a, err := l.scim.try(ctx, method, path, body)
	l.mu.Lock()
	defer l.mu.Unlock()
	if method == http.MethodPost {
		l.tried++
	}
	switch {
	case err == nil && a.status == want:
		l.took = append(l.took, time.Since(began))
		return a, true
	case ctx.Err() == nil: // else the end of the load has cut it off
		l.failures = append(l.failures, failure{at: began, status: a.status, err: err})
	}
	return a, false
}

func (l *load) acknowledge(id, userName string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.gap, l.last = max(l.gap, now.Sub(l.last)), now
	l.acked[id] = userName
}

// acknowledged waits until n more users than now have been written.
func (l *load) acknowledged(ctx context.Context, n int, within time.Duration) {
	GinkgoHelper()
	count := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.acked)
	}
	Eventually(count).WithContext(ctx).WithTimeout(within).Should(BeNumerically(">=", count()+n), "writes are acknowledged")
}

// failed are the requests that failed from a time on.
func (l *load) failed(since time.Time) []failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.failures), func(f failure) bool { return f.at.Before(since) })
}

// latency is the time within which 99 % of the requests were answered since the last call.
func (l *load) latency() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.took)
	p99 := l.took[len(l.took)*99/100]
	l.took = nil
	return p99
}

func (l *load) end() {
	l.stop()
	l.done.Wait()
}

// verify ends the load, and finds everything that was acknowledged; what was not may be there or not.
func (l *load) verify(ctx context.Context, name string) {
	GinkgoHelper()
	l.end()
	Expect(l.acked).NotTo(BeEmpty(), "nothing was written")
	found := l.scim.users(ctx)
	for id, userName := range l.acked {
		Expect(found).To(HaveKeyWithValue(id, userName), "a user that was acknowledged")
	}
	Expect(len(found)).To(BeNumerically("<=", l.tried))
	figure(name+": acknowledged writes, all found", len(l.acked))
	figure(name+": requests that failed, by status (0: no answer)", l.statuses())
	figure(name+": longest time without a write", l.gap.Round(time.Millisecond))
}

// statuses counts the failures.
func (l *load) statuses() map[int]int {
	n := map[int]int{}
	for _, f := range l.failures {
		n[f.status]++
	}
	return n
}

// users are all of a tenant, by id.
func (c connection) users(ctx context.Context) map[string]string {
	GinkgoHelper()
	all := map[string]string{}
	for start := 1; ; {
		var a answer
		Eventually(func() error {
			var err error
			a, err = c.try(ctx, http.MethodGet, fmt.Sprintf("/Users?attributes=userName&sortBy=id&count=200&startIndex=%d", start), "")
			if err == nil && a.status != http.StatusOK {
				err = errors.New(http.StatusText(a.status))
			}
			return err
		}).WithContext(ctx).Should(Succeed())
		page, _ := a.body["Resources"].([]any)
		for _, r := range page {
			r := r.(map[string]any)
			all[r["id"].(string)] = r["userName"].(string)
		}
		if start += len(page); len(page) == 0 || start > int(a.body["totalResults"].(float64)) {
			return all
		}
	}
}
