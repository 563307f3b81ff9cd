package telemetry

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "scimserver"

// Metrics are the metrics of one server, in a registry of their own.
type Metrics struct {
	registry   *prometheus.Registry
	tenants    tenants
	requests   requests
	configs    configs
	deliveries deliveries
	decisions  *prometheus.CounterVec
	reports    *prometheus.CounterVec
}

// New makes the metrics; version is the program's.
func New(version string) *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		requests:   newRequests(),
		configs:    newConfigs(),
		deliveries: newDeliveries(),
		decisions:  newDecisions(),
		reports: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "reports_total", Help: "Reports to the operator by result: written, failed.",
		}, []string{"result"}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the labels name the program's version.",
	}, []string{"version", "go_version"})
	build.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), build, m.reports, &m.tenants)
	m.registry.MustRegister(m.requests.collectors()...)
	m.registry.MustRegister(m.configs.collectors()...)
	m.registry.MustRegister(m.deliveries.collectors()...)
	m.registry.MustRegister(m.decisions)
	return m
}

// Register adds collectors of other packages.
func (m *Metrics) Register(c ...prometheus.Collector) { m.registry.MustRegister(c...) }

// Gatherer gives access to what is exposed.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// ReportWritten counts a report to the operator, which failed if err is not nil.
func (m *Metrics) ReportWritten(err error) {
	result := "written"
	if err != nil {
		result = "failed"
	}
	m.reports.WithLabelValues(result).Inc()
}
