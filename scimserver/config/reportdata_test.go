package config_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// reportOn is what a pod says of n tenants, in the shards that the operator makes for them.
func reportOn(t *testing.T, n int) config.Report {
	t.Helper()
	s := &config.Server{Version: 1, Name: "a/b", BaseURL: "http://x"}
	r, one := report(), report().Tenants["acme-ns/acme"]
	one.Error, one.Hash, one.Rejections = "", "0123456789abcdef0123456789abcdef", nil
	r.Tenants = map[string]config.TenantReport{}
	for i := range n {
		c := tenant(fmt.Sprintf("namespace-%d/tenant-%05d", i%100, i))
		s.Tenants = append(s.Tenants, c)
		r.Tenants[c.Key] = one
	}
	plan, err := config.Split(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Layout = plan.Layout
	return r
}

// read puts together what several status ConfigMaps say of a pod.
func readAll(t *testing.T, data map[int]map[string]string, pod string) config.Report {
	t.Helper()
	var out config.Report
	tenants := map[string]config.TenantReport{}
	for n := range config.MaxShards {
		for _, p := range config.ReadReports(data[n]) {
			if p.Pod != pod || p.Err != nil {
				t.Fatalf("pod %s: %v", p.Pod, p.Err)
			}
			if n == 0 {
				out = p.Report
			}
			maps.Copy(tenants, p.Report.Tenants)
		}
	}
	out.Tenants = tenants
	return out
}

// TestReportData: what is written of however many tenants can be read again.
func TestReportData(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 32, 33, 499, 1200} {
		r := reportOn(t, n)
		data, err := config.ReportData(r, "shared-0")
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(t, data, "shared-0")
		ignored := cmpopts.IgnoreFields(config.Report{}, "Layout", "Paged")
		times := cmpopts.IgnoreFields(config.TenantReport{}, "LastRequest", "LastRejection", "Rejections", "Remap", "Delivery") // may be left out
		if diff := cmp.Diff(r, got, cmpopts.EquateEmpty(), ignored, times); diff != "" {
			t.Errorf("%d tenants (-want +got):\n%s", n, diff)
		}
	}
}

// TestReportDataFits: five thousand tenants on ten pods fit into the ConfigMaps, and a change of one is a small patch.
func TestReportDataFits(t *testing.T) {
	t.Parallel()
	r := reportOn(t, 5000)
	before, err := config.ReportData(r, "shared-0")
	if err != nil {
		t.Fatal(err)
	}
	for n, data := range before {
		size := 0
		for key, text := range data {
			size += len(key) + len(text)
		}
		if most := (1 << 20) / 10; size > most {
			t.Errorf("a pod takes %d bytes of ConfigMap %d, a tenth of it is %d", size, n, most)
		}
	}
	key := "namespace-7/tenant-00007"
	one := r.Tenants[key]
	one.Users++
	r.Tenants[key] = one
	after, err := config.ReportData(r, "shared-0")
	if err != nil {
		t.Fatal(err)
	}
	changed, size := 0, 0
	for n, data := range after {
		for page, text := range data {
			if before[n][page] != text {
				changed, size = changed+1, size+len(text)
			}
		}
	}
	if changed != 1 || size > 16<<10 {
		t.Errorf("one tenant changes %d pages of %d bytes", changed, size)
	}
}

// TestOldPages: what is left of a time with more tenants does not count.
func TestOldPages(t *testing.T) {
	t.Parallel()
	data, err := config.ReportData(report(), "shared-0")
	if err != nil {
		t.Fatal(err)
	}
	data[0][config.PageKey("shared-0", 3)] = `{"ns/old":{"hash":"1"}}`
	data[0][config.PageKey("shared-1", 3)] = `{"ns/old":{"hash":"1"}}`
	data[0][config.PageKey("shared-2", 3)] = `{"ns/old"`
	got := config.ReadReports(data[0])
	if len(got) != 3 || len(got[0].Report.Tenants) != 1 || got[2].Err == nil {
		t.Errorf("%+v", got)
	}
	if _, ok := got[0].Report.Tenants["ns/old"]; ok {
		t.Error("an old page counts")
	}
}
