// Package statefile keeps positions in a file of JSON that is replaced as a whole: those of a
// subscriber, and those of a publisher's teams.
package statefile

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// File is a file of positions. One goroutine at a time may use it.
type File struct {
	path, format, owner string
	// own is the file that was saved last, or nil.
	own fs.FileInfo
}

// New returns the file of a path. It says that it has a format, and belongs to one owner, such as
// "subscriber".
func New(path, format, owner string) *File {
	return &File{path: path, format: format, owner: owner}
}

// String returns the path.
func (f *File) String() string { return f.path }

const version = 1

// content is the content of a file.
type content struct {
	Format    string          `json:"format"`
	Version   int             `json:"version"`
	Sum       string          `json:"crc32c"` // of Positions without white space, in hex
	Positions json.RawMessage `json:"positions"`
}

// Name is a name in a file, which may have any bytes: those that aren't UTF-8 are in hex, behind a
// mark.
type Name string

const hexMark = "hex:"

// MarshalText returns the name, or its bytes in hex.
func (n Name) MarshalText() ([]byte, error) {
	if utf8.ValidString(string(n)) && !strings.HasPrefix(string(n), hexMark) {
		return []byte(n), nil
	}
	return []byte(hexMark + hex.EncodeToString([]byte(n))), nil
}

// UnmarshalText reads what MarshalText returns.
func (n *Name) UnmarshalText(text []byte) error {
	if coded, ok := bytes.CutPrefix(text, []byte(hexMark)); ok {
		name, err := hex.DecodeString(string(coded))
		*n = Name(name)
		return err
	}
	*n = Name(text)
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns the checksum of positions as JSON.
func checksum(positions []byte) (string, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, positions); err != nil {
		return "", err
	}
	return fmt.Sprintf("%08x", crc32.Checksum(b.Bytes(), castagnoli)), nil
}

// Save replaces the file by one with these positions, once that is on disk; on Windows it is
// written in place. A file that somebody else has written meanwhile is not replaced.
func Save[P any](f *File, positions []P) error {
	if err := f.check(); err != nil {
		return err
	}
	var list bytes.Buffer // a position a line
	for i := range positions {
		line, err := json.Marshal(positions[i])
		if err != nil {
			return err
		}
		if i > 0 {
			list.WriteString(",")
		}
		list.WriteString("\n  ")
		list.Write(line)
	}
	array := "[" + list.String() + "]"
	sum, err := checksum([]byte(array))
	if err != nil {
		return err
	}
	text := fmt.Sprintf("{\"format\": %q, \"version\": %d, \"crc32c\": %q, \"positions\": %s}\n",
		f.format, version, sum, array)
	if err := replaceFile(f.path, []byte(text)); err != nil {
		return fmt.Errorf("the state file %s can't be written (%w): make room there, or name "+
			"another file", f.path, reason(err))
	}
	f.own, err = os.Stat(f.path)
	return err
}

// reason returns an error without the name of a file. That of the file which is to replace the
// state file differs each time, and an error that stays the same is told once.
func reason(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	if at := (*os.LinkError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

// check refuses to replace a file that somebody else wrote.
func (f *File) check() error {
	if f.own == nil {
		return nil
	}
	switch now, err := os.Stat(f.path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !os.SameFile(now, f.own) || now.Size() != f.own.Size() ||
		!now.ModTime().Equal(f.own.ModTime()):
		return fmt.Errorf("the state file %s was written by somebody else: give each %s a file of "+
			"its own", f.path, f.owner)
	}
	return nil
}

// Load reads the positions of the file, none if there isn't one. The caller saves them at once: so
// a file that can't be written is told at the start.
func Load[P any](f *File) ([]P, error) {
	text, err := os.ReadFile(f.path)
	var positions []P
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(f.path)); err != nil {
			return nil, fmt.Errorf("there is no folder %s for the state file: make it",
				filepath.Dir(f.path))
		}
	case err != nil:
		return nil, fmt.Errorf("the state file %s can't be read (%w): name another file", f.path,
			reason(err))
	default:
		list, err := f.parse(text)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(list, &positions); err != nil {
			return nil, f.Damaged(err)
		}
	}
	tidy(f.path)
	return positions, nil
}

// parse reads the content of the file.
func (f *File) parse(text []byte) (json.RawMessage, error) {
	var s content
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, f.Damaged(err)
	}
	switch {
	case s.Format != f.format:
		return nil, fmt.Errorf("%s isn't a state file of crier: name another file", f.path)
	case s.Version != version:
		return nil, fmt.Errorf("the state file %s has version %d, and this crier knows version "+
			"%d: use the crier that wrote it", f.path, s.Version, version)
	}
	sum, err := checksum(s.Positions)
	switch {
	case err != nil:
		return nil, f.Damaged(err)
	case sum != s.Sum:
		return nil, f.Damaged(fmt.Errorf("its checksum is %s, and that of its positions %s",
			s.Sum, sum))
	}
	return s.Positions, nil
}

// Damaged returns the error of a file that can't be understood.
func (f *File) Damaged(why error) error {
	return fmt.Errorf("the state file %s is torn or damaged (%w): put a copy of it back, or remove "+
		"it and choose anew where to begin", f.path, why)
}
