package journal

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"crier/nack"
	"crier/reliable"
)

// all is set by CI: it takes a minute.
var all = flag.Bool("journal.all", false, "try each byte to crash at, and each bit to flip")

// script is a small log with all kinds of blocks, and two segments of a tape.
func script(key Key) []*Job {
	title := &reliable.Title{Publisher: "p", Wall: 5}
	return []*Job{
		{Key: key, Title: title, Records: []Record{record(1, 5, some)}},
		{Key: key, Records: []Record{
			{Frames: nack.Range{From: 5, To: 7}, Offset: 50, EndOffset: 70,
				Hole: &Hole{Cause: reliable.CauseSlow}},
			record(7, 9, some),
		}},
		{Key: key, Sync: true, Records: []Record{record(9, 12, some), record(12, 30, some)}},
		{Key: key, Title: &reliable.Title{Publisher: "other", Wall: 6}},
		{Key: key, Records: []Record{record(30, 70, some), record(72, 80, some)}},
		{Key: key, Records: []Record{record(80, 90, some),
			{Frames: nack.Range{From: 90, To: 90}, Offset: 900, End: &End{How: reliable.EndBye}}}},
	}
}

// run does the jobs until the process dies, and returns what was written and synced then.
func run(d *memDir, cfg Config, jobs []*Job) (written, synced uint64) {
	l, _, err := Open(d, cfg, 1)
	if err != nil {
		return 0, 0
	}
	for _, job := range jobs {
		again := *job // as its memory is used again
		r := l.Do(&again, 1)
		if d.steps == 0 {
			return written, synced
		}
		written, synced = r.State.Written, r.State.Synced
	}
	if l.Close() == nil && d.steps != 0 && cfg.Fsync.Mode != FsyncNone {
		synced = written
	}
	return written, synced
}

// hold holds the log that is left to what was promised.
func hold(t *testing.T, what string, d *memDir, cfg Config, key Key, promised uint64) {
	t.Helper()
	l, report, err := Open(d, cfg, 1)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for _, f := range report.Findings {
		if f.Acknowledged || f.Kind != Torn && f.Kind != Damaged && f.Kind != Missing {
			t.Fatalf("%s: %+v", what, f)
		}
	}
	got := readAll(t, l, key)
	s := l.Do(&Job{Key: key}, 1).State
	if s.Next.Seq < promised {
		t.Fatalf("%s: the log ends at %d, and %d was promised", what, s.Next.Seq, promised)
	}
	for seq := s.Oldest.Seq; seq < s.Next.Seq; seq++ {
		named := slices.ContainsFunc(s.Holes, func(r nack.Range) bool { return r.Contains(seq) })
		recorded := seq != 5 && seq != 6 && seq != 70 && seq != 71
		switch f := got[seq]; {
		case f != nil && !bytes.Equal(f, frame(seq, some(seq))):
			t.Fatalf("%s: frame %d differs", what, seq)
		case f == nil && !named:
			t.Fatalf("%s: frame %d is missing without a word", what, seq)
		case f == nil && recorded && seq < promised:
			t.Fatalf("%s: frame %d is missing, and %d was promised", what, seq, promised)
		}
	}
	// It goes on.
	next := s.Next.Seq
	if r := l.Do(&Job{Key: key, Records: []Record{record(next, next+2, some)}}, 1); r.Err != nil ||
		r.State.Next.Seq != next+2 {
		t.Fatalf("%s: it doesn't go on: %v, %+v", what, r.Err, r.State)
	}
	if err := l.Close(); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// A process may be killed, or lose its power, after any byte that it writes, and before or
// after anything else that it does to its files.
func TestCrashAnywhere(t *testing.T) {
	key := Key{Session: 0xabcdef, Channel: 0}
	for mode := FsyncInterval; mode <= FsyncNone; mode++ {
		cfg := Config{Segment: 4096, Fsync: Fsync{Mode: mode}}
		for steps := int64(0); ; steps++ {
			if !*all && (steps%19 != 0 || testing.Short() && steps%133 != 0) {
				continue
			}
			d := newMemDir()
			d.steps = steps
			written, synced := run(d, cfg, script(key))
			over := d.steps > 0
			torn := d.clone()
			d.restart()
			hold(t, fmt.Sprintf("mode %d, killed after %d steps", mode, steps), d, cfg, key, written)
			torn.powerLoss(rand.New(rand.NewPCG(uint64(steps), uint64(mode))))
			hold(t, fmt.Sprintf("mode %d, power lost after %d steps", mode, steps), torn, cfg, key,
				synced)
			if over {
				if steps < 5000 {
					t.Errorf("the script has %d steps", steps)
				}
				break
			}
		}
	}
}

// Each bit of a small log that flips costs no more than the block that it lies in. It is
// found when the log is opened or verified, and what is read is true.
func TestFlippedBit(t *testing.T) {
	key := Key{Session: 0xabcdef, Channel: 0}
	cfg := Config{Segment: 4096, Fsync: Fsync{Mode: FsyncEach}}
	for name, closed := range map[string]bool{"closed": true, "killed": false} {
		whole := newMemDir()
		l, _ := mustOpen(t, whole, cfg)
		for _, job := range script(key) {
			mustDo(t, l, job)
		}
		if closed {
			l.Close()
		}
		total := len(readAll(t, first(t, whole.clone(), cfg), key))
		for _, file := range whole.names() {
			for bit := range 8 * len(whole.files[file].data) {
				if !*all && (bit%53 != 0 || testing.Short() && bit%371 != 0) {
					continue
				}
				d := whole.clone()
				d.files[file].data[bit/8] ^= 1 << (bit % 8)
				what := fmt.Sprintf("%s: bit %d of %s", name, bit, file)
				l, report := mustOpen(t, d, cfg)
				found := len(report.Findings)
				verified, err := l.Verify(Key{}, nil)
				if found += len(verified.Findings); err != nil || found == 0 {
					t.Fatalf("%s: nothing was found, %v", what, err)
				}
				got := readAll(t, l, key)
				for seq, f := range got {
					if !bytes.Equal(f, frame(seq, some(seq))) {
						t.Fatalf("%s: frame %d differs", what, seq)
					}
				}
				if lost := total - len(got); lost > 40 { // the largest block of the script
					t.Fatalf("%s: %d frames are lost:\n%s", what, lost, text(report))
				}
			}
		}
	}
}

func first(t *testing.T, d *memDir, cfg Config) *Log {
	l, _ := mustOpen(t, d, cfg)
	return l
}
