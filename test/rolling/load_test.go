package rolling

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/test/program"
)

const (
	workers   = 6
	workEvery = 40 * time.Millisecond // a request of each worker
	mediaType = "application/scim+json"
)

// request is one that was sent.
type request struct {
	began time.Time
	took  time.Duration
	what  string
	err   error
}

// person is a user, as far as its worker knows.
type person struct {
	id, name string
	title    string   // as it was acknowledged last
	doubtful []string // titles that were sent since, of which nobody knows
}

// load is the traffic of an identity provider: each worker creates, changes, reads and looks up users of its own.
type load struct {
	base, token string
	stop        chan struct{}
	running     sync.WaitGroup

	mu       sync.Mutex
	requests []request
	people   []*person
	missed   []string // what was acknowledged and then not found
}

func newLoad(base string, tenant program.Tenant) *load {
	return &load{base: base + tenant.Base, token: tenant.Token, stop: make(chan struct{})}
}

func (l *load) start() {
	for n := range workers {
		l.running.Go(func() {
			w := &worker{load: l, number: n, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2}, Timeout: 30 * time.Second}}
			defer w.client.CloseIdleConnections()
			w.run()
		})
	}
}

func (l *load) end() {
	close(l.stop)
	l.running.Wait()
}

// between are the requests that began in a time.
func (l *load) between(from, to time.Time) (list []request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.requests {
		if !r.began.Before(from) && r.began.Before(to) {
			list = append(list, r)
		}
	}
	return list
}

func failed(list []request) []request {
	return slices.DeleteFunc(slices.Clone(list), func(r request) bool { return r.err == nil })
}

// percentile is in milliseconds.
func percentile(list []request, p float64) float64 {
	took := make([]time.Duration, len(list))
	for i, r := range list {
		took[i] = r.took
	}
	slices.Sort(took)
	if len(took) == 0 {
		return 0
	}
	return float64(took[min(len(took)-1, int(float64(len(took))*p))].Microseconds()) / 1000
}

type worker struct {
	*load
	number int
	client *http.Client
	own    []*person
}

func (w *worker) run() {
	ticker := time.NewTicker(workEvery)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-w.stop:
			return
		case <-ticker.C:
		}
		if len(w.own) == 0 || n%4 == 0 {
			w.create(n)
			continue
		}
		p := w.own[n*7%len(w.own)]
		switch n % 4 {
		case 1:
			w.change(p, fmt.Sprint("title ", n))
		case 2:
			w.read(p)
		default:
			w.lookUp(p)
		}
	}
}

type user struct {
	ID       string `json:"id"`
	UserName string `json:"userName"`
	Title    string `json:"title"`
}

func (w *worker) create(n int) {
	name := fmt.Sprintf("w%d-%d@example.com", w.number, n)
	body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"title":"new"}`, name)
	var u user
	if w.send(http.MethodPost, "/Users", body, http.StatusCreated, &u) != nil {
		return
	}
	p := &person{id: u.ID, name: name, title: "new"}
	w.own = append(w.own, p)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.people = append(w.people, p)
}

func (w *worker) change(p *person, title string) {
	body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":%q}]}`, title)
	if w.send(http.MethodPatch, "/Users/"+p.id, body, http.StatusOK, nil) != nil {
		p.doubtful = append(p.doubtful, title)
		return
	}
	p.title, p.doubtful = title, nil
}

func (w *worker) read(p *person) {
	var u user
	if w.send(http.MethodGet, "/Users/"+p.id, "", http.StatusOK, &u) == nil {
		w.compare(p, u.Title)
	}
}

func (w *worker) lookUp(p *person) {
	var list struct{ Resources []user }
	query := "/Users?filter=" + url.QueryEscape(fmt.Sprintf("userName eq %q", p.name))
	if w.send(http.MethodGet, query, "", http.StatusOK, &list) != nil {
		return
	}
	if len(list.Resources) != 1 {
		w.miss("%s is found %d times", p.name, len(list.Resources))
		return
	}
	w.compare(p, list.Resources[0].Title)
}

func (w *worker) compare(p *person, title string) {
	if title != p.title && !slices.Contains(p.doubtful, title) {
		w.miss("%s has the title %q, which was set to %q", p.name, title, p.title)
	}
}

func (l *load) miss(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missed = append(l.missed, fmt.Sprintf(format, args...))
}

// send is one request, with an answer of the status.
func (w *worker) send(method, path, body string, status int, into any) error {
	began := time.Now()
	err := w.exchange(method, path, body, status, into)
	what, _, _ := strings.Cut(method+" "+path, "?")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, request{began: began, took: time.Since(began), what: what, err: err})
	return err
}

func (w *worker) exchange(method, path, body string, status int, into any) error {
	req, err := http.NewRequest(method, w.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	req.Header.Set("Content-Type", mediaType)
	res, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode != status:
		return fmt.Errorf("%s: %.300s", res.Status, text)
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}

// verify looks for everything that was acknowledged, and returns the titles by user.
func (l *load) verify(t *testing.T, base string) map[string]string {
	t.Helper()
	w := &worker{load: &load{base: base, token: l.token}, client: http.DefaultClient}
	titles := map[string]string{}
	for _, p := range l.people {
		var u user
		if err := w.send(http.MethodGet, "/Users/"+p.id, "", http.StatusOK, &u); err != nil {
			t.Errorf("%s was acknowledged: %v", p.name, err)
			continue
		}
		w.compare(p, u.Title)
		titles[p.id] = u.Title
	}
	for _, what := range append(l.missed, w.missed...) {
		t.Error(what)
	}
	return titles
}
