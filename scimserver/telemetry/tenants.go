package telemetry

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// maxTenantLabels is how many tenants have time series of their own; the others share one.
const (
	maxTenantLabels = 100
	otherTenants    = "other"
)

// TenantStats is one tenant as metrics show it.
type TenantStats struct {
	Key                        string
	Served                     bool // false: suspended, gated, or not loaded
	Users, ActiveUsers, Groups int64
}

var (
	tenantsDesc = prometheus.NewDesc(namespace+"_tenants", "Tenants of the configuration by state: served, unavailable.", []string{"state"}, nil)
	usersDesc   = prometheus.NewDesc(namespace+"_tenant_users", "Users of a tenant by state: active, inactive.", []string{"tenant", "state"}, nil)
	groupsDesc  = prometheus.NewDesc(namespace+"_tenant_groups", "Groups of a tenant.", []string{"tenant"}, nil)
)

// tenants hands out labels and collects what is known of each tenant.
type tenants struct {
	mu         sync.RWMutex
	labels     map[string]bool
	stats      []TenantStats
	deliveries []DeliveryStats
}

// label is the key for tenants that have series of their own.
func (t *tenants) label(key string) string {
	if key == "" {
		return ""
	}
	t.mu.RLock()
	known := t.labels[key]
	t.mu.RUnlock()
	if known || t.admit(key) {
		return key
	}
	return otherTenants
}

func (t *tenants) admit(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.labels == nil {
		t.labels = map[string]bool{}
	}
	if len(t.labels) >= maxTenantLabels && !t.labels[key] {
		return false
	}
	t.labels[key] = true
	return true
}

// SetTenants replaces what is exposed of the tenants. Those that are no longer among them lose their time series.
func (m *Metrics) SetTenants(stats []TenantStats) {
	for _, gone := range m.tenants.set(stats) {
		m.requests.total.DeletePartialMatch(prometheus.Labels{"tenant": gone})
		m.requests.throttled.DeletePartialMatch(prometheus.Labels{"tenant": gone})
		m.deliveries.forget(gone)
		m.decisions.DeletePartialMatch(prometheus.Labels{"tenant": gone})
	}
}

func (t *tenants) set(stats []TenantStats) (gone []string) {
	present := make(map[string]bool, len(stats))
	for _, s := range stats {
		present[s.Key] = true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats = stats
	for key := range t.labels {
		if !present[key] {
			delete(t.labels, key)
			gone = append(gone, key)
		}
	}
	return gone
}

// Describe implements prometheus.Collector.
func (t *tenants) Describe(ch chan<- *prometheus.Desc) {
	ch <- tenantsDesc
	ch <- usersDesc
	ch <- groupsDesc
	ch <- backlogDesc
	ch <- oldestDesc
	ch <- restingDesc
}

// Collect implements prometheus.Collector.
func (t *tenants) Collect(ch chan<- prometheus.Metric) {
	t.mu.RLock()
	stats := t.stats
	t.mu.RUnlock()
	var served int
	sums := map[string]TenantStats{}
	for _, s := range stats {
		if s.Served {
			served++
		}
		label := t.label(s.Key)
		sum := sums[label]
		sum.Users, sum.ActiveUsers, sum.Groups = sum.Users+s.Users, sum.ActiveUsers+s.ActiveUsers, sum.Groups+s.Groups
		sums[label] = sum
	}
	gauge(ch, tenantsDesc, int64(served), "served")
	gauge(ch, tenantsDesc, int64(len(stats)-served), "unavailable")
	for label, sum := range sums {
		gauge(ch, usersDesc, sum.ActiveUsers, label, "active")
		gauge(ch, usersDesc, sum.Users-sum.ActiveUsers, label, "inactive")
		gauge(ch, groupsDesc, sum.Groups, label)
	}
	t.collectDeliveries(ch)
}

func gauge(ch chan<- prometheus.Metric, desc *prometheus.Desc, value int64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), labels...)
}
