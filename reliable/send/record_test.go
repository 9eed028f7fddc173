package send

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
)

// recording is a publisher that keeps a log of its own, in 256 KiB of memory besides.
func recording(t *testing.T, cfg Config) *paced {
	t.Helper()
	cfg.Session, cfg.Name, cfg.Record.On = 0xabc, "prices", true
	cfg.Retention.ResendBuffer = 256 << 10
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &paced{T: t, Sender: s, Stream: s.Stream(0)}
	p.step(200 * time.Millisecond)
	return p
}

// flows publishes n messages, a frame each, one each millisecond. The disk does its jobs.
func (p *paced) flows(n int) {
	p.Helper()
	for range n {
		if _, err := p.Publish(p.now, make([]byte, 1300)); err != nil {
			p.Fatal(err)
		}
		p.step(time.Millisecond)
	}
}

// wantLogged wants the log to have all frames below one but for holes, as they were sealed.
func (p *paced) wantLogged(to uint64, holes ...nack.Range) {
	p.Helper()
	res := p.tape.Do(&journal.Job{Read: nack.Range{From: 0, To: to}})
	for seq, f := range res.Frames {
		hole := false
		for _, h := range holes {
			hole = hole || h.Contains(uint64(seq))
		}
		if (f == nil) != hole {
			p.Fatalf("frame %d has %d bytes in the log, holes %v", seq, len(f), holes)
		}
		if f != nil && rig.Decoded(p, bytes.Clone(f)).Seq != uint64(seq) {
			p.Fatalf("another frame lies in place of %d", seq)
		}
	}
	if len(res.State.Holes) != len(holes) {
		p.Errorf("the holes are %v, want %v", res.State.Holes, holes)
	}
}

// All frames are written soon after they were sealed, under the session's title, and the
// session's end at last.
func TestRecordWritesAllFramesAndTheEnd(t *testing.T) {
	p := recording(t, Config{FirstOffset: 7})
	p.flows(1000)
	p.step(2 * time.Millisecond)
	p.wantLogged(1000)
	if written, _, ok := p.Logged(); !ok || written != 1000 {
		t.Errorf("written up to %d, %v", written, ok)
	}
	p.Close(p.now)
	for range 3000 {
		p.step(time.Millisecond)
	}
	s := p.tape.Do(&journal.Job{}).State
	if s.Title == nil || s.Title.Publisher != "prices" || s.Title.FirstOffset != 7 {
		t.Errorf("the title is %+v", s.Title)
	}
	if s.Ended == nil || s.Ended.Seq != 1000 || s.Ended.Offset != 1007 ||
		s.Ended.How != reliable.EndBye || !p.LogEnds() {
		t.Errorf("the end is %+v, %v", s.Ended, p.LogEnds())
	}
}

// A frame waits a millisecond at most for others, and makes a block with them.
func TestRecordGathersFrames(t *testing.T) {
	p := recording(t, Config{})
	p.step(50 * time.Millisecond)
	publish := func() {
		t.Helper()
		if _, err := p.Publish(p.now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
		p.sends()
	}
	publish()
	if job, ok := p.NextDisk(); ok {
		t.Fatalf("a frame alone is written at once: %+v", job)
	}
	p.now = p.now.Add(500 * time.Microsecond)
	publish()
	due := p.Sender.Deadline(p.now)
	if want := p.now.Add(500 * time.Microsecond); due > want {
		t.Errorf("the next deadline is %v, and the disk's is %v", due, want)
	}
	p.now = p.now.Add(500 * time.Microsecond)
	p.Advance(p.now)
	job, ok := p.NextDisk()
	if !ok || job.Records[0].Frames != (nack.Range{From: 0, To: 2}) {
		t.Fatalf("the job is %+v, %v", job, ok)
	}
	p.does(job)
	for range 50 { // a quarter of the ring
		publish()
	}
	if job, ok = p.NextDisk(); !ok || job.Records[0].Frames.Len() != 50 {
		t.Errorf("the job is %+v, %v", job, ok)
	}
}

// What the ring no longer holds is served from the log, and HEARTBEAT says that it is held.
func TestRecordServesWhatTheRingLacks(t *testing.T) {
	p := recording(t, Config{FirstOffset: 100})
	p.flows(1000)
	if p.store.InMemory() < 800 {
		t.Fatalf("the ring holds frames from %d on", p.store.InMemory())
	}
	p.now = p.now.Add(time.Second)
	for _, f := range p.hears() {
		if f.Kind == frame.Heartbeat && (f.OldestSeq != 0 || f.OldestOffset != 100) {
			t.Errorf("the oldest is said to be %d, %d", f.OldestSeq, f.OldestOffset)
		}
	}
	p.asks(nack.Range{From: 10, To: 300})
	got := map[uint64]bool{}
	for range 2000 {
		for _, f := range p.hears() {
			if f.Kind == frame.Repair {
				got[rig.Decoded(t, bytes.Clone(f.Inner)).Seq] = true
			} else if f.Kind == frame.Gone {
				t.Fatalf("gone: %v", f.Ranges)
			}
		}
		for job, ok := p.NextDisk(); ok; job, ok = p.NextDisk() {
			p.does(job)
		}
		p.now = p.now.Add(time.Millisecond)
		p.Advance(p.now)
	}
	if len(got) != 290 || !got[10] || !got[299] {
		t.Errorf("%d of 290 frames were repeated", len(got))
	}
}

// While the disk fails the stream goes on. Later the log goes on, with a hole by name, whose
// frames are gone.
func TestRecordGoesOnAfterAFailure(t *testing.T) {
	p := recording(t, Config{})
	p.flows(300)
	p.step(2 * time.Millisecond)
	p.tape.Fail = errors.New("broken")
	p.flows(1000)
	if st := p.Stats(); st.Disk.Errors == 0 || st.Disk.Errors > 3 {
		t.Errorf("%d jobs failed in a second", st.Disk.Errors)
	}
	p.tape.Fail = nil
	p.flows(2000)
	p.step(2 * time.Millisecond)
	st := p.Stats().Disk
	if st.Missed == 0 || st.Missed > 2200 {
		t.Fatalf("%+v", st)
	}
	hole := nack.Range{From: 300, To: 300 + st.Missed}
	p.wantLogged(3300, hole)
	p.asks(nack.Range{From: 299, To: 302})
	gone, repaired := 0, 0
	for range 100 {
		for _, f := range p.hears() {
			switch f.Kind {
			case frame.Gone:
				for _, r := range f.Ranges {
					if r.From < 300 || r.To > 302 {
						t.Errorf("gone: %v", r)
					}
				}
				gone++
			case frame.Repair:
				repaired++
			}
		}
		for job, ok := p.NextDisk(); ok; job, ok = p.NextDisk() {
			p.does(job)
		}
		p.now = p.now.Add(time.Millisecond)
		p.Advance(p.now)
	}
	if gone == 0 || repaired != 1 {
		t.Errorf("%d GONE, %d repaired", gone, repaired)
	}
}

// A disk that hangs holds nobody: frames go round it, but for those that it was handed, once
// they are copied. With Wait, messages find no room.
func TestRecordOnASlowDisk(t *testing.T) {
	for _, wait := range []bool{false, true} {
		p := recording(t, Config{Record: Record{Wait: wait}})
		p.flows(10)
		var out *journal.Job
		refused := 0
		for range 2000 {
			if _, err := p.Publish(p.now, make([]byte, 1300)); err == reliable.ErrFull {
				refused++
			} else if err != nil {
				t.Fatal(err)
			}
			p.sends()
			if job, ok := p.NextDisk(); ok {
				p.DiskCopied(p.now)
				out = job
				one := &job.Records[0]
				one.Data = bytes.Clone(one.Data)
			}
			p.now = p.now.Add(time.Millisecond)
			p.Advance(p.now)
		}
		if out == nil || (refused > 0) != wait {
			t.Fatalf("wait %v: %d refused; %v", wait, refused, out)
		}
		if st := p.Stats(); wait && (st.BlockedBy[reliable.ByDisk].Times == 0 ||
			st.BlockedBy[reliable.BySubscribers].Times > 0) {
			t.Errorf("blocked by %v", st.BlockedBy)
		}
		from := out.Records[0].Frames.To
		p.does(out)
		p.step(time.Millisecond)
		p.step(time.Millisecond)
		missed := p.Stats().Disk.Missed
		if (missed > 0) == wait {
			t.Errorf("wait %v: %d missed", wait, missed)
		}
		if there, holding := p.Holding(p.store.Next(), false); (there > 0) != wait ||
			(holding > 0) != wait {
			t.Errorf("wait %v: %d of %d logs have all", wait, holding, there)
		}
		if !wait {
			p.wantLogged(2010, nack.Range{From: from, To: from + missed})
			if left := p.store.Next() - from - missed; left < 60 || left > 120 {
				t.Errorf("%d frames of the ring were written, which holds 187", left)
			}
			continue
		}
		p.wantLogged(p.store.Next())
	}
}

// What is being written stays as it is until it was copied, though nobody else needs it.
func TestRecordHoldsWhatItWrites(t *testing.T) {
	p := recording(t, Config{})
	p.flows(300) // the ring is full
	var job *journal.Job
	for ok := false; !ok; job, ok = p.NextDisk() {
		if _, err := p.Publish(p.now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
		p.sends()
		p.now = p.now.Add(time.Millisecond)
		p.Advance(p.now)
	}
	was := bytes.Clone(job.Records[0].Data)
	full := func() bool {
		for range 500 {
			if _, err := p.Publish(p.now, make([]byte, 1300)); err == reliable.ErrFull {
				return true
			} else if err != nil {
				t.Fatal(err)
			}
			p.sends()
		}
		return false
	}
	if !full() || len(was) == 0 || !bytes.Equal(job.Records[0].Data, was) {
		t.Errorf("%d bytes that are being written were overwritten", len(was))
	}
	job.Records[0].Data = was
	if p.DiskCopied(p.now); full() {
		t.Error("it waits for the disk after what is written was copied")
	}
}

// Where a subscriber's pace counts, the log is the disk part: what it has yet to take is
// kept there, within the room for it.
func TestRecordKeepsForThePace(t *testing.T) {
	p := recording(t, Config{Flow: Flow{Pace: reliable.Slowest(), StallTimeout: time.Hour},
		Record: Record{Room: 1 << 20}})
	p.reports(0)
	refused := 0
	for i := range 2000 {
		if i%100 == 0 {
			p.reports(0)
		}
		if _, err := p.Publish(p.now, make([]byte, 1300)); err == reliable.ErrFull {
			refused++
		}
		p.step(time.Millisecond)
	}
	taken := 2000 - refused
	if taken < 800 || taken > 1000 { // 1 MiB on disk, 256 KiB in memory, 1,401 bytes a frame
		t.Errorf("%d messages were taken", taken)
	}
	if st := p.Stats(); st.BlockedBy[reliable.BySubscribers].Times == 0 || st.Disk.Missed > 0 {
		t.Errorf("%+v", st)
	}
	p.reports(500)
	p.step(time.Millisecond)
	p.flows(100)
	p.wantKept(500)
	p.reports(p.store.Next())
	for range 10 {
		p.flows(100)
		p.reports(p.store.Next())
	}
	p.step(2 * time.Millisecond)
	p.wantLogged(p.store.Next())
}

// A log is synced at its interval while it grows, and once after it.
func TestRecordIsSyncedAtItsInterval(t *testing.T) {
	p := recording(t, Config{Record: Record{Sync: 50 * time.Millisecond}})
	step := func(n int) {
		for range n {
			p.step(time.Millisecond)
		}
	}
	for range 200 {
		if _, err := p.Publish(p.now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
		step(1)
		if written, synced, _ := p.Logged(); written-synced > 52 {
			t.Fatalf("written up to %d, and synced up to %d", written, synced)
		}
	}
	step(60)
	if written, synced, _ := p.Logged(); written != 200 || synced != 200 {
		t.Errorf("written up to %d, and synced up to %d", written, synced)
	}
	syncs := p.tape.Syncs
	step(500)
	if syncs < 4 || syncs > 6 || p.tape.Syncs != syncs {
		t.Errorf("%d syncs in 260 ms, and %d while nothing was written", syncs,
			p.tape.Syncs-syncs)
	}
}
