// Package progress keeps how far a producer is in a file that outlives a kill.
package progress

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"crier/cmd/crier/mapped"
)

// head is the size of a File's numbers before its times.
const head = 16

// File is a file in which a producer keeps how many messages it accepted, how many were
// acknowledged, and when it accepted each. It outlives a kill at any moment. The file is mapped
// into memory where the system can do that.
type File struct {
	file *os.File
	mem  []byte // nil where there is no mapping
}

// Create makes the file, for a number of messages.
func Create(path string, messages int) (*File, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	size := head + 8*messages
	p := &File{file: file}
	if _, err = file.Write(make([]byte, size)); err == nil {
		p.mem, err = mapped.Map(file, size)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Accept notes that a message is accepted, at a time.
func (p *File) Accept(offset uint64, at time.Time) {
	p.set(head+8*int64(offset), uint64(at.UnixNano()))
	p.set(0, offset+1)
}

// SetAcked notes how many messages were acknowledged.
func (p *File) SetAcked(n uint64) { p.set(8, n) }

func (p *File) set(at int64, n uint64) {
	if p.mem != nil {
		binary.LittleEndian.PutUint64(p.mem[at:], n)
		return
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	_, _ = p.file.WriteAt(b[:], at) // the last ones are missing then
}

// Counts returns how many messages a producer has accepted so far, and how many of them were
// acknowledged.
func Counts(path string) (accepted, acked uint64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	b := make([]byte, head)
	if _, err := f.ReadAt(b, 0); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), nil
}

// Read returns what a producer left in a file: the times, in nanoseconds since the Unix
// epoch, at which it accepted messages, and how many of them were acknowledged.
func Read(path string) (accepted []int64, acked uint64, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	if len(b) < head {
		return nil, 0, fmt.Errorf("%s has only %d bytes", path, len(b))
	}
	n := binary.LittleEndian.Uint64(b)
	acked = binary.LittleEndian.Uint64(b[8:])
	for b = b[head:]; uint64(len(accepted)) < n && len(b) >= 8; b = b[8:] {
		accepted = append(accepted, int64(binary.LittleEndian.Uint64(b)))
	}
	return accepted, acked, nil
}
