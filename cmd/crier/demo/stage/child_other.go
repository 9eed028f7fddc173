//go:build !linux

package stage

import "syscall"

// ChildAttr sets nothing: processes of a demo that was killed end by their own bounds.
func ChildAttr() *syscall.SysProcAttr { return nil }
