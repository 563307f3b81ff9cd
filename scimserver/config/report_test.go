package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

func report() config.Report {
	at := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	return config.Report{
		ConfigHash: "0123", Error: "config: gzip: invalid header", Purged: []string{"1"}, StartedAt: at, LoadedAt: &at, Version: "v0.1.0",
		Tenants: map[string]config.TenantReport{"acme-ns/acme": {
			Hash: "4567", Error: "extension urn:x: attribute id is reserved", Users: 120, ActiveUsers: 118, Groups: 4, LastRequest: &at,
			LastRejection: &config.Rejection{Time: at, Reason: "uniqueness", Detail: "userName is taken"},
			Members:       119, Remap: &config.RemapReport{Done: 40, Total: 120, StartedAt: at},
			Delivery: &config.DeliveryReport{
				Pending: 3, Parked: 1, OldestPending: &at, OldestOffboarding: &at, Error: "connection refused", BrakeEngaged: true,
			},
			Rejections: []config.Rejection{{Time: at, Reason: "UnknownRole", Detail: "role Owner is no role of the application", Count: 7}},
		}},
	}
}

func TestReportGolden(t *testing.T) {
	t.Parallel()
	text, err := config.EncodeReport(report())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteString("\n")
	golden(t, "report.json", b.Bytes())
	got, err := config.DecodeReport(text)
	if diff := cmp.Diff(report(), got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestDecodeReport(t *testing.T) {
	t.Parallel()
	if r, err := config.DecodeReport([]byte(`{"configHash":"x","shiny":{"new":1}}`)); err != nil || r.ConfigHash != "x" {
		t.Errorf("report of a newer release: %v, %v", r, err)
	}
	for _, text := range []string{"", "{", `{"tenants":[]}`, `{}{}`, strings.Repeat(" ", config.MaxReportBytes) + "{}"} {
		if _, err := config.DecodeReport([]byte(text)); err == nil {
			t.Errorf("%.20q accepted", text)
		}
	}
}

func TestReportLimits(t *testing.T) {
	t.Parallel()
	r, one := report(), report().Tenants["acme-ns/acme"]
	one.Error = ""
	fill := func(n int) {
		for i := range n {
			r.Tenants[fmt.Sprintf("ns/tenant-%d", i)] = one
		}
	}
	for n, delivery := range map[int]bool{3000: true, 6000: false} {
		fill(n)
		text, err := config.EncodeReport(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := config.DecodeReport(text)
		if err != nil {
			t.Fatal(err)
		}
		x := got.Tenants["ns/tenant-7"]
		if x.Hash != "4567" || x.Users != 120 || x.LastRejection != nil || x.Rejections != nil || (x.Delivery != nil) != delivery {
			t.Errorf("a report of %d tenants says %+v", n, x)
		}
		clear(r.Tenants)
	}
	fill(10)
	if r.Tenants["ns/tenant-7"].LastRejection == nil {
		t.Error("EncodeReport changed its argument")
	}
	fill(20000)
	if _, err := config.EncodeReport(r); err == nil || !strings.Contains(err.Error(), "20000 tenants") {
		t.Errorf("error %v", err)
	}
}
