package worker

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// resident returns the process's resident memory in bytes.
func resident() uint64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseUint(string(fields[1]), 10, 64)
	return pages * uint64(syscall.Getpagesize())
}
