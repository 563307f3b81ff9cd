package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/scim-operator/scim-operator/scimserver/member"
)

// newDecisions counts what changes of users have meant for members. Reasons are words of the program, and few.
func newDecisions() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Name: "member_decisions_total",
		Help: "What changes of users have meant for the application's members, by tenant, kind, and the reason of a rejection.",
	}, []string{"tenant", "kind", "reason"})
}

// Decided implements member.Observer.
func (m *Metrics) Decided(tenant string, d member.Decision) {
	m.decisions.WithLabelValues(m.tenants.label(tenant), string(d.Kind), d.Reason).Inc()
}
