package app

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnchanged(t *testing.T) {
	t.Parallel()
	const smaps = `00400000-01000000 r-xp 00000000 fd:00 11 /scimserver
Size:              12288 kB
Rss:                4000 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me sd
01000000-01a00000 r--p 00c00000 fd:00 11 /scimserver
Anonymous:             4 kB
01a00000-01b00000 rw-p 01600000 fd:00 11 /scimserver
Anonymous:             0 kB
01b00000-01c00000 r--p 01700000 fd:00 11 /scimserver
Anonymous:             0 kB
7f0000000000-7f0000001000 r--p 00000000 fd:00 12 /lib/other
Anonymous:             0 kB
7f0000001000-7f0000002000 r--p 00000000 00:00 0
Anonymous:             0 kB
7f0000002000-7f0000003000 r-xp 00000000 00:00 0 [vdso]
Anonymous:             0 kB
`
	want := []mapped{{0x400000, 0x1000000}, {0x1b00000, 0x1c00000}}
	if diff := cmp.Diff(want, unchanged([]byte(smaps), "/scimserver"), cmp.AllowUnexported(mapped{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDropProgram: the program goes on as before.
func TestDropProgram(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("/proc/self/smaps")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the kernel has no /proc/self/smaps")
	}
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if len(unchanged(text, program)) == 0 {
		t.Error("nothing of the program can be dropped")
	}
	if err := dropProgram(); err != nil {
		t.Error(err)
	}
}
