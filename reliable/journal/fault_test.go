package journal

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
)

// Each fault of a directory is told, and nothing of what is whole is lost or touched.
func TestFindings(t *testing.T) {
	key := Key{Session: 7}
	name := segmentName(key, 1, 0)
	for _, test := range []struct {
		what   string
		change func(d *memDir)
		want   string // of the finding, or nothing
		frames int
	}{
		{"nothing", func(*memDir) {}, "", 29},
		{"its footer is missing", func(d *memDir) {
			f := d.files[name]
			f.data = f.data[:bytes.LastIndex(f.data, []byte(magic))]
		}, "", 29},
		{"its end is torn", func(d *memDir) {
			f := d.files[name]
			f.data = f.data[:bytes.LastIndex(f.data, []byte(magic))-9]
		}, "{Kind:1 Name:0000000000000007/0-00000000000000000001.seg Key:{Session:7 Channel:0} " +
			"Frames:20-29 ", 19},
		{"its size is more than its data", func(d *memDir) {
			f := d.files[name]
			f.data = append(f.data, make([]byte, 10000)...)
		}, "{Kind:1 ", 29},
		{"a block is damaged", func(d *memDir) {
			f := d.files[name]
			f.data[bytes.Index(f.data, frame(12, some(12)))] ^= 4
			f.data = f.data[:len(f.data)-1] // so that it is read
		}, "Kind:2 Name:0000000000000007/0-00000000000000000001.seg Key:{Session:7 Channel:0} " +
			"Frames:10-19 ", 19},
		{"another version", func(d *memDir) {
			b := bytes.Clone(d.files[name].data)
			b[8] = 2
			d.add("0000000000000008/0-00000000000000000001.seg", b[:200])
		}, "Kind:3 Name:0000000000000008/0-00000000000000000001.seg", 29},
		{"a file that isn't one", func(d *memDir) {
			d.add("0000000000000008/0-00000000000000000001.seg", []byte("Dear diary"))
		}, "Kind:4 Name:0000000000000008/0-00000000000000000001.seg", 29},
		{"a file of another session", func(d *memDir) {
			d.add("0000000000000008/0-00000000000000000001.seg", d.files[name].data)
		}, "Kind:4 Name:0000000000000008/0-00000000000000000001.seg", 29},
		{"a foreign file", func(d *memDir) { d.add("notes.txt", []byte("x")) },
			"Kind:5 Name:notes.txt", 29},
		{"the lock", func(d *memDir) { d.add("LOCK", []byte("1\n")) }, "", 29},
		{"a segment that was never written", func(d *memDir) {
			d.add("0000000000000007/0-00000000000000000030.seg", nil)
		}, "", 29},
	} {
		d := newMemDir()
		l, _ := mustOpen(t, d, Config{})
		mustDo(t, l, &Job{Key: key, Records: []Record{record(1, 10, some), record(10, 20, some),
			record(20, 30, some)}})
		l.Close()
		test.change(d)
		for _, readOnly := range []bool{true, false} {
			before := d.names()
			l, report := mustOpen(t, d, Config{ReadOnly: readOnly})
			if got := text(report); !strings.Contains(got, test.want) ||
				(test.want == "") != (got == "") {
				t.Errorf("%s, read only %v: %q, want %q", test.what, readOnly, got, test.want)
			}
			if n := len(readAll(t, l, key)); n != test.frames {
				t.Errorf("%s, read only %v: %d frames, want %d", test.what, readOnly, n, test.frames)
			}
			l.Close()
			if after := d.names(); readOnly && len(before) != len(after) {
				t.Errorf("%s: files before %v, and after %v", test.what, before, after)
			}
		}
		if _, report := mustOpen(t, d, Config{}); strings.Contains(text(report), "Kind:1 ") {
			t.Errorf("%s: what is torn is told again: %s", test.what, text(report))
		}
	}
}

func (d *memDir) add(name string, data []byte) {
	d.files[name] = &memFile{dir: d, name: name, data: bytes.Clone(data)}
}

func TestConfigurations(t *testing.T) {
	for want, cfg := range map[string]Config{
		"":                    {Keep: Keep{Bytes: 1 << 30}},
		"less than a segment": {Keep: Keep{Bytes: 500 << 10}},
		"is not from":         {Segment: 100},
		"is negative":         {Keep: Keep{Age: -1}},
	} {
		_, _, err := Open(newMemDir(), cfg, 1)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", cfg, err, want)
		}
	}
}

// On a full disk the oldest segments go. When nothing more can go, the log goes on serving,
// and names what it could not write when there is room again.
func TestFullDisk(t *testing.T) {
	d := newMemDir()
	d.room = 10000
	l, _ := mustOpen(t, d, Config{Segment: 4096})
	old, key := Key{Session: 1}, Key{Session: 2}
	seq := uint64(0)
	add := func(to Key) *Result {
		r := l.Do(&Job{Key: to, Records: []Record{record(seq, seq+20, some)}}, int64(seq))
		seq += 20
		return r
	}
	for range 3 {
		if r := add(old); r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	dropped := 0
	for range 20 {
		r := add(key)
		if dropped += r.Dropped; r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	if dropped == 0 || len(l.States()) != 1 {
		t.Fatalf("%d were dropped, %d tapes are left", dropped, len(l.States()))
	}
	for _, s := range l.Segments(key)[1:] { // somebody else takes the room
		d.room -= s.Bytes
	}
	d.room = min(d.room, 0)
	from := l.Do(&Job{Key: key}, 1).State
	var r *Result
	for range 10 {
		if r = add(key); r.Full {
			break
		}
		d.room = 0
	}
	if !r.Full || !errors.Is(r.Err, ErrNoSpace) || r.State.Segments == 0 {
		t.Fatalf("%+v", r)
	}
	lost := r.State.Next.Seq
	if len(readAll(t, l, key)) == 0 || lost < from.Next.Seq {
		t.Fatal("it doesn't serve")
	}
	d.room = 1 << 20
	r = add(key)
	if r.Err != nil || len(r.State.Holes) != 1 ||
		r.State.Holes[0] != (nack.Range{From: lost, To: seq - 20}) {
		t.Fatalf("%v, holes %v", r.Err, r.State.Holes)
	}
}

// A write that fails is tried once more, in a new segment. A sync that fails is never tried
// again: what is doubtful is asked for, and goes to another segment.
func TestFaultyDisk(t *testing.T) {
	d := newMemDir()
	l, _ := mustOpen(t, d, Config{Fsync: Fsync{Mode: FsyncEach}})
	key := Key{Session: 2}
	do := func(from, to uint64) *Result {
		return l.Do(&Job{Key: key, Records: []Record{record(from, to, some)}}, 1)
	}
	do(0, 10)
	d.failAppend = 1
	if r := do(10, 20); r.Failed || r.Err == nil || r.State.Synced != 20 || r.State.Segments != 2 {
		t.Fatalf("%+v", r)
	}
	d.failAppend = 2
	if r := do(20, 30); !r.Failed || r.State.Next.Seq != 20 {
		t.Fatalf("%+v", r)
	}
	d.failSync = 1
	if r := do(20, 30); !r.Failed || !r.Again || r.State.Next.Seq != 20 || r.State.Synced != 20 {
		t.Fatalf("%+v", r)
	}
	r := do(25, 30) // the caller has no more
	if r.Err != nil || r.State.Synced != 30 || len(r.State.Holes) != 1 ||
		r.State.Holes[0] != (nack.Range{From: 20, To: 25}) {
		t.Fatalf("%+v", r)
	}
	if got := readAll(t, l, key); len(got) != 25 {
		t.Fatalf("%d frames", len(got))
	}
}

// Syncs are done at the interval, for all tapes.
func TestInterval(t *testing.T) {
	d := newMemDir()
	l, _ := mustOpen(t, d, Config{Fsync: Fsync{Every: 50 * time.Millisecond}})
	wall := int64(1e18)
	for session := range uint64(3) {
		wall += int64(10 * time.Millisecond)
		r := l.Do(&Job{Key: Key{Session: 1 + session}, Records: []Record{record(0, 9, some)}}, wall)
		if r.State.Synced != 0 || r.Err != nil {
			t.Fatalf("%+v", r)
		}
	}
	due, ok := l.Due()
	if !ok || due != 1e18+int64(60*time.Millisecond) {
		t.Fatal(due, ok)
	}
	r := l.Do(&Job{}, due)
	if len(r.Others) != 3 || r.Err != nil {
		t.Fatalf("%+v", r)
	}
	for _, s := range r.Others {
		if s.Synced != 9 {
			t.Errorf("%+v", s)
		}
	}
	if _, ok := l.Due(); ok {
		t.Error("a sync is still due")
	}
}

// A log by age drops segments whose last frame is too old, of sessions that are over too.
func TestAge(t *testing.T) {
	d := newMemDir()
	l, _ := mustOpen(t, d, Config{Keep: Keep{Age: time.Hour}})
	over, key := Key{Session: 1}, Key{Session: 2}
	wall := int64(1e18)
	l.Do(&Job{Key: over, Records: []Record{record(0, 9, some)}}, wall)
	for seq := range uint64(300) {
		wall += int64(time.Minute)
		if r := l.Do(&Job{Key: key, Records: []Record{record(seq, seq+1, some)}}, wall); r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	states := l.States()
	if len(states) != 1 || states[0].Oldest.Seq < 300-60-8 || states[0].Oldest.Seq > 300-60 {
		t.Errorf("%+v", states)
	}
}

// A spill is trimmed by need only, says when it is full, and leaves nothing.
func TestByNeed(t *testing.T) {
	d := newMemDir()
	l, _ := mustOpen(t, d, Config{ByNeed: true, Segment: 4096, Keep: Keep{Bytes: 20000}})
	key := Key{Session: 2}
	var seq uint64
	for {
		r := l.Do(&Job{Key: key, Records: []Record{record(seq, seq+10, some)}}, 1)
		if r.Full {
			break
		} else if r.Err != nil {
			t.Fatal(r.Err)
		}
		seq += 10
	}
	if s := l.Do(&Job{Key: key}, 1).State; s.Bytes > 20000 || s.Bytes < 15000 || s.Oldest.Seq != 0 {
		t.Fatalf("%+v", s)
	}
	r := l.Do(&Job{Key: key, Trim: seq - 5, Records: []Record{record(seq, seq+10, some)}}, 1)
	if r.Err != nil || r.State.Oldest.Seq > seq-5 || r.State.Oldest.Seq == 0 {
		t.Fatalf("%+v", r.State)
	}
	r = l.Do(&Job{Key: key, Reset: true, Records: []Record{record(5, 15, some)}}, 1)
	if r.Err != nil || r.State.Oldest.Seq != 5 || r.State.Next.Seq != 15 {
		t.Fatalf("%+v", r)
	}
	r = l.Do(&Job{Key: key, Trim: 15, Records: []Record{record(90, 95, some)}}, 1)
	if r.Err != nil || r.State.Oldest.Seq != 90 || len(r.State.Holes) > 0 {
		t.Fatalf("%+v", r)
	}
	if l.Close(); len(d.files) > 0 {
		t.Errorf("it leaves %v", d.names())
	}
}

// Cut drops whole segments below a number or a time.
func TestCut(t *testing.T) {
	d := newMemDir()
	l, _ := mustOpen(t, d, Config{Segment: 4096})
	key := Key{Session: 2}
	for seq := uint64(0); seq < 1000; seq += 20 {
		mustDo(t, l, &Job{Key: key, Records: []Record{record(seq, seq+20, some)}})
	}
	n, _, err := l.Cut(key, 500, 300*1000)
	s := l.Do(&Job{Key: key}, 1).State
	if err != nil || n == 0 || s.Oldest.Seq > 300 || s.Oldest.Seq < 200 {
		t.Fatalf("%d, %v, %+v", n, err, s)
	}
	if _, _, err := l.Cut(Key{}, 1<<63, 1<<62); err != nil || len(d.files) > 0 {
		t.Fatalf("%v, %v", err, d.names())
	}
}

// Appending and reading take no memory but that of their jobs.
func TestNoGarbage(t *testing.T) {
	d := &nullDir{}
	l, _ := mustOpen(t, d, Config{Keep: Keep{Bytes: 1 << 30}, Fsync: Fsync{Mode: FsyncEach}})
	job := &Job{Key: Key{Session: 2}, Records: []Record{record(0, 100, some)}}
	next := func() {
		if r := l.Do(job, 1); r.Err != nil {
			t.Fatal(r.Err)
		}
		rec := &job.Records[0]
		rec.Frames = nack.Range{From: rec.Frames.To, To: rec.Frames.To + 100}
		rec.Offset, rec.EndOffset = rec.EndOffset, rec.EndOffset+1000
	}
	next()
	if n := testing.AllocsPerRun(1000, next); n > 0 {
		t.Errorf("a job that appends allocates %v times", n)
	}
}

// A nullDir forgets what is written to it.
type nullDir struct{ memDir }

type nullFile struct{}

func (*nullDir) Create(string) (File, error)            { return nullFile{}, nil }
func (*nullDir) Sync(string) error                      { return nil }
func (nullFile) Append(int64, ...[]byte) error          { return nil }
func (nullFile) ReadAt(b []byte, at int64) (int, error) { return len(b), nil }
func (nullFile) Truncate(int64) error                   { return nil }
func (nullFile) Sync() error                            { return nil }
func (nullFile) Close() error                           { return nil }
func (nullFile) Size() (int64, error)                   { return 0, nil }

var _ = reliable.EndBye

// What was written without syncs is read as a whole, and synced, when it is opened with
// them; the next time its footers do.
func TestSyncsAfterNone(t *testing.T) {
	d := newMemDir()
	key := Key{Session: 2}
	l, _ := mustOpen(t, d, Config{Segment: 4096, Fsync: Fsync{Mode: FsyncNone}})
	for seq := uint64(0); seq < 1000; seq += 20 {
		mustDo(t, l, &Job{Key: key, Records: []Record{record(seq, seq+20, some)}})
	}
	l.Close()
	if s := l.States()[0]; d.syncs > 0 || s.Synced != 0 {
		t.Fatalf("%d syncs, %+v", d.syncs, s)
	}
	var scanned [2]int64
	for i := range scanned {
		l, report := mustOpen(t, d, Config{Segment: 4096})
		if s := l.States()[0]; s.Synced != 1000 || len(report.Findings) > 0 {
			t.Fatalf("%+v, %s", s, text(report))
		}
		scanned[i] = report.Scanned
		if len(readAll(t, l, key)) != 1000 {
			t.Fatal("not all is there")
		}
		l.Close()
	}
	// A footer is found by its last 40 KiB: more than these segments have.
	if scanned[0] < 2*scanned[1] || d.syncs == 0 {
		t.Errorf("read %v, and synced %d times", scanned, d.syncs)
	}
}

// What an earlier process wrote stays, even if it can't be synced or copied; but nothing from
// there on is called synced until it is.
func TestDoubtful(t *testing.T) {
	d := newMemDir()
	key := Key{Session: 2}
	l, _ := mustOpen(t, d, Config{Fsync: Fsync{Mode: FsyncEach}})
	mustDo(t, l, &Job{Key: key, Records: []Record{record(0, 20, some)}})
	mustDo(t, l, &Job{Key: key, Records: []Record{record(20, 40, some)}})
	d.restart()
	d.failSync = 2
	l, report := mustOpen(t, d, Config{Fsync: Fsync{Mode: FsyncEach}})
	s := l.States()[0]
	if s.Next.Seq != 40 || s.Synced != 20 || !strings.Contains(text(report), "Kind:6") {
		t.Fatalf("%+v, %s", s, text(report))
	}
	d.failSync = 1
	r := l.Do(&Job{Key: key, Records: []Record{record(40, 60, some)}}, 1)
	if r.State.Next.Seq != 60 || r.State.Synced != 20 || r.Again {
		t.Fatalf("%+v", r)
	}
	r = l.Do(&Job{Key: key, Records: []Record{record(60, 80, some)}}, 1)
	if r.State.Next.Seq != 80 || r.State.Synced != 80 || r.Err != nil {
		t.Fatalf("%+v", r)
	}
	if got := readAll(t, l, key); len(got) != 80 {
		t.Fatalf("%d frames", len(got))
	}
}
