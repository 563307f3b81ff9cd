package outbox

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

// application is an Endpoint that does what a test says, and remembers.
type application struct {
	mu      sync.Mutex
	answer  func(ctx context.Context, id string) (webhook.Answer, error)
	sent    []string // ids, in the order of their attempts
	at      []time.Time
	running int
	most    int // attempts at a time
}

func answering(status int) func(context.Context, string) (webhook.Answer, error) {
	return func(context.Context, string) (webhook.Answer, error) { return webhook.Answer{Status: status}, nil }
}

// hanging is never answered; the attempt ends after the timeout, or when it is given up.
func hanging(ctx context.Context, _ string) (webhook.Answer, error) {
	select {
	case <-ctx.Done():
		return webhook.Answer{}, &webhook.SendError{Reason: "Canceled"}
	case <-time.After(5 * time.Second):
		return webhook.Answer{}, &webhook.SendError{Reason: "Timeout"}
	}
}

func (a *application) Send(ctx context.Context, m webhook.Message) (webhook.Answer, error) {
	a.mu.Lock()
	a.sent, a.at = append(a.sent, m.ID), append(a.at, time.Now())
	a.running++
	a.most = max(a.most, a.running)
	answer := a.answer
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.running--
		a.mu.Unlock()
	}()
	return answer(ctx, m.ID)
}

func (a *application) becomes(answer func(context.Context, string) (webhook.Answer, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
}

func (a *application) got() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.sent)
}

func (a *application) times() []time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.at)
}

// tally counts what a Dispatcher tells.
type tally struct {
	mu       sync.Mutex
	outcomes map[Outcome]int
	slowest  time.Duration
	takes    time.Duration // to be told
}

func (y *tally) Attempted(_ string, o Outcome, _ time.Duration) {
	<-time.After(y.takes)
	y.mu.Lock()
	defer y.mu.Unlock()
	y.outcomes[o]++
}

func (y *tally) Acknowledged(_ string, after time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.slowest = max(y.slowest, after)
}

func (y *tally) count(o Outcome) int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.outcomes[o]
}

// stage is a Dispatcher with its surroundings, inside of a synctest bubble: the time in it is not real.
type stage struct {
	*testing.T
	box    *box
	tally  *tally
	d      *Dispatcher
	cancel context.CancelFunc
	ended  chan error
	log    *strings.Builder
}

func play(t *testing.T, run func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, box: newBox(), log: &strings.Builder{}}
		s.start()
		run(s)
		s.stop()
		if strings.Contains(s.log.String(), "@") {
			t.Errorf("personal data in the log:\n%s", s.log)
		}
	})
}

func (s *stage) start() {
	s.tally = &tally{outcomes: map[Outcome]int{}}
	log := slog.New(slog.NewTextHandler(s.log, nil))
	s.d = New(Options{Store: s.box, Observe: s.tally, Log: log, Timing: DefaultTiming()})
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.ended = cancel, make(chan error, 1)
	go func() { s.ended <- s.d.Run(ctx) }()
}

func (s *stage) stop() {
	s.Helper()
	s.cancel()
	if err := <-s.ended; err != context.Canceled {
		s.Errorf("Run: %v", err)
	}
}

// route gives each tenant the application beside it.
func (s *stage) route(pairs map[string]*application) {
	var routes []Route
	for tenant, a := range pairs {
		routes = append(routes, Route{Tenant: tenant, Receiver: receiverKey(a), Endpoint: a, Name: "ns/app"})
	}
	s.d.Configure(routes)
}

var keys sync.Map

func receiverKey(a *application) string {
	key, _ := keys.LoadOrStore(a, time.Now().String()+strings.Repeat("x", size()))
	return key.(string)
}

func size() (n int) {
	keys.Range(func(any, any) bool { n++; return true })
	return n
}

// emit adds an event and tells the dispatcher.
func (s *stage) emit(tenant string, members ...string) {
	for _, m := range members {
		s.box.add(tenant, m)
	}
	s.d.Wake(tenant)
}

// pass lets time go by, and everything happen that does so meanwhile.
func (s *stage) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func ok() *application { return &application{answer: answering(http.StatusOK)} }
