//go:build !linux || crier_plain

package multicast

// AdviseHuge does nothing here.
func AdviseHuge([]byte) {}
