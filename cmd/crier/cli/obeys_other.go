//go:build !windows

package cli

import "os"

// obeys reports whether a terminal takes escape sequences: all do but on Windows.
func obeys(*os.File) bool { return true }
