//go:build !linux

package program

import "syscall"

func EndWithParent() *syscall.SysProcAttr { return nil }
