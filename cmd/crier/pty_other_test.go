//go:build !linux

package main

import "testing"

// interrupted skips: these tests have no terminal here.
func interrupted(t *testing.T, _ string, _ ...string) *tool {
	t.Skip("these tests have a terminal on Linux alone")
	return nil
}
