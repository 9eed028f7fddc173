package story

import (
	"net/netip"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/receive"
	"crier/testnet/world"
)

// Scribe is the simplest machine of a recorder: it writes the frames that come, asks for none,
// names what it misses, and says each 20 ms what it has written. Tests break it.
type Scribe struct {
	// Tell, if set, changes what it says.
	Tell func(f *frame.Frame)
	// Job, if set, changes what it writes.
	Job func(job *journal.Job)

	id    uint64
	tapes []*scribed
	out   *journal.Job
	say   reliable.Time
	words []reliable.Batch
}

// scribed is a tape.
type scribed struct {
	state   journal.State
	known   bool
	next    uint64 // frames below were taken
	pending journal.Job
	waiting journal.Job
}

// NewScribe returns the function that makes the machine of each life.
func NewScribe(change func(*Scribe)) func(receive.Config, []journal.State) (world.Recording,
	error) {
	return func(cfg receive.Config, log []journal.State) (world.Recording, error) {
		s := &Scribe{id: cfg.ID, say: cfg.Joined}
		for _, st := range log {
			s.tapes = append(s.tapes, &scribed{state: st, known: true, next: st.Next.Seq})
		}
		if change != nil {
			change(s)
		}
		return s, nil
	}
}

// Handle takes DATA.
func (s *Scribe) Handle(now reliable.Time, _ netip.AddrPort, f *frame.Frame) {
	if f.Kind != frame.Data {
		return
	}
	key := journal.Key{Session: f.Session, Channel: f.Channel}
	i := slices.IndexFunc(s.tapes, func(t *scribed) bool { return t.state.Key == key })
	if i < 0 {
		i = len(s.tapes)
		s.tapes = append(s.tapes, &scribed{state: journal.State{Key: key}})
	}
	t := s.tapes[i]
	if t.known && f.Seq < t.next {
		return
	}
	if t.known && f.Seq > t.next {
		t.pending.Records = append(t.pending.Records, journal.Record{
			Frames: nack.Range{From: t.next, To: f.Seq}, Offset: f.StartOffset(),
			EndOffset: f.StartOffset(), Hole: &journal.Hole{
				Frames: nack.Range{From: t.next, To: f.Seq}, Cause: reliable.CauseNotRecovered}})
	}
	t.known, t.next = true, f.Seq+1
	t.pending.Records = append(t.pending.Records, journal.Record{
		Frames: nack.Range{From: f.Seq, To: f.Seq + 1}, Offset: f.StartOffset(),
		EndOffset: f.EndOffset(), Data: slices.Clone(f.Raw), Sizes: []int32{int32(len(f.Raw))}})
}

// NextDisk returns what came since the last job, of one tape.
func (s *Scribe) NextDisk() (*journal.Job, bool) {
	if s.out != nil {
		return nil, false
	}
	for _, t := range s.tapes {
		if len(t.pending.Records) > 0 {
			t.waiting = journal.Job{Key: t.state.Key, Records: t.pending.Records}
			t.pending.Records = nil
			if s.out = &t.waiting; s.Job != nil {
				s.Job(s.out)
			}
			return s.out, true
		}
	}
	return nil, false
}

// DiskDone notes what was written.
func (s *Scribe) DiskDone(_ reliable.Time, res *journal.Result) {
	if res.Job == s.out {
		s.out = nil
	}
	for _, st := range append([]journal.State{res.State}, res.Others...) {
		for _, t := range s.tapes {
			if t.state.Key == st.Key {
				t.state = st
			}
		}
	}
}

// Advance says what was written.
func (s *Scribe) Advance(now reliable.Time) {
	if now < s.say {
		return
	}
	s.say = now.Add(20 * time.Millisecond)
	var enc frame.Encoder
	for _, t := range s.tapes {
		f := &frame.Frame{Kind: frame.Digest, Session: t.state.Key.Session,
			Channel: t.state.Key.Channel, Responder: s.id, Time: uint64(now),
			OldestSeq: t.state.Oldest.Seq, OldestOffset: t.state.Oldest.Offset,
			NextSeq: t.state.Next.Seq, NextOffset: t.state.Next.Offset,
			Digest: &frame.DigestBody{Role: frame.Recorder, Version: uint64(now),
				Position: t.state.Next.Seq, Written: t.state.Written, Synced: t.state.Synced,
				From: t.state.Oldest.Seq, To: t.state.Next.Seq}}
		if s.Tell != nil {
			s.Tell(f)
		}
		data := enc.Append(nil, f)
		s.words = append(s.words, reliable.Batch{Data: data, Segment: len(data)})
	}
}

// Deadline returns when it speaks next.
func (s *Scribe) Deadline() reliable.Time { return s.say }

// Next returns what it says.
func (s *Scribe) Next(reliable.Time) (reliable.Batch, bool) {
	if len(s.words) == 0 {
		return reliable.Batch{}, false
	}
	b := s.words[0]
	s.words = s.words[1:]
	return b, true
}

// Sent and Close do nothing.
func (s *Scribe) Sent(reliable.Batch) {}
func (s *Scribe) Close(reliable.Time) {}
