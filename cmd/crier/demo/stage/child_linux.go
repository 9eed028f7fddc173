package stage

import "syscall"

// ChildAttr lets the kernel end a process with the thread that started it, which must stay locked.
func ChildAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
