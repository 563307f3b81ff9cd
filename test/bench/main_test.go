package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/test/bench/report"
)

// TestMain lets the test program be the bare server, as the real one is.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == bareCommand {
		exit(serveBare(os.Stdout))
	}
	os.Exit(m.Run())
}

// TestMeasureAll goes the whole way with the real server, with few users and short rounds. Nothing is said about the figures.
func TestMeasureAll(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the server")
	}
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	t.Parallel()
	s, err := parseFlags([]string{"-users", "40", "-groups", "0,20", "-application", "0", "-rounds", "1", "-round", "5ms", "-connections", "4", "-client", "standard", "-retries", "1", "-data", t.TempDir(), "-keep", t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	run, err := measureAll(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	size := run.Sizes[0]
	if size.Populate == nil || size.Populate.PerSecond <= 0 || size.DatabaseBytes == 0 || size.RSSIdle == 0 || size.RSSAfter == 0 ||
		size.BigGroup == nil || size.BigGroup.Bytes == 0 || run.Machine.SyncP50 <= 0 {
		t.Errorf("a figure is missing: %+v", run)
	}
	names := map[string]int{}
	for _, op := range size.Operations {
		names[op.Name]++
		if op.PerSecond <= 0 || op.P50 <= 0 || op.P99 < op.P50 || op.Ratio <= 0 || op.Bare <= 0 {
			t.Errorf("a figure is missing: %+v", op)
		}
	}
	want := map[string]int{
		report.Get: 1, report.Filter: 1, noHit: 1, "filter externalId": 1, "filter work e-mail": 1, report.List: 1, report.DeepPage: 1,
		report.Create: 1, "delete": 1, report.Patch: 1, "patch active": 1, report.Put: 1, report.MemberAdd: 2, report.MemberRemove: 2,
		"get group without members": 1, "get of a member": 1, "list of 100 members": 1,
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	if left, err := os.ReadDir(s.data); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	s.only = regexp.MustCompile("^get$")
	again, err := measureAll(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if size := again.Sizes[0]; size.Populate != nil || len(size.Operations) != 1 {
		t.Errorf("the kept database was not used, or more was measured than was asked for: %+v", size)
	}
}

// TestMeasureApplication goes the whole way with an application.
func TestMeasureApplication(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the server")
	}
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	t.Parallel()
	s, err := parseFlags([]string{"-users", "", "-application", "200", "-rounds", "1", "-round", "300ms", "-connections", "4", "-data", t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	run, err := measureAll(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	a := run.Application
	if a == nil || len(a.Operations) != 2 || a.Delivery == nil || a.Latency == nil || a.Dead == nil || a.Remap == nil {
		t.Fatalf("a figure is missing: %+v", a)
	}
	for _, op := range a.Operations {
		if op.PerSecond <= 0 || op.Ratio <= 0 || op.CPU <= 0 || op.BareCPU <= 0 {
			t.Errorf("a figure is missing: %+v", op)
		}
	}
	if a.Delivery.PerSecond <= 0 || a.Latency.P99 <= 0 || a.Dead.With.PerSecond <= 0 || a.Remap.Seconds <= 0 || len(a.Remap.Requests) != 2 {
		t.Errorf("a figure is missing: %+v", a)
	}
	if left, err := os.ReadDir(s.data); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestParseFlags(t *testing.T) {
	t.Setenv("BENCH_USERS", "10,1_000")
	s, err := parseFlags([]string{"-groups", "0", "-round", "2s", "-strict", "-o", "json"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(numbers{10, 1000}, s.users); diff != "" || len(s.groups) != 1 || s.round != 2*time.Second || !s.strict || s.output != "json" {
		t.Errorf("%+v", s)
	}
	for _, args := range []string{
		"-users x", "-users -1", "-users 6000000", "-rounds 0", "-retries -1", "-round 0s", "-connections 0", "-o yaml", "-client curl", "-run (", "more", "-shiny", "-application -1", "-application 6000000",
	} {
		if _, err := parseFlags(strings.Fields(args)); err == nil {
			t.Errorf("%s: accepted", args)
		}
	}
	t.Setenv("BENCH_USERS", "many")
	if _, err := parseFlags(nil); err == nil || !strings.Contains(err.Error(), "BENCH_USERS") {
		t.Errorf("BENCH_USERS=many: %v", err)
	}
}

func TestKept(t *testing.T) {
	t.Parallel()
	k := keptFor(settings{keep: t.TempDir()}, 2)
	data := t.TempDir()
	if ids, err := k.load(filepath.Join(data, "none"), 2); ids != nil || err != nil {
		t.Fatalf("%v, %v", ids, err)
	}
	if err := os.WriteFile(filepath.Join(data, "scim.db"), []byte("users"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := k.save(data, []string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(t.TempDir(), "work")
	ids, err := k.load(work, 2)
	if diff := cmp.Diff([]string{"a", "b"}, ids); diff != "" || err != nil {
		t.Errorf("%v, %v", ids, err)
	}
	if size, err := sizeOf(work); size != 5 || err != nil {
		t.Errorf("%d bytes, %v", size, err)
	}
	if _, err := k.load(filepath.Join(t.TempDir(), "work"), 3); err == nil {
		t.Error("took two users for three")
	}
	if ids, err := (kept{}).load(work, 2); ids != nil || err != nil {
		t.Errorf("%v, %v", ids, err)
	}
}

func TestMissed(t *testing.T) {
	t.Parallel()
	low := report.Check{Name: "ratio of get", Got: 0.5, Bound: 0.55, AtLeast: true}
	fine := report.Check{Name: "RSS", Got: 10, Bound: 64}
	if err := missed([]report.Check{fine}); err != nil {
		t.Error(err)
	}
	if err := missed([]report.Check{fine, low}); err == nil || !strings.Contains(err.Error(), "ratio of get: 0.5, wanted 0.55") {
		t.Error(err)
	}
}
