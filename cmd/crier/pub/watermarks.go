package pub

import (
	"encoding/binary"
	"fmt"
	"os"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/mapped"
)

// watermarksSize is the size of the file: two numbers of 8 bytes.
const watermarksSize = 16

// watermarks are two little-endian numbers in a file. Where the system allows it, the file is
// mapped into memory, so that the numbers survive a kill at any moment. The first number
// counts accepted messages and is never less than a subscriber has received. The second
// counts messages that were handed to the kernel and is never more than that. A nil
// pointer keeps nothing.
type watermarks struct {
	file *os.File
	mem  []byte // nil where there is no mapping
}

// openWatermarks creates the file with both numbers 0. Without a path it returns nil.
func openWatermarks(path string) (*watermarks, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("--accepted: %s can't be written (%w): name a file that can", path,
			cli.BareError(err))
	}
	m := &watermarks{file: file}
	// The file is written, not truncated: touching memory that the disk has no room for
	// would end the process.
	if _, err := file.WriteAt(make([]byte, watermarksSize), 0); err != nil {
		file.Close()
		return nil, fmt.Errorf("--accepted: %s can't be written (%w): name a file on a disk "+
			"with room", path, cli.BareError(err))
	}
	if m.mem, err = mapped.Map(file, watermarksSize); err != nil {
		file.Close()
		return nil, fmt.Errorf("--accepted: %s can't be mapped into memory (%w): name a "+
			"regular file", path, err)
	}
	return m, nil
}

// setAccepted is called before a message is published, so that every message that was
// received is counted, even if the process is killed. A message that waits for room counts.
func (m *watermarks) setAccepted(n uint64) { m.set(0, n) }

// setSent is called after messages have been handed to the kernel.
func (m *watermarks) setSent(n uint64) { m.set(8, n) }

func (m *watermarks) set(at int64, n uint64) {
	if m == nil {
		return
	}
	if m.mem != nil {
		binary.LittleEndian.PutUint64(m.mem[at:], n)
		return
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	_, _ = m.file.WriteAt(b[:], at) // the numbers are a convenience: the messages go on
}

func (m *watermarks) close() {
	if m == nil {
		return
	}
	mapped.Unmap(m.mem)
	m.file.Close()
}

// ReadWatermarks returns the numbers that a process left in a file.
func ReadWatermarks(path string) (accepted, sent uint64, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, err
	}
	if len(b) != watermarksSize {
		return 0, 0, fmt.Errorf("%s holds %d bytes, not the %d of --accepted", path, len(b),
			watermarksSize)
	}
	return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), nil
}
