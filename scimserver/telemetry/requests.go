package telemetry

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/scim-operator/scim-operator/scimserver/httpapi"
)

// requests are the metrics of the SCIM endpoints. Latency has no tenant: a histogram for each would cost more than all
// the rest.
type requests struct {
	total      *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	inFlight   prometheus.Gauge
	tolerances *prometheus.CounterVec
	throttled  *prometheus.CounterVec
}

func newRequests() requests {
	return requests{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "http_requests_total",
			Help: "Requests by tenant (the first hundred, then \"other\"; empty where none was addressed), method, route and status code.",
		}, []string{"tenant", "method", "route", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "http_request_duration_seconds", Help: "Time from the head of a request to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "http_requests_in_flight", Help: "Requests being answered now.",
		}),
		tolerances: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "tolerance_rules_applied_total", Help: "Requests that needed a deviation from the RFCs, by its rule and the kind of client.",
		}, []string{"client", "rule"}),
		throttled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "http_requests_throttled_total",
			Help: "Requests answered with 429 by tenant (the first hundred, then \"other\") and what they have exceeded: " +
				"RateLimit (requests in a second), ConcurrencyLimit (requests at the same time).",
		}, []string{"tenant", "limit"}),
	}
}

func (r *requests) collectors() []prometheus.Collector {
	return []prometheus.Collector{r.total, r.duration, r.inFlight, r.tolerances, r.throttled}
}

// Observe counts a request; it implements httpapi.Observer.
func (m *Metrics) Observe(e httpapi.Exchange) {
	m.requests.total.WithLabelValues(m.tenants.label(e.Tenant), e.Method, e.Route, strconv.Itoa(e.Status)).Inc()
	m.requests.duration.WithLabelValues(e.Method, e.Route).Observe(e.Duration.Seconds())
	if e.Status == http.StatusTooManyRequests {
		m.requests.throttled.WithLabelValues(m.tenants.label(e.Tenant), e.Kind).Inc()
	}
	for _, rule := range e.Tolerances {
		m.requests.tolerances.WithLabelValues(e.Client, string(rule)).Inc()
	}
}

// InFlight counts the requests that next is answering.
func (m *Metrics) InFlight(next http.Handler) http.Handler {
	return promhttp.InstrumentHandlerInFlight(m.requests.inFlight, next)
}
