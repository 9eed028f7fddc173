package demo

import "syscall"

// childAttr makes a process of the demo end with the demo, however that ends. The
// kernel means the thread that started it: see playLo.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
