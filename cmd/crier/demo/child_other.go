//go:build !linux

package demo

import "syscall"

// childAttr sets nothing: processes of a demo that was killed end by their own bounds, beyond
// and patience.
func childAttr() *syscall.SysProcAttr { return nil }
