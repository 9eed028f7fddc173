package disk

import "io"

// Entry is a file in a directory.
type Entry struct {
	Name string
	Size int64
}

// File is a file of a log.
type File interface {
	io.ReaderAt
	io.Closer
	Append(at int64, pieces ...[]byte) error
	Truncate(int64) error
	Sync() error
	Size() (int64, error)
}
