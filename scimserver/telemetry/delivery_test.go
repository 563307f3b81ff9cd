package telemetry_test

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/outbox"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

func TestDeliveries(t *testing.T) {
	t.Parallel()
	m := telemetry.New("test")
	m.SetTenants([]telemetry.TenantStats{{Key: "ns/a"}, {Key: "ns/b"}})
	m.Attempted("ns/a", outbox.Delivered, 20*time.Millisecond)
	m.Attempted("ns/a", outbox.Retried, 6*time.Second)
	m.Attempted("ns/b", outbox.Vetoed, time.Millisecond)
	m.Acknowledged("ns/a", 150*time.Millisecond)
	m.ObserveFeed("ns/a", "GET", "/members/v1/events", 200, time.Now(), 30*time.Second)
	m.ObserveFeed("ns/a", "GET", "/members/v1/members", 200, time.Now(), time.Millisecond)
	m.SetDeliveries([]telemetry.DeliveryStats{
		{Key: "ns/a", Pending: 3, Parked: 2, Oldest: time.Now().Add(-time.Hour), Resting: true}, {Key: "ns/b"},
	})
	text := scrape(m)
	for _, want := range []string{
		`scimserver_delivery_attempts_total{outcome="delivered",tenant="ns/a"} 1`,
		`scimserver_delivery_attempts_total{outcome="retried",tenant="ns/a"} 1`,
		`scimserver_delivery_attempts_total{outcome="refused",tenant="ns/b"} 1`,
		`scimserver_delivery_attempt_duration_seconds_bucket{outcome="retried",le="5"} 0`,
		`scimserver_delivery_acknowledged_seconds_bucket{tenant="ns/a",le="0.1"} 0`,
		`scimserver_delivery_acknowledged_seconds_bucket{tenant="ns/a",le="0.2"} 1`,
		`scimserver_delivery_events{state="pending",tenant="ns/a"} 3`,
		`scimserver_delivery_events{state="parked",tenant="ns/a"} 2`,
		`scimserver_delivery_circuit_open{tenant="ns/a"} 1`,
		`scimserver_delivery_circuit_open{tenant="ns/b"} 0`,
		`scimserver_delivery_oldest_pending_seconds{tenant="ns/b"} 0`,
		`scimserver_http_requests_total{code="200",method="GET",route="/members/v1/events",tenant="ns/a"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	if !regexp.MustCompile(`oldest_pending_seconds\{tenant="ns/a"\} 36\d\d`).MatchString(text) {
		t.Error("the age of the oldest event is wrong")
	}
	if strings.Contains(text, `duration_seconds_count{method="GET",route="/members/v1/events"}`) {
		t.Error("long polls are among the durations")
	}
	m.SetTenants([]telemetry.TenantStats{{Key: "ns/b"}})
	m.SetDeliveries(nil)
	if text := scrape(m); strings.Contains(text, "ns/a") {
		t.Error("a tenant that is gone keeps its series")
	}
}

func scrape(m *telemetry.Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}
