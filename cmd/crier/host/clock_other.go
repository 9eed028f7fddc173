//go:build !linux

package host

// Clock asks the kernel for the state of its clock.
func (r Roots) Clock() (Clock, error) { return Clock{}, ErrNotReadable }
