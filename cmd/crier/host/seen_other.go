//go:build !linux

package host

import "context"

// Watch tells which UDP to groups comes by an interface.
func Watch(context.Context, string) ([]Seen, error) { return nil, ErrNotReadable }
