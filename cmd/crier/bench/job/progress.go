package job

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"crier/cmd/crier/mapped"
)

// Progress is a table of counters in a file that the processes of a benchmark share: how many
// messages of each publisher each subscriber is done with. It replaces back-pressure, at the
// cost of a store now and then: publishers wait for their slowest subscriber. Where files
// can't be mapped, the table is written and read.
type Progress struct {
	file    *os.File
	mem     []byte
	writers int
	readers int // columns
	// Held is how many of the readers, from the first, hold publishers back. Where they share
	// the messages, all of these count together.
	Held   int
	Shared bool
}

// progressStride keeps counters in cache lines of their own, in bytes.
const progressStride = 128

// OpenProgress opens the table, or creates it.
func OpenProgress(path string, writers, readers int) (*Progress, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	p := &Progress{file: file, writers: writers, readers: readers, Held: readers}
	size := (writers + 1) * readers * progressStride
	if err := file.Truncate(int64(size)); err != nil {
		file.Close()
		return nil, err
	}
	if p.mem, err = mapped.Map(file, size); err != nil {
		file.Close()
		return nil, fmt.Errorf("mapping %s: %w", path, err)
	}
	return p, nil
}

// Counter is the counter of a subscriber for a publisher.
type Counter struct {
	mem  *uint64
	file *os.File
	at   int64
}

// Counter returns the counter of a publisher and a subscriber.
func (p *Progress) Counter(writer, reader int) Counter {
	at := (writer*p.readers + reader) * progressStride
	if p.mem == nil {
		return Counter{file: p.file, at: int64(at)}
	}
	return Counter{mem: (*uint64)(unsafe.Pointer(&p.mem[at]))}
}

// Set changes the counter.
func (c Counter) Set(n uint64) {
	if c.mem != nil {
		atomic.StoreUint64(c.mem, n)
		return
	}
	b := *(*[8]byte)(unsafe.Pointer(&n))
	_, _ = c.file.WriteAt(b[:], c.at) // the next one will do
}

// Get returns the counter.
func (c Counter) Get() uint64 {
	if c.mem != nil {
		return atomic.LoadUint64(c.mem)
	}
	var n uint64
	_, _ = c.file.ReadAt((*(*[8]byte)(unsafe.Pointer(&n)))[:], c.at)
	return n
}

// Told returns a counter below those of the publishers, by which one of them tells all
// subscribers something.
func (p *Progress) Told() Counter { return p.Aside(0) }

// Aside returns a counter of a subscriber below those of the publishers.
func (p *Progress) Aside(reader int) Counter { return p.Counter(p.writers, reader) }

// Sum returns how many messages of a publisher its subscribers are done with together.
func (p *Progress) Sum(writer int) (n uint64) {
	for r := range p.Held {
		n += p.Counter(writer, r).Get()
	}
	return n
}

// SumAside returns the sum of the counters that Aside returns.
func (p *Progress) SumAside() uint64 { return p.Sum(p.writers) }

// Slowest returns how many of a publisher's messages all subscribers that hold it back are
// done with: each of them, or all together where they share the messages.
func (p *Progress) Slowest(writer int) uint64 {
	if p.Shared {
		return p.Sum(writer)
	}
	least := p.Counter(writer, 0).Get()
	for r := 1; r < p.Held; r++ {
		least = min(least, p.Counter(writer, r).Get())
	}
	return least
}

// Close unmaps the table.
func (p *Progress) Close() {
	mapped.Unmap(p.mem)
	p.file.Close()
}
