package record

import (
	"bytes"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/receive"
)

// plays gives it frames of a session, and keeps their bytes.
func (d *deck) plays(session, from, to uint64, size int) {
	d.t.Helper()
	for seq := from; seq < to; seq++ {
		f := data(d.t, session, seq, size)
		if d.sealed == nil {
			d.sealed = make(map[uint64][]byte)
		}
		d.sealed[seq] = f.Raw
		d.hears(f)
	}
}

// has checks what the log has of session 1: the frames of [0, to) with the bytes that were
// sealed, but for those of holes, which it names with their cause.
func (d *deck) has(to uint64, cause reliable.Cause, holes ...nack.Range) {
	d.t.Helper()
	got := d.frames(1, nack.Range{To: to})
	in := func(seq uint64) bool {
		for _, h := range holes {
			if h.Contains(seq) {
				return true
			}
		}
		return false
	}
	for seq := range to {
		switch f := got[seq]; {
		case in(seq) && f != nil:
			d.t.Errorf("frame %d is in the log", seq)
		case !in(seq) && !bytes.Equal(f, d.sealed[seq]):
			d.t.Fatalf("frame %d in the log is %x, want %x", seq, f, d.sealed[seq])
		}
	}
	for _, h := range holes {
		job := &journal.Job{Key: journal.Key{Session: 1}, Read: h}
		for _, named := range d.log.Do(job, d.wall()).Holes {
			if named.Cause != cause {
				d.t.Errorf("the hole %v has cause %v, want %v", h, named.Cause, cause)
			}
		}
	}
	if s := d.Sessions()[0]; s.Written.Seq != to {
		d.t.Errorf("the log ends at %d, want %d", s.Written.Seq, to)
	}
}

// begun is a deck that hears session 1 from its beginning.
func begun(t *testing.T, cfg Config, logs journal.Config) *deck {
	d := newDeck(t, cfg, logs)
	d.hears(title(t, 1, "news"))
	d.hears(beat(t, 1, 0, 0))
	return d
}

// While the disk is slow, frames wait in memory and in the window: none is lost, nor taken for
// written.
func TestSlowDisk(t *testing.T) {
	d := begun(t, Config{Tail: 2 << 20}, journal.Config{})
	d.held = true
	d.plays(1, 0, 2500, 1000)
	s := d.Sessions()[0]
	if s.Written.Seq != 0 || s.Next.Seq == 2500 || s.Next.Seq < 500 {
		t.Errorf("%+v", s)
	}
	if st := d.Stats(); st.Memory > 2<<20 || st.Receive.Memory < 1<<20 {
		t.Errorf("%+v", st)
	}
	d.held = false
	d.pass(10 * time.Millisecond)
	d.has(2500, 0)
	if st := d.Stats(); st.HoleFrames != 0 || st.Memory > 2<<20 {
		t.Errorf("%+v", st)
	}
}

// A window that overflows while the disk is slow is asked for again.
func TestWindowOverflowsBehindASlowDisk(t *testing.T) {
	d := begun(t, Config{Tail: 2 << 20, Memory: receive.Memory{Buffer: 1 << 20}},
		journal.Config{})
	d.held = true
	d.plays(1, 0, 3000, 1000)
	d.held = false
	d.sent = nil
	d.pass(20 * time.Millisecond)
	next := d.Sessions()[0].Next.Seq
	asked := false
	for _, l := range d.kinds(frame.Nack) {
		asked = asked || l.Ranges[0].From == next
	}
	if !asked || next == 3000 {
		t.Errorf("the frames from %d on weren't asked for", next)
	}
	d.plays(1, next, 3000, 1000)
	d.pass(10 * time.Millisecond)
	d.has(3000, 0)
}

// Where the disk is full the stream goes on, and is served out of memory; the log names what it
// lacks once there is room again.
func TestDiskFull(t *testing.T) {
	d := begun(t, Config{Tail: 2 << 20}, journal.Config{})
	d.plays(1, 0, 200, 1000)
	d.pass(10 * time.Millisecond)
	d.has(200, 0)
	d.disk.Capacity = 400 << 10
	d.plays(1, 200, 3000, 1000)
	d.pass(3 * time.Second)
	if n := countKind(d.told, DiskFailed); n != 1 {
		t.Errorf("told of %d failures", n)
	}
	s := d.Sessions()[0]
	if s.Next.Seq != 3000 || s.Written.Seq >= 3000 {
		t.Errorf("%+v", s)
	}
	d.asks(9, 1, subscriberAddr, nack.Range{From: 2990, To: 3000})
	d.pass(time.Millisecond)
	if n := len(d.kinds(frame.Repair)); n != 10 {
		t.Errorf("%d repairs", n)
	}
	d.disk.Capacity = 0
	d.pass(2 * time.Second)
	if n := countKind(d.told, DiskBack); n != 1 {
		t.Errorf("told %d times that the disk is back", n)
	}
	holes := d.Sessions()[0]
	d.has(3000, reliable.CauseUnwritten, d.Recorder.tapes[journal.Key{Session: 1}].holes...)
	if holes.HoleFrames == 0 || holes.HoleFrames > 2800 {
		t.Errorf("%d frames are missing", holes.HoleFrames)
	}
}

// What a failed sync made doubtful is written again, as far as memory has it.
func TestSyncFails(t *testing.T) {
	for _, mode := range []journal.FsyncMode{journal.FsyncEach, journal.FsyncInterval} {
		d := begun(t, Config{}, journal.Config{Fsync: journal.Fsync{Mode: mode}})
		d.plays(1, 0, 100, 1000)
		d.pass(100 * time.Millisecond)
		d.disk.FailSyncs(1)
		d.plays(1, 100, 300, 1000)
		d.pass(time.Second)
		d.has(300, 0)
		if s := d.Sessions()[0]; s.Synced != 300 || s.HoleFrames != 0 {
			t.Errorf("mode %d: %+v", mode, s)
		}
		if len(d.told) == 0 {
			t.Errorf("mode %d: nothing was told", mode)
		}
		d.disk.PowerLoss()
		d.open()
		d.has(300, 0)
	}
}

// A hole at the end is named once more where a failed sync made it doubtful, as nothing follows
// it by which the log could tell.
func TestSyncOfAHoleFails(t *testing.T) {
	d := begun(t, Config{}, journal.Config{})
	d.plays(1, 0, 10, 1000)
	d.pass(time.Second)
	d.disk.FailSyncs(1)
	d.hears(beat(t, 1, 15, 15))
	d.pass(time.Second)
	d.has(15, reliable.CauseGone, nack.Range{From: 10, To: 15})
	if s := d.Sessions()[0]; s.Synced != 15 || s.HoleFrames != 5 ||
		countKind(d.told, WrittenAgain) != 1 {
		t.Errorf("%+v, told %+v", s, d.told)
	}
	d.disk.PowerLoss()
	d.open()
	d.has(15, reliable.CauseGone, nack.Range{From: 10, To: 15})
}

// An end whose sync fails is written again where it was: before a hole that was yet to be written,
// so that the log doesn't take the hole's end for that of the session.
func TestSyncOfAnEndFails(t *testing.T) {
	for _, holed := range []bool{false, true} {
		d := begun(t, Config{}, journal.Config{Fsync: journal.Fsync{Every: 50 * time.Millisecond}})
		d.plays(1, 0, 5, 1000)
		d.pass(time.Second)
		d.plays(1, 5, 10, 1000)
		d.Recorder.tapes[journal.Key{Session: 1}].end(d.now, reliable.EndSilent, 10, 0)
		d.pass(51*time.Millisecond - time.Nanosecond) // it is written after 1 ms
		if s := d.Sessions()[0]; s.Synced != 5 || d.log.States()[0].Ended == nil {
			t.Fatalf("%+v, %+v", s, d.log.States())
		}
		d.disk.FailSyncs(1)
		end := uint64(10)
		if holed {
			end = 15
			d.hears(beat(t, 1, end, end))
		}
		d.pass(time.Nanosecond)
		if countKind(d.told, WrittenAgain) != 1 {
			t.Fatalf("told %+v", d.told)
		}
		d.pass(time.Second)
		d.has(end, reliable.CauseGone, nack.Range{From: 10, To: end})
		if e := d.log.States()[0].Ended; (e != nil) == holed {
			t.Errorf("with a hole behind it %v: the session ended %+v", holed, e)
		}
	}
}

// The same holds for frames that memory has no more: the log ends where it said that it does.
func TestSyncOfWhatIsForgottenFails(t *testing.T) {
	d := begun(t, Config{Tail: 2 << 20},
		journal.Config{Fsync: journal.Fsync{Every: 500 * time.Millisecond}})
	d.plays(1, 0, 10, 1000)
	d.pass(time.Second)
	d.plays(1, 10, 5000, 1000)
	d.hears(beat(t, 1, 5100, 5100))
	d.pass(10 * time.Millisecond)
	s := d.Sessions()[0]
	kept := d.Recorder.tapes[journal.Key{Session: 1}].tail.Span()
	if s.Written.Seq != 5100 || s.Synced != 10 || kept.From <= 10 || kept.To != 5000 {
		t.Fatalf("memory has %v of %+v", kept, s)
	}
	d.disk.FailSyncs(1)
	d.pass(time.Second)
	d.has(5100, reliable.CauseGone, nack.Range{From: 10, To: kept.From},
		nack.Range{From: 5000, To: 5100})
}

func countKind(list []Event, kind EventKind) (n int) {
	for i := range list {
		if list[i].Kind == kind {
			n++
		}
	}
	return n
}

// A Recorder that closes writes what is in memory; what is missing then is no hole.
func TestCloseWritesAll(t *testing.T) {
	d := begun(t, Config{}, journal.Config{})
	d.plays(1, 0, 10, 100)
	d.hears(data(t, 1, 11, 100))
	d.Close(d.now)
	if d.Left() {
		t.Error("it left before all was written")
	}
	d.settle()
	if !d.Left() {
		t.Error("it doesn't leave")
	}
	d.has(10, 0)
	if d.Stats().HoleFrames != 0 {
		t.Errorf("%+v", d.Stats())
	}
}

// One that is started again goes on where the log ends: it asks for what it missed, and names
// what nobody has.
func TestRecorderGoesOn(t *testing.T) {
	d := begun(t, Config{}, journal.Config{})
	d.plays(1, 0, 10, 100)
	d.pass(10 * time.Millisecond)
	d.open() // killed
	d.pass(time.Millisecond)
	d.sent = nil
	d.hears(title(t, 1, "news"))
	d.plays(1, 20, 22, 100)
	d.hears(beat(t, 1, 5, 22))
	d.pass(20 * time.Millisecond)
	nacks := d.kinds(frame.Nack)
	if len(nacks) == 0 || nacks[0].Ranges[0] != (nack.Range{From: 10, To: 20}) {
		t.Fatalf("asked for %v", nacks)
	}
	d.plays(1, 10, 15, 100)
	d.hears(beat(t, 1, 17, 22)) // 15 and 16 are gone
	d.plays(1, 17, 20, 100)
	d.pass(10 * time.Millisecond)
	d.has(22, reliable.CauseGone, nack.Range{From: 15, To: 17})
	if s := d.Sessions()[0]; s.HoleFrames != 2 || s.Frames != 10 {
		t.Errorf("%+v", s)
	}
	if n := countKind(d.told, HoleNamed); n != 1 {
		t.Errorf("told of %d holes", n)
	}
}

// STATUS tells what is in the log: what is written, or, where each batch is synced, what is synced.
func TestStatusTellsTheLog(t *testing.T) {
	for _, mode := range []journal.FsyncMode{journal.FsyncEach, journal.FsyncNone} {
		d := begun(t, Config{}, journal.Config{Fsync: journal.Fsync{Mode: mode}})
		d.held = true
		d.plays(1, 0, 100, 100)
		d.pass(time.Second)
		for _, l := range d.kinds(frame.Status) {
			if l.Position != 0 || l.Written != 0 || !l.Recorder {
				t.Errorf("mode %d: %v, though nothing is written", mode, l.Frame)
			}
		}
		d.held = false
		d.pass(2 * time.Second)
		list := d.kinds(frame.Status)
		if len(list) == 0 {
			t.Fatal("no STATUS")
		}
		synced := uint64(100)
		if mode == journal.FsyncNone {
			synced = 0
		}
		last := list[len(list)-1]
		if last.Position != 100 || last.Written != 100 || last.Synced != synced {
			t.Errorf("mode %d: %+v", mode, last.Frame)
		}
	}
}

// A publisher that wants to know hears at once when its frames are written, and when they are
// synced.
func TestStatusComesWhenItIsWritten(t *testing.T) {
	d := begun(t, Config{}, journal.Config{})
	f := frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 5, Interval: 100 * time.Millisecond,
		Report: 1}
	d.hears(made(t, f))
	d.pass(time.Second)
	d.sent = nil
	d.plays(1, 0, 5, 100)
	d.pass(60 * time.Millisecond)
	list := d.kinds(frame.Status)
	if n := len(list); n < 1 || n > 2 || list[0].Written != 5 || list[0].Position != 5 ||
		list[n-1].Synced != 5 {
		t.Errorf("%v", list)
	}
}

// A recorder leaves a session that ended once all of it is in the log.
func TestLeavesWhenAllIsWritten(t *testing.T) {
	d := begun(t, Config{}, journal.Config{})
	d.held = true
	d.plays(1, 0, 5, 100)
	d.hears(made(t, frame.Frame{Kind: frame.Bye, Session: 1, Time: 9, NextSeq: 5, NextOffset: 5}))
	d.pass(time.Second)
	leaving := func() (n int) {
		for _, l := range d.kinds(frame.Status) {
			if l.Flags&frame.Leaving != 0 {
				n++
			}
		}
		return n
	}
	if n := leaving(); n != 0 {
		t.Errorf("it left %d times before all was written", n)
	}
	d.held = false
	d.pass(5 * time.Millisecond)
	if n := leaving(); n != 1 {
		t.Errorf("it left %d times", n)
	}
	if s := d.Sessions()[0]; s.Ended == nil || s.Ended.How != reliable.EndBye || s.Live {
		t.Errorf("%+v", s)
	}
}

// The position that a publisher waits for is what is synced, where each batch is.
func TestPositionIsSynced(t *testing.T) {
	for mode, want := range map[journal.FsyncMode]uint64{journal.FsyncEach: 3,
		journal.FsyncInterval: 5, journal.FsyncNone: 5} {
		d := begun(t, Config{}, journal.Config{Fsync: journal.Fsync{Mode: mode}})
		d.plays(1, 0, 5, 100)
		d.tapes[journal.Key{Session: 1}].state = journal.State{Written: 5, Synced: 3}
		if got, ok := d.Recorded(1, 0); !ok || got.Position != want || got.Written != 5 ||
			got.Synced != 3 {
			t.Errorf("%v: %+v", mode, got)
		}
	}
}

// However many holes there are while the disk takes nothing, so many wait; the log names the rest
// by itself.
func TestHolesThatWait(t *testing.T) {
	d := begun(t, Config{}, journal.Config{})
	d.plays(1, 0, 1, 100)
	d.held = true
	const n = 2 * (maxItems + 100)
	for seq := uint64(2); seq <= n; seq += 2 {
		d.plays(1, seq, seq+1, 100)
		d.hears(beat(t, 1, seq, seq+1)) // the one before is gone
	}
	if got := len(d.tapes[journal.Key{Session: 1}].items); got > maxItems+1 {
		t.Errorf("%d holes wait", got)
	}
	d.held = false
	d.pass(10 * time.Millisecond)
	var holes []nack.Range
	for seq := uint64(1); seq <= n; seq += 2 {
		holes = append(holes, nack.Range{From: seq, To: seq + 1})
	}
	d.has(n+1, reliable.CauseGone, holes[:n/2]...)
}
