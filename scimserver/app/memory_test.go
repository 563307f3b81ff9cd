package app

import (
	"os"
	"path/filepath"
	"testing"
)

func TestContainerMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	v2, v1 := file("v2", "134217728\n"), file("v1", "67108864\n")
	none2, none1, odd := file("none2", "max\n"), file("none1", "9223372036854771712\n"), file("odd", "-1\n")
	for name, tc := range map[string]struct {
		files []string
		want  int64
	}{
		"version 2":       {[]string{v2, v1}, 128 << 20},
		"version 1":       {[]string{dir + "/absent", v1}, 64 << 20},
		"no limit":        {[]string{none2, dir + "/absent"}, 0},
		"no limit, old":   {[]string{dir + "/absent", none1}, 0},
		"negative number": {[]string{odd}, 0},
		"no files":        {nil, 0},
	} {
		if got := containerMemory(tc.files); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
}
