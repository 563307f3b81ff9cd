package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// configs are the metrics of the configuration.
type configs struct {
	loads    *prometheus.CounterVec
	info     *prometheus.GaugeVec
	loadedAt prometheus.Gauge
	rejected prometheus.Gauge
}

func newConfigs() configs {
	return configs{
		loads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "config_loads_total", Help: "Configurations by result: applied, rejected.",
		}, []string{"result"}),
		info: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "config_info", Help: "Always 1; the label is the hash of the configuration that is served.",
		}, []string{"hash"}),
		loadedAt: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "config_loaded_timestamp_seconds", Help: "When the configuration that is served was loaded.",
		}),
		rejected: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "config_rejected", Help: "1 while the latest configuration is refused and an earlier one is served.",
		}),
	}
}

func (c *configs) collectors() []prometheus.Collector {
	return []prometheus.Collector{c.loads, c.info, c.loadedAt, c.rejected}
}

// ConfigApplied notes that the configuration with the hash is served from now on.
func (m *Metrics) ConfigApplied(hash string, at time.Time) {
	m.configs.loads.WithLabelValues("applied").Inc()
	m.configs.info.Reset()
	m.configs.info.WithLabelValues(hash).Set(1)
	m.configs.loadedAt.Set(float64(at.UnixMilli()) / 1000)
	m.configs.rejected.Set(0)
}

// ConfigRejected notes that the latest configuration was refused.
func (m *Metrics) ConfigRejected() {
	m.configs.loads.WithLabelValues("rejected").Inc()
	m.configs.rejected.Set(1)
}
