package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample has something of everything.
func sample() Run {
	ops := func(ratio, p99 float64) []Operation {
		list := []Operation{
			{Name: Get, Group: -1, PerSecond: 17000.4, P50: 0.734, P99: 4.33, Ratio: ratio, CPU: 77, Bare: 30909, BareCPU: 20},
			{Name: DeepPage, Group: -1, PerSecond: 500, P50: 9.9, P99: p99, Ratio: 0.016, CPU: 1200, Bare: 31000, BareCPU: 20, Others: 0.25},
		}
		for i, members := range []int{0, 10_000, 100_000} {
			list = append(list, Operation{Name: MemberAdd, Group: members, PerSecond: 6000 / float64(i+1), Ratio: 0.4 / float64(i+1)})
		}
		return list
	}
	return Run{
		Date: "2026-11-22", Commit: "abc1234", Client: "lean", Connections: 16, Rounds: 5, RoundTime: "1s",
		Machine: Machine{CPU: "Test CPU", Cores: 2, MemoryBytes: 24 << 30, Kernel: "6.1", Go: "go1.26", SyncP50: 0.15, SyncP99: 0.3},
		Sizes: []Size{
			{Users: 1000, Populate: &Populate{Method: "POST", PerSecond: 8786.2}, DatabaseBytes: 1_300_000, RSSIdle: 17 << 20, Operations: ops(0.6, 10)},
			{
				Users: 100_000, Spare: 10_000, DatabaseBytes: 130 << 20, RSSIdle: 18 << 20, RSSAfter: 60 << 20, RSSPeak: 90 << 20, Operations: ops(0.5, 20),
				BigGroup: &BigGroup{Members: 100_000, Bytes: 23 << 20, Seconds: 0.31, RSSGrowth: 10 << 20},
				Walk:     &Walk{Pages: 110, Count: 1000, First: 8, Middle: 8.1, Last: 8.2},
			},
			{Users: 1_000_000, DatabaseBytes: 3 << 30, RSSAfter: 100 << 20, Operations: ops(0.49, 26)},
		},
		Application: &Application{
			Users: 100_000,
			Operations: []Operation{
				{Name: CreateMember, PerSecond: 4000, P50: 3, P99: 9, Bare: 5000, Ratio: 0.8, CPU: 200, BareCPU: 150, CPURatio: 0.82},
				{Name: CreateDelivered, PerSecond: 3000, P50: 4, P99: 12, Bare: 5000, Ratio: 0.6, CPU: 300, BareCPU: 150, CPURatio: 0.61},
			},
			Delivery: &Delivery{Events: 20_000, PerSecond: 4100, CPU: 66},
			Latency:  &Latency{Events: 300, P50: 1.2, P99: 3.4},
			Dead:     &Dead{Waiting: 1000, Without: Delivery{PerSecond: 4000, CPU: 66}, With: Delivery{PerSecond: 3700, CPU: 67}},
			Remap: &Remap{Users: 100_000, Seconds: 61, Requests: []Meantime{
				{Name: Get, Before: 9000, During: 7000}, {Name: Patch, Before: 4000, During: 2000},
			}},
		},
	}
}

// TestDatabaseColumn shows the column of the database where there is one.
func TestDatabaseColumn(t *testing.T) {
	t.Parallel()
	run := sample()
	if run.Sizes[0].Operations[0].Database = 33; run.Sizes[1].Operations[0].Database != 0 {
		t.Fatal("the sizes share their operations")
	}
	var out bytes.Buffer
	if err := run.WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, "database.txt", out.Bytes())
}

func TestTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := sample().WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.txt", out.Bytes())
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := sample().WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Run
		Checks []struct {
			Check
			OK bool
		}
	}
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), back.Run); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := sample().Checks(); len(back.Checks) != len(want) || back.Checks[0].Check != want[0] || back.Checks[0].OK {
		t.Errorf("checks %+v", back.Checks)
	}
}

func TestChecksThatFail(t *testing.T) {
	t.Parallel()
	var got []string
	for _, c := range sample().Checks() {
		if !c.OK() {
			got = append(got, c.Name)
		}
	}
	want := []string{
		"ratio of get, 100000 users",
		"database of 1000000 users",
		"p99 of deep page, 1000000 users",
		"time of member add, group of 100000 to empty group, 1000000 users",
		"ratio of create with mapping and outbox to create without",
		"slowdown by another tenant's dead receiver",
		"re-mapping of 100000 users",
		"throughput of " + Patch + " during a re-mapping",
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s is not among %s", name, strings.Join(got, "\n"))
		}
	}
	if len(Run{}.Checks()) > 0 {
		t.Error("checks of nothing")
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
