// Package files is the directory of a log on this machine: files with vectored writes and
// syncs, a lock that names the process in use, and the room that is left on the disk. An
// anonymous directory is for what must not outlive the process.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"crier/reliable/journal"
)

// A Dir is a directory on this machine. It implements journal.Dir. One goroutine uses it.
type Dir struct {
	path string
	lock *os.File
	// prefix, if not empty, begins the names of files that are unlinked at once.
	prefix string
	// left are the names of such files that the system doesn't unlink while they are open.
	left map[string]bool
	// readOnly opens files to read only.
	readOnly bool
}

// lockName is the name of the file that is locked.
const lockName = "LOCK"

// Open opens the directory of a log to write, makes it if need be, and locks it until
// Close. If another process has it, the error names the process.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("the log can't be kept in %s (%w): "+
			"name a directory that can be written to", path, cause(err))
	}
	lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("the log in %s can't be written (%w): "+
			"name a directory that can be written to", path, cause(err))
	}
	if err := lockFile(lock); err != nil {
		by := "another process"
		if pid := holder(lock); pid > 0 {
			by = fmt.Sprintf("process %d", pid)
		}
		lock.Close()
		if !errors.Is(err, errLocked) {
			return nil, fmt.Errorf("the log in %s can't be locked (%w)", path, cause(err))
		}
		return nil, fmt.Errorf("the log in %s is in use by %s: "+
			"end that, or name another directory", path, by)
	}
	if err := lock.Truncate(0); err == nil {
		_, _ = lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return &Dir{path: path, lock: lock}, nil
}

// OpenReadOnly opens the directory of a log to read. It needs no lock.
func OpenReadOnly(path string) (*Dir, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no directory %s", path)
	case err != nil:
		return nil, fmt.Errorf("the log in %s can't be read (%w)", path, cause(err))
	case !info.IsDir():
		return nil, fmt.Errorf("%s is a file, and a log is a directory", path)
	}
	return &Dir{path: path, readOnly: true}, nil
}

// OpenAnonymous opens a directory for files that no other process shall find: their names
// begin with a prefix, and they are unlinked as soon as they are made, where the system
// allows it, and by Remove otherwise.
func OpenAnonymous(path, prefix string) (*Dir, error) {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = errors.New("it is a file")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	return &Dir{path: path, prefix: prefix, left: map[string]bool{}}, nil
}

// Holder returns the id of the process that has a log open to write, or false if none has.
func Holder(path string) (pid int, held bool) {
	lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR, 0)
	if err != nil {
		return 0, false
	}
	defer lock.Close()
	if err := lockFile(lock); err == nil {
		return 0, false
	}
	return holder(lock), true
}

// holder reads the id of the process that has the lock, or 0.
func holder(lock *os.File) int {
	var b [32]byte
	n, _ := lock.ReadAt(b[:], 0)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	return pid
}

// cause returns an error without the system call and the path around it.
func cause(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// errLocked is the error of a lock that another process has.
var errLocked = errors.New("locked")

// mark returns an error as a journal knows it.
func mark(err error) error {
	switch {
	case err == nil:
		return nil
	case isNoSpace(err):
		return fmt.Errorf("%w (%w)", journal.ErrNoSpace, err)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w (%w)", journal.ErrExist, err)
	}
	return err
}

// Path returns the directory's path.
func (d *Dir) Path() string { return d.path }

// List returns the files of the directory and of its folders, in the order of their names.
// An anonymous directory has none.
func (d *Dir) List() (list []journal.Entry, err error) {
	if d.prefix != "" {
		return nil, nil
	}
	err = filepath.WalkDir(d.path, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) && name != d.path {
				return nil // removed meanwhile
			}
			return err
		}
		if e.IsDir() {
			return nil
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(d.path, name)
		if err != nil {
			return err
		}
		list = append(list, journal.Entry{Name: filepath.ToSlash(rel), Size: info.Size()})
		return nil
	})
	return list, err
}

// full returns the path of a file.
func (d *Dir) full(name string) string {
	if d.prefix != "" {
		return filepath.Join(d.path, d.prefix+strings.ReplaceAll(name, "/", "-"))
	}
	return filepath.Join(d.path, filepath.FromSlash(name))
}

// Create makes a file.
func (d *Dir) Create(name string) (journal.File, error) {
	path := d.full(name)
	if d.prefix == "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, mark(err)
		}
	}
	mode := fs.FileMode(0o644)
	if d.prefix != "" {
		mode = 0o600
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, mark(err)
	}
	if d.prefix != "" && os.Remove(path) != nil {
		d.left[name] = true
	}
	return &file{f: f}, nil
}

// Open opens a file.
func (d *Dir) Open(name string) (journal.File, error) {
	mode := os.O_RDWR
	if d.readOnly {
		mode = os.O_RDONLY
	}
	// A pipe would wait for its other end, and a link may lead anywhere.
	if info, err := os.Lstat(d.full(name)); err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	f, err := os.OpenFile(d.full(name), mode, 0)
	if err != nil {
		return nil, err
	}
	return &file{f: f}, nil
}

// Remove removes a file, and its folder if that is empty then. It is no error if there is
// none.
func (d *Dir) Remove(name string) error {
	if d.prefix != "" && !d.left[name] {
		return nil // unlinked already
	}
	delete(d.left, name)
	path := d.full(name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if d.prefix == "" && strings.Contains(name, "/") {
		_ = os.Remove(filepath.Dir(path)) // not while others are in it
	}
	return nil
}

// Sync makes the names in a folder survive a loss of power. On Windows it does nothing.
func (d *Dir) Sync(folder string) error {
	if d.prefix != "" {
		return nil
	}
	return syncFolder(d.full(folder))
}

// Free returns the room on the disk that this process may use, in bytes.
func (d *Dir) Free() (int64, error) { return free(d.path) }

// Close gives the lock back.
func (d *Dir) Close() error {
	if d.lock == nil {
		return nil
	}
	_ = d.lock.Truncate(0)
	err := d.lock.Close()
	d.lock = nil
	return err
}

// A file is a journal.File.
type file struct {
	f *os.File
	writer
}

func (f *file) ReadAt(b []byte, at int64) (int, error) { return f.f.ReadAt(b, at) }

func (f *file) Close() error { return f.f.Close() }

func (f *file) Append(at int64, pieces ...[]byte) error {
	return mark(f.write(f.f, at, pieces))
}

func (f *file) Truncate(size int64) error { return mark(f.f.Truncate(size)) }

func (f *file) Sync() error { return mark(syncData(f.f)) }

func (f *file) Size() (int64, error) {
	info, err := f.f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
