package main

import (
	"encoding/binary"
	"fmt"
	"os"
)

// counter is a number of 8 bytes, little endian, in a file that is mapped into
// memory where the platform allows it: what was set is in the file even if the
// process is killed the next moment. A nil counter counts nothing.
type counter struct {
	file *os.File
	mem  []byte // nil where there is no mapping
}

// openCounter makes the file, with the number 0; no path, no counter.
func openCounter(path string) (*counter, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("--accepted: %w", err)
	}
	c := &counter{file: file}
	if err := file.Truncate(8); err != nil {
		file.Close()
		return nil, fmt.Errorf("--accepted: %w", err)
	}
	if c.mem, err = mapFile(file, 8); err != nil {
		file.Close()
		return nil, fmt.Errorf("--accepted: %s can't be mapped into memory: %w", path, err)
	}
	return c, nil
}

func (c *counter) set(n uint64) {
	if c == nil {
		return
	}
	if c.mem != nil {
		binary.LittleEndian.PutUint64(c.mem, n)
		return
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	_, _ = c.file.WriteAt(b[:], 0) // the number is a convenience: the messages go on
}

func (c *counter) close() {
	if c == nil {
		return
	}
	unmapFile(c.mem)
	c.file.Close()
}

// readCounter returns the number that a process left in a file.
func readCounter(path string) (uint64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	if len(b) != 8 {
		return 0, fmt.Errorf("%s holds %d bytes, not a counter's 8", path, len(b))
	}
	return binary.LittleEndian.Uint64(b), nil
}
