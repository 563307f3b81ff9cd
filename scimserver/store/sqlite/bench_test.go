package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/storetest"
)

// BenchmarkStore runs the benchmarks of storetest, and logs the size of the database and of the process.
func BenchmarkStore(b *testing.B) {
	path := filepath.Join(b.TempDir(), "scim.db")
	storetest.Bench(b, func(tb testing.TB) store.Store {
		s, err := Open(context.Background(), Options{Path: path})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { logSizes(tb, path) })
		return s
	})
}

func logSizes(tb testing.TB, path string) {
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(path + suffix); err == nil {
			tb.Logf("%s: %.1f MB", filepath.Base(path+suffix), float64(info.Size())/1e6)
		}
	}
	status, _ := os.ReadFile("/proc/self/status") // Linux has it
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmRSS") || strings.HasPrefix(line, "VmHWM") {
			tb.Log(strings.TrimSpace(line))
		}
	}
}
