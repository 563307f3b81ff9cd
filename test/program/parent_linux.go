package program

import "syscall"

// EndWithParent makes the kernel end a child whose parent was killed before it could do so.
func EndWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
