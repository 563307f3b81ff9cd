package telemetry

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Store returns s, measured: how long transactions take, of which the disk's sync is the most, and how often the database
// cannot do its work. It may be called once.
func (m *Metrics) Store(s store.Store) store.Store {
	measured := &measuredStore{
		Store: s,
		updates: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "store_update_duration_seconds", Help: "Time of a writing transaction, from its wait for others to its sync.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
		}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "store_failures_total", Help: "Uses of the database that failed since it is read-only, full or broken, by kind: view, update.",
		}, []string{"kind"}),
	}
	for _, kind := range []string{"view", "update"} {
		measured.failures.WithLabelValues(kind) // shown from the start, so that an increase can be seen
	}
	m.Register(measured.updates, measured.failures)
	return measured
}

type measuredStore struct {
	store.Store
	updates  prometheus.Histogram
	failures *prometheus.CounterVec
}

// View implements store.Store.
func (s *measuredStore) View(ctx context.Context, tenant string, fn func(store.Reader) error) error {
	err := s.Store.View(ctx, tenant, fn)
	s.count("view", err)
	return err
}

// Update implements store.Store.
func (s *measuredStore) Update(ctx context.Context, tenant string, fn func(store.Writer) error) error {
	start := time.Now()
	err := s.Store.Update(ctx, tenant, fn)
	s.updates.Observe(time.Since(start).Seconds())
	s.count("update", err)
	return err
}

func (s *measuredStore) count(kind string, err error) {
	if errors.Is(err, store.ErrUnavailable) {
		s.failures.WithLabelValues(kind).Inc()
	}
}
