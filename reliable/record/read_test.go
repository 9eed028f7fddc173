package record

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
)

// Reads that are out together read into memory of their own, also where runs are used again.
func TestReadsShareNoMemory(t *testing.T) {
	d := begun(t, Config{Tail: 2 << 20}, journal.Config{})
	const frames = 8192
	d.plays(1, 0, frames, 1000)
	d.pass(10 * time.Millisecond)
	used := func(to uint64) {
		d.asks(9, 1, subscriberAddr, nack.Range{From: to - 1024, To: to})
		d.pass(10 * time.Millisecond)
	}
	for to := uint64(1024); to < frames-1024; to += 1024 { // all runs
		used(to)
	}
	d.held = true
	d.asks(9, 1, subscriberAddr, nack.Range{From: 0, To: 1024})
	d.pass(10 * time.Millisecond)
	into := map[*run]bool{}
	for _, w := range d.Recorder.disk.works {
		if w.out && w.kind == reads {
			if into[w.run] {
				t.Errorf("the read of %v is into memory of another one", w.job.Read)
			}
			into[w.run] = true
		}
	}
	if len(into) < 2 {
		t.Errorf("%d reads are out", len(into))
	}
}

// One that only serves writes nothing, though a session was dropped that it knew of.
func TestServesOnlyWithoutWriting(t *testing.T) {
	d := begun(t, Config{}, journal.Config{})
	d.plays(1, 0, 600, 1000)
	d.hears(rig.Made(t, frame.Frame{Kind: frame.Bye, Session: 1, Time: 1e9, NextSeq: 600,
		NextOffset: 600}))
	d.pass(10 * time.Second)
	d.Close(d.now)
	d.pass(time.Second)
	d.cfg.ServeOnly = true
	d.open()
	if _, _, err := d.log.Cut(journal.Key{}, ^uint64(0), 1<<62); err != nil {
		t.Fatal(err)
	}
	if d.log, _, _ = journal.Open(d.disk, d.logs, d.wall()); len(d.log.States()) != 0 {
		t.Fatalf("%+v", d.log.States())
	}
	d.asks(9, 1, subscriberAddr, nack.Range{From: 0, To: 10})
	d.pass(time.Second)
	if s := d.log.States(); len(s) != 0 {
		t.Errorf("it wrote %+v", s)
	}
	if s := d.Sessions(); len(s) != 0 {
		t.Errorf("it still has %+v", s)
	}
}

// What is too old goes though nothing comes any more.
func TestDropsWhatIsTooOldInSilence(t *testing.T) {
	d := begun(t, Config{Aging: time.Minute}, journal.Config{Keep: journal.Keep{Age: time.Hour}})
	d.plays(1, 0, 100, 1000)
	d.pass(30 * time.Minute)
	if s := d.log.States(); len(s) != 1 || s[0].Next.Seq != 100 {
		t.Errorf("after half an hour: %+v", s)
	}
	d.pass(32 * time.Minute)
	if s := d.log.States(); len(s) != 0 || len(d.Sessions()) != 0 {
		t.Errorf("after an hour: %+v, %+v", s, d.Sessions())
	}
}
