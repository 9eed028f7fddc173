package journal

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/topic"
)

// What was appended is read, from the open log and from one that was opened again, with
// titles, holes and ends.
func TestLogKeepsWhatItIsGiven(t *testing.T) {
	key := Key{Session: 0x8f2a01c44be07d15, Channel: 3}
	layout := topic.Layout{Partitions: 16, Groups: 4, Base: netip.MustParseAddrPort("[ff15::7]:7700")}
	title := &reliable.Title{Publisher: "feed", Topic: "a/b", Layout: layout, Key: "k", Wall: 77,
		FirstSeq:    5,
		FirstOffset: 50, Replay: 9, Prev: reliable.Link{Session: 4, Channel: 3, Publisher: "feed",
			Seq: 17, Offset: 23}}
	for name, close := range map[string]bool{"closed": true, "killed": false} {
		d := newMemDir()
		l, report := mustOpen(t, d, Config{Segment: 8 << 10})
		if len(report.Findings) > 0 {
			t.Fatal(text(report))
		}
		mustDo(t, l, &Job{Key: key, Records: []Record{record(5, 9, some)}})
		mustDo(t, l, &Job{Key: key, Title: title})
		hole := Record{Frames: nack.Range{From: 9, To: 12}, Offset: 90, EndOffset: 120,
			Hole: &Hole{Cause: reliable.CauseSlow}}
		mustDo(t, l, &Job{Key: key, Records: []Record{hole, record(12, 200, some)}})
		for seq := uint64(200); seq < 2000; seq += 40 {
			mustDo(t, l, &Job{Key: key, Records: []Record{record(seq, seq+40, some)}})
		}
		r := mustDo(t, l, &Job{Key: key, Records: []Record{record(2010, 2011, some),
			{End: &End{How: reliable.EndBye, Cause: reliable.CauseEnded}}}})
		if r.State.Next != (Mark{2011, 20110}) || r.State.Ended == nil {
			t.Fatalf("%s: %+v", name, r.State)
		}
		for again := range 3 {
			got := readAll(t, l, key)
			s := l.States()[0]
			if len(got) != 2011-5-3-10 || s.Oldest != (Mark{5, 50}) || s.Next != (Mark{2011, 20110}) {
				t.Fatalf("%s %d: %d frames, %+v", name, again, len(got), s)
			}
			if s.Title == nil || *s.Title != *title || s.Ended == nil ||
				*s.Ended != (End{2011, 20110, reliable.EndBye, reliable.CauseEnded}) {
				t.Fatalf("%s %d: title %+v, ended %+v", name, again, s.Title, s.Ended)
			}
			if len(s.Holes) != 2 || s.Holes[0] != (nack.Range{From: 9, To: 12}) ||
				s.Holes[1] != (nack.Range{From: 2000, To: 2010}) {
				t.Fatalf("%s %d: holes %v", name, again, s.Holes)
			}
			for seq, f := range got {
				if !bytes.Equal(f, frame(seq, some(seq))) {
					t.Fatalf("%s %d: frame %d differs", name, again, seq)
				}
			}
			r := l.Do(&Job{Key: key, Read: nack.Range{From: 8, To: 14}}, 1)
			if len(r.Holes) != 1 || r.Holes[0] != (Hole{nack.Range{From: 9, To: 12},
				nack.Range{From: 90, To: 120}, reliable.CauseSlow}) {
				t.Fatalf("%s %d: read holes %+v", name, again, r.Holes)
			}
			for _, q := range []struct {
				what  What
				value uint64
				seq   uint64
			}{
				{FindOldest, 0, 5}, {FindEnd, 0, 2011}, {FindOffset, 1, 5}, {FindOffset, 50, 5},
				{FindOffset, 89, 5}, {FindOffset, 95, 9}, {FindOffset, 120, 12},
				{FindOffset, 2000, 200}, {FindOffset, 2399, 200}, {FindOffset, 2400, 240},
				{FindOffset, 19999, 1960}, {FindOffset, 20105, 2010}, {FindOffset, 20110, 2011},
				{FindTime, 0, 5}, {FindTime, 8000, 5}, {FindTime, 239000, 200},
				{FindTime, 240000, 240}, {FindTime, 5000000, 2011},
			} {
				r := l.Do(&Job{Key: key, Find: Query{q.what, q.value}}, 1)
				if !r.At.Found || r.At.Seq != q.seq || r.At.Offset != 10*q.seq {
					t.Errorf("%s %d: find %d, %d: %+v, want %d", name, again, q.what, q.value,
						r.At, q.seq)
				}
			}
			if close {
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if l, report = mustOpen(t, d, Config{Segment: 8 << 10}); len(report.Findings) > 0 {
				t.Fatal(text(report))
			}
		}
		report, err := l.Verify(Key{}, nil)
		if err != nil || len(report.Findings) > 0 {
			t.Fatal(err, text(report))
		}
	}
}

// Where nothing can be written, however often that is tried, the log knows where a tape ends.
func TestTapeWithoutSegmentsIsRemembered(t *testing.T) {
	d := newMemDir()
	l, _ := mustOpen(t, d, Config{Keep: Keep{Age: time.Minute}})
	key := Key{Session: 1}
	mustDo(t, l, &Job{Key: key, Records: []Record{record(0, 10, some)}})
	if r := l.Do(&Job{Key: key}, int64(time.Hour)); r.State.Segments != 0 {
		t.Fatalf("%+v", r.State)
	}
	d.failAppend = 1 << 30
	for range maxBare {
		r := l.Do(&Job{Key: key, Records: []Record{record(10, 11, some)}}, int64(time.Hour))
		if !r.Failed || r.State.Next.Seq != 10 {
			t.Fatalf("%v, %+v", r.Err, r.State)
		}
	}
}

// A clock that was wrong for a while makes a log neither larger than its age, nor smaller once
// the clock is right.
func TestAgeWithAClockThatSteps(t *testing.T) {
	const hour = int64(time.Hour)
	l, _ := mustOpen(t, newMemDir(), Config{Keep: Keep{Age: time.Hour}})
	key, seq := Key{Session: 1}, uint64(0)
	write := func(wall int64) *Result {
		r := l.Do(&Job{Key: key, Records: []Record{record(seq, seq+1, some)}}, wall)
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		seq++
		return r
	}
	write(9000 * hour)
	for wall := hour; wall < 4*hour; wall += hour / 60 {
		if r := write(wall); wall == 3*hour/2 && r.State.Oldest.Seq != 0 {
			t.Errorf("half an hour after the clock was set back: %+v", r.State)
		} else if kept := r.State.Next.Seq - r.State.Oldest.Seq; wall > 3*hour && kept > 70 {
			t.Fatalf("the log has the messages of %d minutes", kept)
		}
	}
}
