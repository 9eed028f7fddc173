//go:build unix

package main

import (
	"os"
	"syscall"
)

var sigterm os.Signal = syscall.SIGTERM

func makeFIFO(path string) error { return syscall.Mkfifo(path, 0o600) }
