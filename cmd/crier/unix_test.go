//go:build unix

package main

import (
	"os"
	"syscall"
)

var sigterm, sighup os.Signal = syscall.SIGTERM, syscall.SIGHUP

func makeFIFO(path string) error { return syscall.Mkfifo(path, 0o600) }
