package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/scim-operator/scim-operator/scimserver/httpapi"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/telemetry"
)

func exchange(tenant string, status int) httpapi.Exchange {
	return httpapi.Exchange{Tenant: tenant, Credential: "0a1b", Method: "GET", Route: "/Users/{id}", Status: status, Duration: 3 * time.Millisecond, RequestID: "r-1"}
}

// filled has a value for every metric.
func filled() *telemetry.Metrics {
	m := telemetry.New("v1.2.3")
	m.Store(brokenStore{})
	e := exchange("ns/acme", 200)
	e.Client = "EntraID"
	e.Tolerances = []tolerance.Rule{"patch-op-case"}
	m.Observe(e)
	m.Observe(exchange("ns/acme", 404))
	throttled := exchange("ns/beta", 429)
	throttled.Kind = httpapi.KindConcurrency
	m.Observe(throttled)
	m.Observe(exchange("", 401))
	m.ConfigApplied("0123", time.Unix(1000, 0))
	m.ConfigApplied("4567", time.Unix(2000, 5e8))
	m.ConfigRejected()
	m.ReportWritten(nil)
	m.ReportWritten(errors.New("no"))
	m.SetTenants([]telemetry.TenantStats{
		{Key: "ns/acme", Served: true, Users: 10, ActiveUsers: 7, Groups: 2},
		{Key: "ns/beta", Users: 1},
	})
	return m
}

const want = `
# HELP scimserver_config_info Always 1; the label is the hash of the configuration that is served.
# TYPE scimserver_config_info gauge
scimserver_config_info{hash="4567"} 1
# HELP scimserver_config_loaded_timestamp_seconds When the configuration that is served was loaded.
# TYPE scimserver_config_loaded_timestamp_seconds gauge
scimserver_config_loaded_timestamp_seconds 2000.5
# HELP scimserver_config_loads_total Configurations by result: applied, rejected.
# TYPE scimserver_config_loads_total counter
scimserver_config_loads_total{result="applied"} 2
scimserver_config_loads_total{result="rejected"} 1
# HELP scimserver_config_rejected 1 while the latest configuration is refused and an earlier one is served.
# TYPE scimserver_config_rejected gauge
scimserver_config_rejected 1
# HELP scimserver_http_requests_in_flight Requests being answered now.
# TYPE scimserver_http_requests_in_flight gauge
scimserver_http_requests_in_flight 0
# HELP scimserver_http_requests_total Requests by tenant (the first hundred, then "other"; empty where none was addressed), method, route and status code.
# TYPE scimserver_http_requests_total counter
scimserver_http_requests_total{code="200",method="GET",route="/Users/{id}",tenant="ns/acme"} 1
scimserver_http_requests_total{code="401",method="GET",route="/Users/{id}",tenant=""} 1
scimserver_http_requests_total{code="404",method="GET",route="/Users/{id}",tenant="ns/acme"} 1
scimserver_http_requests_total{code="429",method="GET",route="/Users/{id}",tenant="ns/beta"} 1
# HELP scimserver_http_requests_throttled_total Requests answered with 429 by tenant (the first hundred, then "other") and what they have exceeded: RateLimit (requests in a second), ConcurrencyLimit (requests at the same time).
# TYPE scimserver_http_requests_throttled_total counter
scimserver_http_requests_throttled_total{limit="ConcurrencyLimit",tenant="ns/beta"} 1
# HELP scimserver_reports_total Reports to the operator by result: written, failed.
# TYPE scimserver_reports_total counter
scimserver_reports_total{result="failed"} 1
scimserver_reports_total{result="written"} 1
# HELP scimserver_tenant_groups Groups of a tenant.
# TYPE scimserver_tenant_groups gauge
scimserver_tenant_groups{tenant="ns/acme"} 2
scimserver_tenant_groups{tenant="ns/beta"} 0
# HELP scimserver_tenant_users Users of a tenant by state: active, inactive.
# TYPE scimserver_tenant_users gauge
scimserver_tenant_users{state="active",tenant="ns/acme"} 7
scimserver_tenant_users{state="inactive",tenant="ns/acme"} 3
scimserver_tenant_users{state="active",tenant="ns/beta"} 0
scimserver_tenant_users{state="inactive",tenant="ns/beta"} 1
# HELP scimserver_tenants Tenants of the configuration by state: served, unavailable.
# TYPE scimserver_tenants gauge
scimserver_tenants{state="served"} 1
scimserver_tenants{state="unavailable"} 1
# HELP scimserver_tolerance_rules_applied_total Requests that needed a deviation from the RFCs, by its rule and the kind of client.
# TYPE scimserver_tolerance_rules_applied_total counter
scimserver_tolerance_rules_applied_total{client="EntraID",rule="patch-op-case"} 1
`

func TestMetrics(t *testing.T) {
	t.Parallel()
	var names []string
	for line := range strings.Lines(want) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			names = append(names, strings.Fields(name)[0])
		}
	}
	if err := testutil.GatherAndCompare(filled().Gatherer(), strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

func TestMetricsAreLintFree(t *testing.T) {
	t.Parallel()
	problems, err := testutil.GatherAndLint(filled().Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	filled().Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, name := range []string{
		"go_goroutines ", "process_resident_memory_bytes ", `scimserver_build_info{go_version="go1`, `version="v1.2.3"} 1`,
		`scimserver_http_request_duration_seconds_bucket{method="GET",route="/Users/{id}",le="0.005"} 4`,
	} {
		if !strings.Contains(rec.Body.String(), name) {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestTenantLabels: the number of time series stays bounded, and a tenant that goes makes room.
func TestTenantLabels(t *testing.T) {
	t.Parallel()
	m := telemetry.New("v1")
	var stats []telemetry.TenantStats
	for i := range 150 {
		key := fmt.Sprintf("ns/t%d", i)
		m.Observe(exchange(key, 200))
		stats = append(stats, telemetry.TenantStats{Key: key, Users: 1, Groups: 1})
	}
	m.SetTenants(stats)
	check := func(metric string, want int) {
		t.Helper()
		if n, err := testutil.GatherAndCount(m.Gatherer(), metric); err != nil || n != want {
			t.Errorf("%s: %d series, %v; want %d", metric, n, err, want)
		}
	}
	check("scimserver_http_requests_total", 101)
	check("scimserver_tenant_groups", 101)
	m.SetTenants(stats[:1])
	m.Observe(exchange("ns/new", 200))
	check("scimserver_http_requests_total", 3) // t0, other, new
	check("scimserver_tenant_groups", 1)
}

// brokenStore fails whatever is asked.
type brokenStore struct{ store.Store }

func (brokenStore) View(context.Context, string, func(store.Reader) error) error {
	return store.ErrNotFound
}

func (brokenStore) Update(context.Context, string, func(store.Writer) error) error {
	return fmt.Errorf("update: %w", store.ErrUnavailable)
}

func TestStore(t *testing.T) {
	t.Parallel()
	m := telemetry.New("v1")
	s := m.Store(brokenStore{})
	if err := s.View(t.Context(), "a/b", nil); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("View: %v", err)
	}
	if err := s.Update(t.Context(), "a/b", nil); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Update: %v", err)
	}
	const want = `
# HELP scimserver_store_failures_total Uses of the database that failed since it is read-only, full or broken, by kind: view, update.
# TYPE scimserver_store_failures_total counter
scimserver_store_failures_total{kind="update"} 1
scimserver_store_failures_total{kind="view"} 0
`
	if err := testutil.GatherAndCompare(m.Gatherer(), strings.NewReader(want), "scimserver_store_failures_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(m.Gatherer(), "scimserver_store_update_duration_seconds"); err != nil || n != 1 {
		t.Errorf("%d histograms, %v", n, err)
	}
}

func TestInFlight(t *testing.T) {
	t.Parallel()
	m := telemetry.New("v1")
	const during = "# HELP scimserver_http_requests_in_flight Requests being answered now.\n# TYPE scimserver_http_requests_in_flight gauge\nscimserver_http_requests_in_flight 1\n"
	h := m.InFlight(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if err := testutil.GatherAndCompare(m.Gatherer(), strings.NewReader(during), "scimserver_http_requests_in_flight"); err != nil {
			t.Error(err)
		}
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log, err := telemetry.NewLogger(&b, "info")
	if err != nil {
		t.Fatal(err)
	}
	o := telemetry.Observers{telemetry.Refusals{Log: log}}
	for _, status := range []int{200, 404, 409, 500} {
		e := exchange("ns/acme", status)
		if status >= 400 {
			e.Err = scimerr.New(status, scimerr.NotUnique, "userName is taken: %w", errors.New("cause"))
		}
		o.Observe(e)
	}
	want := map[string]any{"level": "INFO", "msg": "request refused", "requestID": "r-1", "tenant": "ns/acme", "credential": "0a1b", "method": "GET",
		"route": "/Users/{id}", "status": 409., "scimType": "uniqueness", "detail": "userName is taken: cause"}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, b.String())
	}
	delete(got, "time")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNewLogger(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log, err := telemetry.NewLogger(&b, "warn")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("not seen")
	log.Log(t.Context(), slog.LevelWarn, "seen")
	if got := strings.Count(b.String(), "\n"); got != 1 || !strings.Contains(b.String(), "seen") {
		t.Errorf("logged: %s", b.String())
	}
	if _, err := telemetry.NewLogger(&b, "loud"); err == nil || !strings.Contains(err.Error(), "use debug") {
		t.Errorf("error %v", err)
	}
}
