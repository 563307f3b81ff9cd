package app

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCache(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.json.gz")
	first := newLive(t, file)
	offer(t, first, server(tenant("ns/a")))
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	if err := first.Offer([]byte("damaged")); err == nil {
		t.Fatal("accepted")
	}

	late := newLive(t, file)
	late.sourceIsLate()
	served(t, late, "a")
	offer(t, late, server(tenant("ns/b")))
	served(t, late, "b")

	refused := newLive(t, file)
	if err := refused.Offer([]byte("damaged")); err == nil {
		t.Fatal("accepted")
	}
	served(t, refused, "b")
	if refused.rejected.Load() == nil {
		t.Error("the refusal is forgotten")
	}
	checkGauge(t, refused, "scimserver_config_rejected", 1)

	onTime := newLive(t, file)
	offer(t, onTime, server(tenant("ns/c")))
	onTime.sourceIsLate()
	if _, ok := onTime.Tenant("ns", "b"); ok {
		t.Error("the cached configuration replaced a newer one")
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestCacheOfNoUse(t *testing.T) {
	t.Parallel()
	damaged := filepath.Join(t.TempDir(), "config.json.gz")
	if err := os.WriteFile(damaged, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{"none": "", "absent": damaged + ".not", "damaged": damaged, "no folder": filepath.Join(damaged, "x")} {
		l := newLive(t, file)
		l.sourceIsLate()
		if l.current.Load() != nil {
			t.Errorf("%s: something was loaded", name)
		}
		if offer(t, l, server(tenant("ns/a"))); l.current.Load() == nil {
			t.Errorf("%s: nothing was loaded", name)
		}
	}
}
