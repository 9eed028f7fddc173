//go:build !linux

package host

// Segments has the kernel cut one write into datagrams.
func Segments() error { return ErrNotReadable }
