package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/scim-operator/scim-operator/scimserver/outbox"
)

// DeliveryStats is what has not reached a tenant's application.
type DeliveryStats struct {
	Key             string
	Pending, Parked int64
	Oldest          time.Time // of the pending events, zero: none
	Resting         bool      // the application is tried now and then only
}

var (
	backlogDesc = prometheus.NewDesc(namespace+"_delivery_events", "Events of a tenant that have not reached its application, by state: pending, parked.",
		[]string{"tenant", "state"}, nil)
	oldestDesc = prometheus.NewDesc(namespace+"_delivery_oldest_pending_seconds", "Age of a tenant's oldest pending event, 0 without one.",
		[]string{"tenant"}, nil)
	restingDesc = prometheus.NewDesc(namespace+"_delivery_circuit_open", "1 while an application that has failed again and again is tried now and then only, else 0.",
		[]string{"tenant"}, nil)
)

type deliveries struct {
	attempts     *prometheus.CounterVec
	duration     *prometheus.HistogramVec
	acknowledged *prometheus.HistogramVec
}

func newDeliveries() deliveries {
	return deliveries{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "delivery_attempts_total",
			Help: "Calls of webhooks by tenant and outcome: delivered, retried, parked; of synchronous ones accepted, refused, unavailable.",
		}, []string{"tenant", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "delivery_attempt_duration_seconds", Help: "Time that webhooks take, by outcome.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"outcome"}),
		acknowledged: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "delivery_acknowledged_seconds",
			Help:    "Time between an identity provider's request and the acknowledgement of the event by the application.",
			Buckets: []float64{.005, .01, .025, .05, .1, .2, .5, 1, 5, 30, 60, 300, 1800, 3600, 21600, 86400},
		}, []string{"tenant"}),
	}
}

func (d *deliveries) collectors() []prometheus.Collector {
	return []prometheus.Collector{d.attempts, d.duration, d.acknowledged}
}

// forget drops the series of a tenant that is gone.
func (d *deliveries) forget(tenant string) {
	d.attempts.DeletePartialMatch(prometheus.Labels{"tenant": tenant})
	d.acknowledged.DeletePartialMatch(prometheus.Labels{"tenant": tenant})
}

// Attempted implements outbox.Observer.
func (m *Metrics) Attempted(tenant string, o outbox.Outcome, took time.Duration) {
	m.deliveries.attempts.WithLabelValues(m.tenants.label(tenant), string(o)).Inc()
	m.deliveries.duration.WithLabelValues(string(o)).Observe(took.Seconds())
}

// Acknowledged implements outbox.Observer.
func (m *Metrics) Acknowledged(tenant string, after time.Duration) {
	m.deliveries.acknowledged.WithLabelValues(m.tenants.label(tenant)).Observe(after.Seconds())
}

// ObserveFeed implements feed.Observer: the feed's requests are counted with those of identity providers.
func (m *Metrics) ObserveFeed(tenant, method, route string, status int, _ time.Time, took time.Duration) {
	m.requests.total.WithLabelValues(m.tenants.label(tenant), method, route, strconv.Itoa(status)).Inc()
	if route != "/members/v1/events" || method != http.MethodGet { // a long poll takes as long as it is asked to
		m.requests.duration.WithLabelValues(method, route).Observe(took.Seconds())
	}
}

// SetDeliveries replaces what is exposed of the tenants' deliveries.
func (m *Metrics) SetDeliveries(stats []DeliveryStats) {
	m.tenants.mu.Lock()
	defer m.tenants.mu.Unlock()
	m.tenants.deliveries = stats
}

// collectDeliveries adds up what goes by the same label.
func (t *tenants) collectDeliveries(ch chan<- prometheus.Metric) {
	t.mu.RLock()
	stats := t.deliveries
	t.mu.RUnlock()
	sums := map[string]DeliveryStats{}
	for _, s := range stats {
		label := t.label(s.Key)
		sum := sums[label]
		sum.Pending, sum.Parked, sum.Resting = sum.Pending+s.Pending, sum.Parked+s.Parked, sum.Resting || s.Resting
		if !s.Oldest.IsZero() && (sum.Oldest.IsZero() || s.Oldest.Before(sum.Oldest)) {
			sum.Oldest = s.Oldest
		}
		sums[label] = sum
	}
	now := time.Now()
	for label, sum := range sums {
		gauge(ch, backlogDesc, sum.Pending, label, "pending")
		gauge(ch, backlogDesc, sum.Parked, label, "parked")
		gauge(ch, restingDesc, boolean(sum.Resting), label)
		age := time.Duration(0)
		if !sum.Oldest.IsZero() {
			age = now.Sub(sum.Oldest)
		}
		ch <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, age.Seconds(), label)
	}
}

func boolean(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
