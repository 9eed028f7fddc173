//go:build !linux

package worker

// resident is not known here.
func resident() uint64 { return 0 }
