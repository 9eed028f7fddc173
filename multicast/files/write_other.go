//go:build !linux

package files

import "os"

// A writer writes with the system calls that all systems have.
type writer struct{}

func (*writer) write(f *os.File, at int64, pieces [][]byte) error {
	for _, b := range pieces {
		n, err := f.WriteAt(b, at)
		if err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

func syncData(f *os.File) error { return f.Sync() }
