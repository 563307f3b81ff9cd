package leader

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

var election = Lease{Duration: 15 * time.Second, RenewDeadline: 10 * time.Second}

// lease stands in for the API server's, which answers after a while or not at all.
type lease struct {
	resourcelock.Interface
	holder string
	takes  time.Duration
	away   bool
}

func (l *lease) Identity() string { return "a" }

func (l *lease) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	return &resourcelock.LeaderElectionRecord{HolderIdentity: l.holder}, nil, nil
}

func (l *lease) Update(_ context.Context, r resourcelock.LeaderElectionRecord) error {
	<-time.After(l.takes)
	if l.away {
		return errors.New("no answer")
	}
	l.holder = r.HolderIdentity
	return nil
}

type api struct{ takes time.Duration }

func (a api) RoundTrip(req *http.Request) (*http.Response, error) {
	select {
	case <-time.After(a.takes):
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}"))}, nil
	case <-req.Context().Done():
		return nil, context.Cause(req.Context())
	}
}

func send(t *testing.T, rt http.RoundTripper, method string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "https://api/objects", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := rt.RoundTrip(req)
	if err == nil {
		_ = res.Body.Close()
	}
	return err
}

// contend has a lease, and what it fences.
func contend() (*lease, resourcelock.Interface, *Term) {
	inner, term := &lease{}, &Term{}
	return inner, election.watch(inner, term), term
}

var mine, nobodys = resourcelock.LeaderElectionRecord{HolderIdentity: "a"}, resourcelock.LeaderElectionRecord{}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner, lock, term := contend()
		rt := term.Fence(api{})
		if err := send(t, rt, http.MethodPatch); !errors.Is(err, ErrOver) {
			t.Errorf("a write before the election: %v", err)
		}
		must(t, send(t, rt, http.MethodGet))
		inner.takes = 4 * time.Second // the term counts from the question: the lease may be as old as that
		must(t, lock.Update(t.Context(), mine))
		<-time.After(8 * time.Second)
		must(t, send(t, rt, http.MethodPatch))
		<-time.After(time.Second / 2)
		if err := send(t, rt, http.MethodPatch); !errors.Is(err, ErrOver) {
			t.Errorf("a write 12.5 s after the lease was asked for, which is held for 15: %v", err)
		}
		must(t, send(t, rt, http.MethodGet))
	})
}

func TestFenceEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, lock, term := contend()
		must(t, lock.Update(t.Context(), mine))
		<-time.After(12 * time.Second)
		began := time.Now()
		if err := send(t, term.Fence(api{takes: time.Minute}), http.MethodPost); !errors.Is(err, ErrOver) || time.Since(began) != time.Second/2 {
			t.Errorf("a write that hangs as the term ends: %v after %v", err, time.Since(began))
		}
	})
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner, lock, term := contend()
		rt := term.Fence(api{})
		for range 10 {
			must(t, lock.Update(t.Context(), mine))
			<-time.After(9 * time.Second)
			must(t, send(t, rt, http.MethodPost))
		}
		inner.away = true
		if err := lock.Update(t.Context(), mine); err == nil {
			t.Error("there was an answer")
		}
		<-time.After(4 * time.Second)
		if err := send(t, rt, http.MethodPost); !errors.Is(err, ErrOver) {
			t.Errorf("a lease that was not prolonged: %v", err)
		}
	})
}

// TestLost: a leader that comes back too late does nothing to the lease, which is another one's.
func TestLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner, lock, term := contend()
		must(t, lock.Update(t.Context(), mine))
		<-time.After(10 * time.Second)
		inner.holder = "b"
		if _, _, err := lock.Get(t.Context()); !errors.Is(err, ErrOver) {
			t.Errorf("it asks for the lease: %v", err)
		}
		for _, r := range []resourcelock.LeaderElectionRecord{mine, nobodys} {
			if err := lock.Update(t.Context(), r); !errors.Is(err, ErrOver) {
				t.Errorf("it writes the lease: %v", err)
			}
		}
		if inner.holder != "b" {
			t.Errorf("the lease is now of %q", inner.holder)
		}
		<-time.After(3 * time.Second)
		if err := send(t, term.Fence(api{}), http.MethodPost); !errors.Is(err, ErrOver) {
			t.Errorf("it writes: %v", err)
		}
	})
}

func TestRelease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner, lock, term := contend()
		must(t, lock.Update(t.Context(), mine))
		must(t, lock.Update(t.Context(), nobodys))
		if inner.holder != "" {
			t.Errorf("the lease is still of %q", inner.holder)
		}
		if err := send(t, term.Fence(api{}), http.MethodPost); !errors.Is(err, ErrOver) {
			t.Errorf("a write after the release: %v", err)
		}
	})
}
