package pub

import (
	"encoding/binary"
	"fmt"
	"os"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/mapped"
)

// counterSize is the size of a counter's file: two numbers of 8 bytes.
const counterSize = 16

// counter keeps two little-endian numbers in a file. Where the system allows it, the file is
// mapped into memory, so that the numbers survive a kill at any moment. The first number
// counts accepted messages and is never less than a subscriber has received. The second
// counts messages that were handed to the kernel and is never more than that. A nil counter
// counts nothing.
type counter struct {
	file *os.File
	mem  []byte // nil where there is no mapping
}

// openCounter creates the file with both numbers 0. Without a path it returns nil.
func openCounter(path string) (*counter, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("--accepted: %s can't be written (%w): name a file that can", path,
			cli.BareError(err))
	}
	c := &counter{file: file}
	// The file is written, not truncated: touching memory that the disk has no room for
	// would end the process.
	if _, err := file.WriteAt(make([]byte, counterSize), 0); err != nil {
		file.Close()
		return nil, fmt.Errorf("--accepted: %s can't be written (%w): name a file on a disk "+
			"with room", path, cli.BareError(err))
	}
	if c.mem, err = mapped.Map(file, counterSize); err != nil {
		file.Close()
		return nil, fmt.Errorf("--accepted: %s can't be mapped into memory (%w): name a "+
			"regular file", path, err)
	}
	return c, nil
}

// setAccepted is called before a message is published, so that every message that was
// received is counted, even if the process is killed. A message that waits for room counts.
func (c *counter) setAccepted(n uint64) { c.set(0, n) }

// setSent is called after messages have been handed to the kernel.
func (c *counter) setSent(n uint64) { c.set(8, n) }

func (c *counter) set(at int64, n uint64) {
	if c == nil {
		return
	}
	if c.mem != nil {
		binary.LittleEndian.PutUint64(c.mem[at:], n)
		return
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	_, _ = c.file.WriteAt(b[:], at) // the numbers are a convenience: the messages go on
}

func (c *counter) close() {
	if c == nil {
		return
	}
	mapped.Unmap(c.mem)
	c.file.Close()
}

// ReadCounter returns the numbers that a process left in a file.
func ReadCounter(path string) (accepted, sent uint64, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, err
	}
	if len(b) != counterSize {
		return 0, 0, fmt.Errorf("%s holds %d bytes, not a counter's %d", path, len(b), counterSize)
	}
	return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), nil
}
