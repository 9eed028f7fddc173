//go:build !linux || crier_plain

package multicast

func newTimer() (Timer, error) { return NewTimer(), nil }
