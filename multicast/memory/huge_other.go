//go:build !linux || crier_plain

package memory

import "errors"

// AdviseHuge does nothing on this system.
func AdviseHuge([]byte) {}

// Populate returns errors.ErrUnsupported on this system.
func Populate([]byte) error { return errors.ErrUnsupported }
