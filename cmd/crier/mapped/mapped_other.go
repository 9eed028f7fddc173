//go:build !unix

package mapped

import "os"

// Map maps nothing: the caller reads and writes the file.
func Map(*os.File, int) ([]byte, error) { return nil, nil }

// Unmap undoes Map.
func Unmap([]byte) {}
