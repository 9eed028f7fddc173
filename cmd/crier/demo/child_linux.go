package demo

import "syscall"

// childAttr lets the kernel end a process with the thread that started it; see playLo.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
