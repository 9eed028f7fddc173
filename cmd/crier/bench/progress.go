package bench

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"crier/multicast"
)

// progress is a table of counters in a file that the processes of a benchmark
// share: how many messages of each publisher each subscriber is done with. It
// stands in for back-pressure: publishers are held back by their slowest
// subscriber, at the cost of a store now and then. Where files can't be mapped
// it is written and read.
type progress struct {
	file    *os.File
	mem     []byte
	writers int
	readers int // columns
	held    int // the first so many hold publishers back
}

// progressStride keeps counters in cache lines of their own, in bytes.
const progressStride = 128

// openProgress opens the table, or makes it.
func openProgress(path string, writers, readers int) (*progress, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	p := &progress{file: file, writers: writers, readers: readers, held: readers}
	size := (writers + 1) * readers * progressStride
	if err := file.Truncate(int64(size)); err != nil {
		file.Close()
		return nil, err
	}
	if p.mem, err = mapFile(file, size); err != nil {
		file.Close()
		return nil, fmt.Errorf("mapping %s: %w", path, err)
	}
	return p, nil
}

// openProgress opens the table of a task's round. Slow subscribers hold nobody back.
func (t *Task) openProgress() (*progress, error) {
	p, err := openProgress(t.Progress, len(t.Sessions), t.Readers+t.Slow)
	if err == nil {
		p.held = t.Readers
	}
	return p, err
}

// told is a row below the publishers' counters: what one of them tells all.
func (p *progress) told() progressCounter { return p.counter(p.writers, 0) }

// counter is one subscriber's, for one publisher.
type progressCounter struct {
	mem  *uint64
	file *os.File
	at   int64
}

func (p *progress) counter(writer, reader int) progressCounter {
	at := (writer*p.readers + reader) * progressStride
	if p.mem == nil {
		return progressCounter{file: p.file, at: int64(at)}
	}
	return progressCounter{mem: (*uint64)(unsafe.Pointer(&p.mem[at]))}
}

func (c progressCounter) set(n uint64) {
	if c.mem != nil {
		atomic.StoreUint64(c.mem, n)
		return
	}
	b := *(*[8]byte)(unsafe.Pointer(&n))
	_, _ = c.file.WriteAt(b[:], c.at) // the next one will do
}

func (c progressCounter) get() uint64 {
	if c.mem != nil {
		return atomic.LoadUint64(c.mem)
	}
	var n uint64
	_, _ = c.file.ReadAt((*(*[8]byte)(unsafe.Pointer(&n)))[:], c.at)
	return n
}

// slowest is what all subscribers that hold it back are done with of a publisher's
// messages.
func (p *progress) slowest(writer int) uint64 {
	least := p.counter(writer, 0).get()
	for r := 1; r < p.held; r++ {
		least = min(least, p.counter(writer, r).get())
	}
	return least
}

func (p *progress) close() {
	unmapFile(p.mem)
	p.file.Close()
}

const (
	// windowPoll is how often a publisher that is held back looks again.
	windowPoll = 50 * time.Microsecond
	// windowStuck is how long nothing may move before a sender of bare datagrams
	// goes on regardless: those that were lost come no more.
	windowStuck = 200 * time.Millisecond
)

// sharedFile makes the file of counters. Where it can, it has no name any more
// when this returns, and is handed down to the processes as a descriptor, so that
// nothing is left behind, however the benchmark ends.
func sharedFile() (f *os.File, path string, err error) {
	if f, err = os.CreateTemp(sharedDir(), "crier-bench-"); err != nil {
		return nil, "", err
	}
	if inheritedFile == "" {
		return f, f.Name(), nil
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, "", err
	}
	return f, inheritedFile, nil
}

// sharedDir is a place in memory, if there is one: the counters change often.
func sharedDir() string {
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// window bounds how many messages a publisher may have under way. A nil window
// bounds nothing.
type window struct {
	progress *progress
	writer   int
	size     uint64
	bare     bool // what is lost is not repaired
	timer    multicast.Timer
	known    uint64 // what all subscribers are done with, when last looked at
	waits    uint64
}

// room returns how many messages may go out after the first sent, waiting until
// that is some. When it had to wait it waits for half a window, so that it
// sleeps seldom. It returns 0 when the time is up.
func (w *window) room(sent uint64, until time.Time) uint64 {
	if left := w.known + w.size; sent < left {
		return left - sent
	}
	w.known = w.progress.slowest(w.writer)
	if left := w.known + w.size; sent < left {
		return left - sent
	}
	w.waits++
	moved, at := w.known, time.Now()
	for {
		w.timer.Set(windowPoll)
		if w.timer.Wait() != nil {
			return 0
		}
		w.known = w.progress.slowest(w.writer)
		if left := w.known + w.size; left > sent && left-sent >= max(1, w.size/2) {
			return left - sent
		}
		now := time.Now()
		if !now.Before(until) {
			return 0
		}
		if w.known != moved {
			moved, at = w.known, now
		} else if w.bare && now.Sub(at) > windowStuck {
			return w.size
		}
	}
}
