package flags

import "path/filepath"

// StateDir is where a program keeps what it needs at its next start, after the XDG Base Directory Specification: a folder of its
// name in $XDG_STATE_HOME, else in ~/.local/state; "" if neither is known.
func StateDir(env func(string) string, program string) string {
	if dir := env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, program)
	}
	if home := env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", program)
	}
	return ""
}
