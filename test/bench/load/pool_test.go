package load

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/test/bench/wire"
)

func newPool(t *testing.T, n int, handler http.HandlerFunc) *Pool {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	target := wire.Target{Address: strings.TrimPrefix(server.URL, "http://")}
	pool, err := Dial(t.Context(), wire.Dial, target, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

func TestRunUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	pool := newPool(t, 4, func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		_, _ = w.Write([]byte(r.URL.Path))
	})
	var todo, done Stock[int]
	for i := range 100 {
		todo.Put(i)
	}
	round, err := pool.Run(t.Context(), Operation{
		Name: "walk", Status: http.StatusOK, Keep: true,
		Next: func(w *Worker) (ok bool) {
			if w.Item, ok = todo.Take(); !ok {
				return false
			}
			w.Method, w.Path = http.MethodGet, append(w.Path[:0], "/item"...)
			return true
		},
		Done: func(w *Worker, a wire.Answer) error {
			if string(a.Body) != "/item" {
				t.Errorf("body %q", a.Body)
			}
			done.Put(w.Item)
			return nil
		},
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if round.Count != 100 || served.Load() != 100 || done.Len() != 100 || round.Bytes != 500 || round.PerSecond() <= 0 || round.P99 < round.P50 {
		t.Errorf("%+v, served %d, done %d", round, served.Load(), done.Len())
	}
}

func TestRunUntilTheLimit(t *testing.T) {
	t.Parallel()
	pool := newPool(t, 2, func(http.ResponseWriter, *http.Request) {})
	op := Operation{Name: "get", Status: http.StatusOK, Next: func(w *Worker) bool {
		w.Method, w.Path = http.MethodGet, append(w.Path[:0], '/')
		return true
	}}
	round, err := pool.Run(t.Context(), op, 30*time.Millisecond)
	if err != nil || round.Count == 0 || round.Elapsed < 30*time.Millisecond {
		t.Errorf("%+v, %v", round, err)
	}
}

func TestRunEndsWithAWrongAnswer(t *testing.T) {
	t.Parallel()
	pool := newPool(t, 2, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no room", http.StatusForbidden) })
	_, err := pool.Run(t.Context(), Operation{Name: "create", Status: http.StatusCreated, Next: func(w *Worker) bool {
		w.Method, w.Path, w.Body = http.MethodPost, append(w.Path[:0], "/Users"...), append(w.Body[:0], "{}"...)
		return true
	}}, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "create: answer 403 instead of 201: no room") {
		t.Errorf("error %v", err)
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, tc := range []struct {
		values []time.Duration
		p      int
		want   time.Duration
	}{
		{hundred, 50, 50}, {hundred, 99, 99}, {hundred, 100, 100}, {hundred, 1, 1},
		{hundred[:1], 50, 1}, {hundred[:1], 99, 1}, {hundred[:3], 50, 2}, {nil, 99, 0},
	} {
		if got := Percentile(tc.values, tc.p); got != tc.want {
			t.Errorf("p%d of %d values: %d, want %d", tc.p, len(tc.values), got, tc.want)
		}
	}
}
