package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/scim-operator/scim-operator/controllers/rollout"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

func read(t *testing.T, replicas int32, reports map[string]config.Report) *rollout.Rollout {
	t.Helper()
	cm := &corev1.ConfigMap{Data: map[string]string{}}
	for pod, r := range reports {
		data, err := config.EncodeReport(r)
		if err != nil {
			t.Fatal(err)
		}
		cm.Data[pod] = string(data)
	}
	return rollout.Read(cm, "acme").First(replicas)
}

func serving(hash string) config.Report {
	return config.Report{ConfigHash: "c" + hash, Tenants: map[string]config.TenantReport{"ns/a": {Hash: hash, Users: 3}}, Purged: []string{"u1", "u2"}}
}

func TestLoaded(t *testing.T) {
	t.Parallel()
	refused := serving("1")
	refused.Error = "too new"
	refusedTenant := serving("1")
	refusedTenant.Tenants = map[string]config.TenantReport{"ns/a": {Hash: "1", Error: "bad extension"}}
	for name, tc := range map[string]struct {
		replicas       int32
		pods           map[string]config.Report
		loaded, serves bool
		rejected       string
		purged         []string
	}{
		"nobody reports":        {1, nil, false, false, "", nil},
		"one":                   {1, map[string]config.Report{"acme-0": serving("1")}, true, true, "", []string{"u1", "u2"}},
		"one of two":            {2, map[string]config.Report{"acme-0": serving("1")}, true, true, "", []string{"u1", "u2"}},
		"two differ":            {2, map[string]config.Report{"acme-0": serving("1"), "acme-1": serving("2")}, false, false, "", []string{"u1", "u2"}},
		"one purges":            {2, map[string]config.Report{"acme-0": serving("1"), "acme-1": {ConfigHash: "c1", Purged: []string{"u2"}}}, true, false, "", []string{"u2"}},
		"scaled down":           {1, map[string]config.Report{"acme-0": serving("1"), "acme-1": serving("2")}, true, true, "", []string{"u1", "u2"}},
		"pods of other servers": {1, map[string]config.Report{"acme-2-0": serving("1"), "other-0": serving("1"), "acme-x": serving("1")}, false, false, "", nil},
		"of a Deployment":       {1, map[string]config.Report{"acme-6c9f7d8b5-x2x4z": serving("1"), "acme-6c9f7x2x4z": serving("1")}, true, true, "", []string{"u1", "u2"}},
		"a Deployment's differ": {1, map[string]config.Report{"acme-6c9f7d8b5-x2x4z": serving("1"), "acme-6c9f7d8b5-x2x4y": serving("2")}, false, false, "", []string{"u1", "u2"}},
		"refused":               {1, map[string]config.Report{"acme-0": refused}, false, true, "pod acme-0: too new", []string{"u1", "u2"}},
		"tenant refused":        {1, map[string]config.Report{"acme-0": refusedTenant}, true, true, "pod acme-0: bad extension", []string{"u1", "u2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := read(t, tc.replicas, tc.pods)
			if got := r.Loaded("c1"); got != tc.loaded {
				t.Errorf("Loaded %v", got)
			}
			if got := r.Serves("ns/a", "1"); got != tc.serves {
				t.Errorf("Serves %v", got)
			}
			if got := r.RejectedTenant("ns/a"); got != tc.rejected {
				t.Errorf("RejectedTenant %q, want %q", got, tc.rejected)
			}
			if got := r.Purged(); !slices.Equal(got, tc.purged) {
				t.Errorf("Purged %v, want %v", got, tc.purged)
			}
		})
	}
}

// TestStoreFault: the database is at fault where no pod can use it.
func TestStoreFault(t *testing.T) {
	t.Parallel()
	faulty := serving("1")
	faulty.Store = &config.StoreReport{Reason: config.StoreReadOnly, Message: "name the primary"}
	for name, tc := range map[string]struct {
		pods map[string]config.Report
		want string
	}{
		"nobody reports": {nil, ""},
		"sound":          {map[string]config.Report{"acme-0": serving("1")}, ""},
		"one of two":     {map[string]config.Report{"acme-0": serving("1"), "acme-1": faulty}, ""},
		"all":            {map[string]config.Report{"acme-1": faulty, "acme-0": faulty}, "acme-0: name the primary"},
	} {
		got := ""
		if pod, fault, ok := read(t, 2, tc.pods).StoreFault(); ok {
			got = pod + ": " + fault.Message
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
	if got := (config.StoreReport{Reason: "DatabaseOfTheFuture"}).KnownReason(); got != config.StoreFailing {
		t.Errorf("a reason of a later release is %q", got)
	}
}

func TestDamagedReport(t *testing.T) {
	t.Parallel()
	r := rollout.Read(&corev1.ConfigMap{Data: map[string]string{"acme-0": "{"}}, "acme")
	if r.Loaded("") || !strings.HasPrefix(r.Rejected(), "pod acme-0: report:") {
		t.Errorf("loaded %v, rejected %q", r.Loaded(""), r.Rejected())
	}
}

func TestTenantOfSeveralPods(t *testing.T) {
	t.Parallel()
	at := func(minute int) *time.Time { v := time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC); return &v }
	report := func(users int64, last *time.Time) config.Report {
		return config.Report{Tenants: map[string]config.TenantReport{"ns/a": {Users: users, LastRequest: last}}}
	}
	r := read(t, 3, map[string]config.Report{"acme-0": report(1, at(1)), "acme-1": report(2, at(5)), "acme-2": report(3, nil)})
	if got, ok := r.Tenant("ns/a"); !ok || got.Users != 2 {
		t.Errorf("users %d of the pod asked last", got.Users)
	}
	if _, ok := r.Tenant("ns/b"); ok {
		t.Error("an unknown tenant was found")
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	two := func(a, b int64) map[string]config.Report {
		return map[string]config.Report{"acme-0": {Tenants: map[string]config.TenantReport{"ns/a": {Users: a}, "ns/b": {Users: b}}}}
	}
	failed := two(1, 1)
	failed["acme-0"] = config.Report{Error: "e", Tenants: failed["acme-0"].Tenants}
	for name, tc := range map[string]struct {
		before, after map[string]config.Report
		want          []string
	}{
		"nothing":      {two(1, 1), two(1, 1), nil},
		"one":          {two(1, 1), two(1, 2), []string{"ns/b"}},
		"first report": {nil, two(1, 1), []string{"ns/a", "ns/b"}},
		"refused":      {two(1, 1), failed, []string{"ns/a", "ns/b"}},
		"gone":         {two(1, 1), nil, []string{"ns/a", "ns/b"}},
	} {
		if got := rollout.Changed(read(t, 1, tc.before), read(t, 1, tc.after)); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}
