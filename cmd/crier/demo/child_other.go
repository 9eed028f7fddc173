//go:build !linux

package demo

import "syscall"

// childAttr has nothing to set: here a process of a demo that was killed ends by
// its own bounds alone, demoCount and demoPatience.
func childAttr() *syscall.SysProcAttr { return nil }
