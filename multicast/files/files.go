// Package files is the directory of a log on this machine: files with vectored writes and
// syncs, a lock that names the process in use, and the room that is left on the disk. An
// anonymous directory is for what must not outlive the process.
package files

import (
	"errors"

	"crier/reliable/journal"
)

// A Dir is a directory on this machine. It implements journal.Dir.
type Dir struct {
	path string
}

// Open opens the directory of a log to write, makes it if need be, and locks it. If another
// process has it, the error names the process.
func Open(path string) (*Dir, error) { return nil, errors.ErrUnsupported }

// OpenReadOnly opens the directory of a log to read. It needs no lock.
func OpenReadOnly(path string) (*Dir, error) { return nil, errors.ErrUnsupported }

// OpenAnonymous opens a directory for files that no other process shall find: they have
// the given prefix, and are unlinked as soon as they are made, where the system allows it.
func OpenAnonymous(path, prefix string) (*Dir, error) { return nil, errors.ErrUnsupported }

// List returns the files of the directory.
func (d *Dir) List() ([]journal.Entry, error) { return nil, errors.ErrUnsupported }

// Create makes a file.
func (d *Dir) Create(name string) (journal.File, error) { return nil, errors.ErrUnsupported }

// Open opens a file.
func (d *Dir) Open(name string) (journal.File, error) { return nil, errors.ErrUnsupported }

// Remove removes a file, and its folder if that is empty then.
func (d *Dir) Remove(name string) error { return errors.ErrUnsupported }

// Sync makes the names in a folder survive a loss of power.
func (d *Dir) Sync(folder string) error { return errors.ErrUnsupported }

// Free returns the room on the disk that this process may use, in bytes.
func (d *Dir) Free() (int64, error) { return 0, errors.ErrUnsupported }

// Close gives the lock back.
func (d *Dir) Close() error { return nil }
