package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"crier/nack"
)

// A memDir is a directory in memory. Its faults are for tests to set.
type memDir struct {
	files map[string]*memFile
	// room, if not negative, is how many more bytes fit.
	room int64
	// failAppend and failSync are errors of the next so many calls.
	failAppend, failSync int
	// steps, if not negative, are how many more bytes and operations are done until all
	// fails.
	steps int64
	// opened counts open files, and syncs the syncs.
	opened, syncs int
}

type memFile struct {
	dir    *memDir
	name   string
	data   []byte
	synced int
	named  bool
	// broken says that a sync failed: all others must not be tried.
	broken bool
	gone   bool
}

// A memHandle is an open memFile.
type memHandle struct{ *memFile }

var (
	errDisk = errors.New("input/output error")
	errDead = errors.New("the process was killed")
)

func newMemDir() *memDir { return &memDir{files: map[string]*memFile{}, room: -1, steps: -1} }

// step reports whether one more step is done.
func (d *memDir) step() bool {
	if d.steps == 0 {
		return false
	}
	if d.steps > 0 {
		d.steps--
	}
	return true
}

// clone returns a copy of the files.
func (d *memDir) clone() *memDir {
	c := newMemDir()
	for name, f := range d.files {
		c.files[name] = &memFile{dir: c, name: name, data: bytes.Clone(f.data), synced: f.synced,
			named: f.named}
	}
	return c
}

func (d *memDir) names() (names []string) {
	for name := range d.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (d *memDir) List() (list []Entry, err error) {
	for _, name := range d.names() {
		list = append(list, Entry{name, int64(len(d.files[name].data))})
	}
	return list, nil
}

func (d *memDir) Create(name string) (File, error) {
	if !d.step() {
		return nil, errDead
	}
	if d.files[name] != nil {
		return nil, fmt.Errorf("%s: %w", name, ErrExist)
	}
	f := &memFile{dir: d, name: name}
	d.files[name] = f
	d.opened++
	return memHandle{f}, nil
}

func (d *memDir) Open(name string) (File, error) {
	f := d.files[name]
	if f == nil {
		return nil, errors.New("no such file")
	}
	d.opened++
	return memHandle{f}, nil
}

func (d *memDir) Remove(name string) error {
	if !d.step() {
		return errDead
	}
	if f := d.files[name]; f != nil {
		f.gone = true
		if d.room >= 0 {
			d.room += int64(len(f.data))
		}
		delete(d.files, name)
	}
	return nil
}

func (d *memDir) Sync(folder string) error {
	if !d.step() {
		return errDead
	}
	for name, f := range d.files {
		if at := strings.LastIndex(name, "/"); at >= 0 && name[:at] == folder {
			f.named = true
		}
	}
	return nil
}

// restart makes the directory what it is after the process was killed. What files hold
// stays.
func (d *memDir) restart() {
	d.steps, d.failAppend, d.failSync, d.opened = -1, 0, 0, 0
	for _, f := range d.files {
		f.broken = false
	}
}

// powerLoss makes the directory what it is after a loss of power: of what wasn't synced,
// any part is lost.
func (d *memDir) powerLoss(rng *rand.Rand) {
	d.restart()
	for _, name := range d.names() {
		f := d.files[name]
		if !f.named && rng.IntN(2) == 0 {
			delete(d.files, name)
			continue
		}
		f.synced = min(f.synced, len(f.data))
		left := len(f.data) - f.synced
		switch rng.IntN(4) {
		case 0:
			f.data = f.data[:f.synced]
		case 1:
			f.data = f.data[:f.synced+rng.IntN(left+1)]
		case 2: // the size, but not all of the data
			const page = 64 // small, as the blocks of tests are
			for at := f.synced; at < len(f.data); at += page {
				if rng.IntN(3) == 0 {
					clear(f.data[at:min(at+page, len(f.data))])
				}
			}
		}
		f.synced, f.named = len(f.data), true
	}
}

func (f memHandle) ReadAt(b []byte, at int64) (int, error) {
	if at >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f memHandle) Close() error {
	f.dir.opened--
	return nil
}

func (f memHandle) Append(at int64, pieces ...[]byte) error {
	if at > int64(len(f.data)) {
		return fmt.Errorf("a write at %d of %d", at, len(f.data))
	}
	if f.broken {
		panic("a write to a file of which a sync failed")
	}
	d := f.dir
	for _, b := range pieces {
		n := int64(len(b))
		if d.failAppend > 0 {
			n /= 2
		}
		if d.steps >= 0 {
			n = min(n, d.steps)
			d.steps -= n
		}
		if d.room >= 0 {
			n = min(n, d.room+max(0, int64(len(f.data))-at))
			d.room -= max(0, at+n-int64(len(f.data)))
		}
		f.memFile.data = append(f.data[:at],
			append(bytes.Clone(b[:n]), f.data[min(int64(len(f.data)), at+n):]...)...)
		at += n
		switch {
		case d.failAppend > 0:
			d.failAppend--
			return errDisk
		case n < int64(len(b)) && d.steps == 0:
			return errDead
		case n < int64(len(b)):
			return fmt.Errorf("%w: %s", ErrNoSpace, f.name)
		}
	}
	return nil
}

func (f memHandle) Truncate(size int64) error {
	if !f.dir.step() {
		return errDead
	}
	if cut := int64(len(f.data)) - size; cut > 0 {
		f.memFile.data = f.data[:size]
		if f.dir.room >= 0 {
			f.dir.room += cut
		}
	}
	return nil
}

func (f memHandle) Sync() error {
	if !f.dir.step() {
		return errDead
	}
	if f.broken {
		panic("a second sync of a file after one that failed")
	}
	if f.dir.failSync > 0 {
		f.dir.failSync--
		f.memFile.broken = true
		return errDisk
	}
	f.dir.syncs++
	f.memFile.synced = len(f.data)
	return nil
}

func (f memHandle) Size() (int64, error) { return int64(len(f.data)), nil }

// frame returns the made-up frame with a number.
func frame(seq uint64, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(seq>>(8*(i%8))) ^ byte(i*7)
	}
	return b
}

// record returns a record of made-up frames. A message starts in each.
func record(from, to uint64, size func(seq uint64) int) Record {
	r := Record{Frames: nack.Range{From: from, To: to}, Offset: 10 * from, EndOffset: 10 * to,
		First: int64(1000 * from), Last: int64(1000 * (to - 1))}
	for seq := from; seq < to; seq++ {
		f := frame(seq, size(seq))
		r.Data = append(r.Data, f...)
		r.Sizes = append(r.Sizes, int32(len(f)))
	}
	return r
}

// some returns sizes from 1 to 100.
func some(seq uint64) int { return 1 + int(seq*37%100) }

func mustOpen(t testing.TB, d Dir, cfg Config) (*Log, *Report) {
	t.Helper()
	l, report, err := Open(d, cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	return l, report
}

func mustDo(t testing.TB, l *Log, job *Job) *Result {
	t.Helper()
	r := l.Do(job, 1)
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return r
}

// readAll reads all frames of a tape, as many as are there.
func readAll(t testing.TB, l *Log, key Key) map[uint64][]byte {
	t.Helper()
	got := map[uint64][]byte{}
	s := l.Do(&Job{Key: key}, 1).State
	for seq := s.Oldest.Seq; seq < s.Next.Seq; {
		r := l.Do(&Job{Key: key, Read: nack.Range{From: seq, To: s.Next.Seq}}, 1)
		if r.Read.From != seq || r.Read.Len() == 0 || len(r.Frames) != int(r.Read.Len()) {
			t.Fatalf("a read from %d returned %v, %d frames, %v", seq, r.Read, len(r.Frames), r.Err)
		}
		for i, f := range r.Frames {
			if f != nil {
				got[seq+uint64(i)] = bytes.Clone(f)
			}
		}
		seq = r.Read.To
	}
	return got
}

func text(r *Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%+v\n", f)
	}
	return b.String()
}
