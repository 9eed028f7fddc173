package receive

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// reel is a Tape of session 1 that notes all in words, and fails where its parts don't join.
type reel struct {
	t     *testing.T
	words []string
	next  uint64
	begun bool
	// sent holds the frames' bytes as they were sealed.
	sent map[uint64][]byte
	full bool
	log  Recorded
}

func (r *reel) join(session uint64, channel uint32, part nack.Range, words string) {
	if session != 1 || channel != 0 {
		r.t.Errorf("%s is of session %d, channel %d", words, session, channel)
	}
	if r.begun && part.From != r.next {
		r.t.Errorf("%s begins at %d, and what was before it ended at %d", words, part.From, r.next)
	}
	r.next, r.begun = part.To, true
	r.words = append(r.words, words)
}

func (r *reel) Frame(session uint64, channel uint32, f *frame.Frame) {
	if sealed := r.sent[f.Seq]; sealed != nil && !bytes.Equal(sealed, f.Raw) {
		r.t.Errorf("frame %d has other bytes than were sealed", f.Seq)
	}
	r.join(session, channel, nack.Range{From: f.Seq, To: f.Seq + 1}, fmt.Sprint(f.Seq))
}

func (r *reel) Hole(session uint64, channel uint32, frames nack.Range, cause reliable.Cause) {
	r.join(session, channel, frames, fmt.Sprintf("%v %v", frames, cause))
}

func (r *reel) Title(session uint64, channel uint32, t *reliable.Title) {
	r.words = append(r.words, fmt.Sprintf("title %s %d", t.Publisher, t.Wall))
}

func (r *reel) End(session uint64, channel uint32, e TapeEnd) {
	if r.begun && e.Seq != r.next {
		r.t.Errorf("%v at %d, and the last frame was before %d", e.End, e.Seq, r.next)
	}
	r.words = append(r.words, fmt.Sprintf("%v %d %d", e.End, e.Seq, e.Offset))
}

func (r *reel) Full() bool { return r.full }

func (r *reel) Recorded(uint64, uint32) (Recorded, bool) { return r.log, r.log != Recorded{} }

// has compares what is on the reel, and forgets it.
func (r *reel) has(want ...string) {
	r.t.Helper()
	if !slices.Equal(r.words, want) {
		r.t.Errorf("on tape: %q, want %q", r.words, want)
	}
	r.words = nil
}

// taped is a listener with a tape.
func taped(t *testing.T, cfg Config) (*listener, *reel) {
	r := &reel{t: t, sent: make(map[uint64][]byte)}
	cfg.Tape = r
	return newListener(t, cfg), r
}

// brings gives the Receiver a frame in memory that is overwritten behind it, before or after
// the frame was polled.
func (l *listener) brings(r *reel, f *frame.Frame, polled bool) {
	r.sent[f.Seq] = f.Raw
	raw := slices.Clone(f.Raw)
	own := rig.Decoded(l.t, raw)
	l.Handle(l.now, rig.PublisherAddr, own)
	if polled {
		l.poll()
	}
	l.Keep()
	clear(raw)
	l.poll()
}

// A tape has the frames in order, whatever the order in which they came, with their bytes.
func TestTapeHasFramesInOrder(t *testing.T) {
	for _, polled := range []bool{true, false} {
		for _, order := range []reliable.Order{reliable.InOrder, reliable.OnArrival} {
			l, r := taped(t, Config{Order: order})
			for _, seq := range []uint64{4, 5, 8, 7, 6, 6, 9} {
				l.brings(r, mail(t, seq, 10*seq, 10), polled)
			}
			r.has("4", "5", "6", "7", "8", "9")
		}
	}
}

// A tape waits for all frames that can be had, also those of which no message counts any
// more, and names those that can't, with the cause.
func TestTapeNamesHoles(t *testing.T) {
	l, r := taped(t, Config{})
	l.hears(mail(t, 0, 0, 1))
	parts := pieces(t, 1, 1, 1, 5000)
	l.hears(parts[0])
	l.hears(mail(t, 6, 2, 1))
	l.lacks(nack.Range{From: 2, To: 3})
	r.has("0", "1", "2 no longer held")
	for _, part := range parts[2:] {
		l.hears(part)
	}
	r.has("3", "4", "5", "6")
	l.hears(mail(t, 9, 5, 1))
	l.pass(10*time.Second, false)
	r.has("7-8 publisher silent", "9", "silent 10 6")
	l.hears(mail(t, 12, 8, 1))
	l.hears(mail(t, 10, 6, 1))
	l.hears(mail(t, 11, 7, 1))
	r.has("open 10 6", "10", "11", "12")
	l.hears(rig.Made(t, frame.Frame{Kind: frame.Bye, Session: 1, Time: 1 << 60, NextSeq: 14,
		NextOffset: 10}))
	l.hears(mail(t, 13, 9, 1))
	r.has("13", "bye 14 10")
}

// What a slow application drops is a hole.
func TestTapeNamesWhatIsDropped(t *testing.T) {
	for _, overload := range []reliable.Overload{reliable.OverloadDropOldest,
		reliable.OverloadDropNewest} {
		l, r := taped(t, Config{Overload: overload, Memory: Memory{Buffer: 64 << 10}})
		l.hears(mail(t, 0, 0, 1))
		for seq := uint64(1); seq < 100; seq++ {
			l.Handle(l.now, rig.PublisherAddr, mail(t, seq, seq, 1))
		}
		l.poll()
		if held := l.session(1).Overrun; held == 0 || r.next != 100 || len(r.words) > 100 {
			t.Errorf("%v: %d were dropped, and the tape ends at %d: %q", overload, held, r.next,
				r.words)
		}
	}
}

// A tape is told whose stream it is, and again when the session's publisher has changed.
func TestTapeHasATitle(t *testing.T) {
	l, r := taped(t, Config{})
	title := frame.Frame{Kind: frame.Session, Session: 1, Time: 1 << 60, Name: []byte("news"),
		Wall: 7, Channels: 1}
	l.hears(rig.Made(t, title))
	l.hears(rig.Made(t, title))
	r.has("title news 7")
}

// What is missing when the subscriber closes is a hole, and the end isn't the publisher's.
func TestTapeOfASubscriberThatCloses(t *testing.T) {
	l, r := taped(t, Config{})
	l.hears(mail(t, 3, 3, 1))
	l.hears(mail(t, 5, 5, 1))
	l.Close(l.now)
	l.poll()
	r.has("3", "4 subscriber closed", "5", "open 6 6")
}

// While a tape is full, frames wait here, and nothing is told; then they go on in order.
func TestTapeIsFull(t *testing.T) {
	l, r := taped(t, Config{})
	l.hears(mail(t, 0, 0, 1))
	r.full = true
	for seq := uint64(1); seq < 5; seq++ {
		l.brings(r, mail(t, seq, seq, 1), true)
	}
	r.has("0")
	if st := l.Sessions()[0]; st.Buffered != 4 || st.Delivered != 1 {
		t.Errorf("%+v", st)
	}
	r.full = false
	l.poll()
	r.has("1", "2", "3", "4")
}

// A recorder's STATUS tells what is in its log, and a recorder is behind what isn't.
func TestStatusOfATape(t *testing.T) {
	l, r := taped(t, Config{})
	for seq := range uint64(9) {
		l.hears(mail(t, seq, seq, 1))
	}
	st := l.table.list[0].streams[0]
	for _, log := range []Recorded{{}, {Position: 3, Written: 5, Synced: 3}} {
		r.log = log
		if f, _ := st.session.reports.frame(l.now); f.Position != log.Position ||
			f.Written != log.Written || f.Synced != log.Synced || !f.Recorder {
			t.Errorf("%+v: %+v", log, f)
		}
	}
}
