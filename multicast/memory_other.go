//go:build !linux || crier_plain

package multicast

import "errors"

// AdviseHuge does nothing here.
func AdviseHuge([]byte) {}

// Populate does nothing here, and says so.
func Populate([]byte) error { return errors.ErrUnsupported }
