package journal

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"crier/nack"
)

// reseal gives the blocks of a segment true checksums, as far as it consists of blocks, so
// that the fuzzer gets behind them.
func reseal(b []byte, seed uint32) {
	for at := 0; at+headSize <= len(b); {
		copy(b[at:], magic)
		length := int(binary.BigEndian.Uint32(b[at+12:]))
		if length < 0 || length > len(b)-at-headSize {
			return
		}
		sealBlock(seed, b[at:at+headSize+length], nil)
		at += headSize + length
	}
}

// FuzzSegment opens and reads a log of one segment with any content. Nothing panics, and
// what a length claims costs no memory.
func FuzzSegment(f *testing.F) {
	key := Key{Session: 0xabcdef}
	for _, closed := range []bool{false, true} {
		d := newMemDir()
		l, _ := mustOpen(f, d, Config{Segment: 4096})
		for _, job := range script(key) {
			mustDo(f, l, job)
		}
		if closed {
			l.Close()
		}
		for _, name := range d.names() {
			f.Add(false, d.files[name].data)
			f.Add(true, d.files[name].data)
		}
	}
	f.Fuzz(func(t *testing.T, sealed bool, data []byte) {
		if len(data) > 1<<20 {
			return
		}
		if sealed {
			reseal(data, seedOf(key))
		}
		for _, cfg := range []Config{{ReadOnly: true}, {}, {Fsync: Fsync{Mode: FsyncNone}}} {
			d := newMemDir()
			name := segmentName(key, 1, 0)
			d.files[name] = &memFile{dir: d, name: name, data: append([]byte{}, data...)}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			l, _, err := Open(d, cfg, 1)
			if err != nil {
				t.Fatal(err)
			}
			s := l.Do(&Job{Key: key}, 1).State
			at := s.Oldest.Seq
			for range 20 {
				if at >= s.Next.Seq {
					break
				}
				r := l.Do(&Job{Key: key, Read: nack.Range{From: at, To: s.Next.Seq}}, 1)
				if r.Read.From != at || r.Read.To < at {
					t.Fatalf("a read from %d returned %v", at, r.Read)
				}
				at = r.Read.To
			}
			for what := FindOffset; what <= FindEnd; what++ {
				l.Do(&Job{Key: key, Find: Query{what, s.Oldest.Offset + 5}}, 1)
			}
			if _, err := l.Verify(Key{}, nil); err != nil {
				t.Fatal(err)
			}
			if cfg.ReadOnly {
				continue
			}
			if next := s.Next.Seq; next < 1<<63 {
				l.Do(&Job{Key: key, Records: []Record{record(next, next+2, some)}}, 1)
			}
			l.Close()
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20+100*uint64(len(data)) {
				t.Fatalf("%d bytes made it take %d", len(data), used)
			}
		}
	})
}

// The seeds are the segments of a small log, in testdata too, so that a change of the format
// is noticed: a log of today must be readable for ever.
func TestOldSegments(t *testing.T) {
	key := Key{Session: 0xabcdef}
	folder := filepath.Join("testdata", "log-1")
	names, err := filepath.Glob(filepath.Join(folder, "*.seg"))
	if err != nil || len(names) < 2 {
		t.Fatalf("%v, %v", names, err)
	}
	d := newMemDir()
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		name = "0000000000abcdef/" + filepath.Base(name)
		d.files[name] = &memFile{dir: d, name: name, data: b}
	}
	l, report := mustOpen(t, d, Config{ReadOnly: true})
	s := l.Do(&Job{Key: key}, 1).State
	if len(report.Findings) > 0 || s.Oldest != (Mark{1, 10}) || s.Next != (Mark{90, 900}) ||
		s.Title == nil || s.Title.Publisher != "other" || s.Ended == nil {
		t.Fatalf("%+v\n%s", s, text(report))
	}
	if got := readAll(t, l, key); len(got) != 85 {
		t.Errorf("%d frames", len(got))
	}
}
