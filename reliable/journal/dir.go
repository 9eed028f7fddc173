package journal

import (
	"errors"
	"io"
)

// A Dir is the directory of a log. Names are relative to it and slash-separated, like
// "8f2a01c44be07d15/0-00000000000000000001.seg".
type Dir interface {
	// List returns all files, in folders too, in the order of their names.
	List() ([]Entry, error)
	// Create makes a file, and its folder if need be, and opens it to read and write. If
	// the name is taken, the error is ErrExist.
	Create(name string) (File, error)
	// Open opens a file that exists: to read and write, or only to read in a Dir that
	// allows no more.
	Open(name string) (File, error)
	// Remove removes a file, and its folder if that is empty then. A file that is open
	// stays readable.
	Remove(name string) error
	// Sync makes the names in a folder survive a loss of power. The log's own folder is
	// "".
	Sync(folder string) error
}

// An Entry is a file in a Dir.
type Entry struct {
	Name string
	// Size is in bytes.
	Size int64
}

// A File is a file of a log.
type File interface {
	io.ReaderAt
	io.Closer
	// Append writes pieces one behind the other, the first at a position that is the
	// file's end (or before it, after a write that failed). It is one system call where
	// the system has one. It keeps neither the pieces nor the slice of them. If it fails, a
	// part may have been written. If there is no room, the error is ErrNoSpace.
	Append(at int64, pieces ...[]byte) error
	// Truncate cuts the file to a size in bytes.
	Truncate(size int64) error
	// Sync makes what was written survive a loss of power.
	Sync() error
	// Size returns the file's size in bytes.
	Size() (int64, error)
}

// The errors that a Dir tells apart. It may wrap them.
var (
	// ErrNoSpace is the error of a write for which the disk has no room.
	ErrNoSpace = errors.New("no space left on the disk")
	// ErrExist is the error of a Create of a name that is taken.
	ErrExist = errors.New("the file exists already")
)
