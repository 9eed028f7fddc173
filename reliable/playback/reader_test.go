package playback_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/playback"
)

const (
	session = 7
	room    = 600 // a frame's size
	begin   = int64(1e18)
	step    = int64(time.Millisecond) // from frame to frame
)

// tape is a log of one tape, in memory.
type tape struct {
	state  journal.State
	frames [][]byte // from 0; nil where one is missing
	holes  []journal.Hole
	starts []uint64 // the offset of the first message that starts in a frame or after it
	failed error
	bad    uint64 // a frame that can't be read, if it isn't 0
}

func (l *tape) Do(job *journal.Job, _ int64) *journal.Result {
	res := &journal.Result{Job: job, State: l.state, Err: l.failed}
	if job.Read.Len() > 0 && l.failed == nil {
		res.Read = nack.Range{From: job.Read.From, To: min(job.Read.To, job.Read.From+5)}
		res.Frames, res.Holes = l.frames[res.Read.From:res.Read.To], l.holes
		if l.bad > 0 && res.Read.Contains(l.bad) {
			res.Frames, res.Err = slices.Clone(res.Frames), errors.New("input/output error")
			res.Frames[l.bad-res.Read.From] = nil
		}
	}
	for seq := l.state.Oldest.Seq; job.Find.What != 0 && seq < l.state.Next.Seq; seq += 4 {
		at := l.starts[seq]
		if job.Find.What == journal.FindTime {
			at = uint64(begin + int64(seq)*step)
		}
		if at > job.Find.Value && res.At.Found {
			break
		}
		res.At.Found, res.At.Seq, res.At.Offset = true, seq, l.starts[seq]
	}
	return res
}

// truth are the messages that a tape was made of; nil for those that were dropped.
type truth struct {
	first    uint64
	messages [][]byte
	// properties are those of each, empty for most.
	properties []frame.Properties
	in         []uint64 // the frame that each ends in
}

// record makes a tape of random messages, from the offset first on, in frames of one size.
func record(random *rand.Rand, first uint64, count int) (*tape, *truth) {
	l, tr := &tape{}, &truth{first: first}
	var b frame.Builder
	seq, offset := uint64(0), first
	open := func(part uint64) {
		b.Open(make([]byte, 0, room), session, 0, seq, part, seq*uint64(step))
		start := part
		if part != offset {
			start = offset
		}
		l.starts = append(l.starts, start)
	}
	seal := func() {
		l.frames = append(l.frames, b.Seal(random.IntN(2) == 0))
		seq++
	}
	open(first)
	for i := range count {
		if random.IntN(20) == 0 {
			if !b.IsOpen() || !b.Empty() {
				seal()
				open(offset)
			}
			b.Skip(1)
			tr.messages, tr.in = append(tr.messages, nil), append(tr.in, seq)
			tr.properties = append(tr.properties, nil)
			offset++
			continue
		}
		m := make([]byte, 1+random.IntN([]int{50, 400, 3000}[i%3]))
		for k := range m {
			m[k] = byte(random.Uint32())
		}
		var p frame.Properties
		if random.IntN(3) == 0 {
			var err error
			if p, err = frame.AppendProperties(nil, fmt.Append(nil, "key", offset),
				[]frame.MessageHeader{{Name: "n", Value: m[:1]}}); err != nil {
				panic(err)
			}
		}
		tr.messages, tr.properties = append(tr.messages, m), append(tr.properties, p)
		offset++
		rest := m
		if b.FitsWith(p, len(m)) {
			b.AddWith(p, m)
			rest = nil
		} else if n := b.StartWith(p, m); n > 0 {
			rest = m[n:]
		} else {
			seal()
			l.starts = append(l.starts, offset-1)
			b.Open(make([]byte, 0, room), session, 0, seq, offset-1, seq*uint64(step))
			if b.FitsWith(p, len(m)) {
				b.AddWith(p, m)
				rest = nil
			} else {
				rest = m[b.StartWith(p, m):]
			}
		}
		for len(rest) > 0 {
			seal()
			open(offset - 1)
			rest = rest[b.Continue(rest):]
		}
		tr.in = append(tr.in, seq)
		if random.IntN(4) == 0 {
			seal()
			open(offset)
		}
	}
	seal()
	l.starts = append(l.starts, offset)
	l.state = journal.State{Key: journal.Key{Session: session},
		Title:  &reliable.Title{Publisher: "p", Wall: begin},
		Oldest: journal.Mark{Offset: first}, Next: journal.Mark{Seq: seq, Offset: offset}}
	return l, tr
}

// lose takes frames out of a tape at random, with two causes.
func (l *tape) lose(random *rand.Rand) {
	for i := 0; i < len(l.frames); i++ {
		if random.IntN(10) != 0 {
			continue
		}
		from := i
		for n := random.IntN(4); i < len(l.frames) && i <= from+n; i++ {
			l.frames[i] = nil
		}
		if random.IntN(2) == 0 {
			l.holes = append(l.holes, journal.Hole{Cause: reliable.CauseUnanswered,
				Frames: nack.Range{From: uint64(from), To: uint64(i)}})
		}
	}
}

// play reads a tape, and holds each message to the truth, and each loss to what is missing. It
// returns the offsets of the first event and after the last, and how many messages came.
func play(t *testing.T, l *tape, tr *truth, start reliable.Start, until reliable.Until) (from,
	to uint64, came int) {
	t.Helper()
	r, err := playback.NewReader(l, l.state, start, until)
	if err != nil {
		t.Fatal(err)
	}
	known := false
	at := func(offset, end uint64) {
		if known && offset != to {
			t.Fatalf("offset %d came after %d", offset, to)
		}
		if !known {
			known, from = true, offset
		}
		to = end
	}
	for {
		var ev reliable.Event
		ok, err := r.Next(&ev)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return from, to, came
		}
		switch ev.Kind {
		case reliable.Message:
			at(ev.Offset, ev.Offset+1)
			came++
			want := tr.messages[ev.Offset-tr.first]
			if want == nil || !bytes.Equal(ev.Payload, want) {
				t.Fatalf("message %d has %d bytes, want %d", ev.Offset, len(ev.Payload), len(want))
			}
			if want := tr.properties[ev.Offset-tr.first]; !bytes.Equal(ev.Properties, want) {
				t.Fatalf("message %d has the properties %x, want %x", ev.Offset, ev.Properties, want)
			}
			if ev.Publisher != "p" || ev.Session != session || ev.Sent.UnixNano() < begin ||
				ev.Seq != tr.in[ev.Offset-tr.first] {
				t.Fatalf("message %d: %+v", ev.Offset, ev)
			}
		case reliable.Loss:
			at(ev.Lost.From, ev.Lost.To)
			l.judge(t, tr, &ev)
		}
	}
}

// judge holds a loss to what is missing.
func (l *tape) judge(t *testing.T, tr *truth, ev *reliable.Event) {
	t.Helper()
	for o := ev.Lost.From; o < ev.Lost.To; o++ {
		if tr.messages[o-tr.first] == nil {
			continue // dropped by the publisher
		}
		begun := l.begun(o, tr.in[o-tr.first])
		missing := false
		for _, f := range l.frames[begun : tr.in[o-tr.first]+1] {
			missing = missing || f == nil
		}
		if !missing {
			t.Fatalf("message %d in the frames %d to %d is told lost (%v), and is there", o, begun,
				tr.in[o-tr.first], ev.Cause)
		}
	}
	switch ev.Cause {
	case reliable.CauseDropped, reliable.CauseUnanswered, reliable.CauseDamaged:
	default:
		t.Fatalf("a loss of %d messages has the cause %v", ev.Lost.Len(), ev.Cause)
	}
}

// begun returns the frame that a message begins in, which ends in another.
func (l *tape) begun(offset, in uint64) uint64 {
	for in > 0 && l.starts[in] > offset {
		in--
	}
	return in
}

// Each message is played once and in order, or named lost if a frame of it is missing.
func TestReader(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		first := random.Uint64N(1000)
		l, tr := record(random, first, 100)
		end := first + uint64(len(tr.messages))
		if seed%3 > 0 {
			l.lose(random)
		}
		from, to, came := play(t, l, tr, reliable.Oldest, reliable.Until{})
		if from != first || to != end {
			t.Fatalf("seed %d: it played [%d, %d) of [%d, %d)", seed, from, to, first, end)
		}
		if seed%3 == 0 {
			for _, m := range tr.messages {
				if m != nil {
					came--
				}
			}
			if came != 0 {
				t.Fatalf("seed %d: %d messages of a whole tape didn't come", seed, -came)
			}
		}
		a := first + random.Uint64N(end-first)
		b := a + 1 + random.Uint64N(end-a)
		from, to, _ = play(t, l, tr, reliable.AtOffset(a), reliable.UntilOffset(b))
		if from != a || to != b {
			t.Fatalf("seed %d: it played [%d, %d), want [%d, %d)", seed, from, to, a, b)
		}
		timed(t, seed, random, l, tr)
	}
}

// timed plays a stretch of time.
func timed(t *testing.T, seed uint64, random *rand.Rand, l *tape, tr *truth) {
	t.Helper()
	n := uint64(len(l.frames))
	a := random.Uint64N(n)
	b := a + random.Uint64N(n-a)
	for a < n && l.frames[a] == nil { // the next frame that is there tells where it begins
		a++
	}
	end := b
	for end < n && l.frames[end] == nil {
		end++
	}
	from, to, _ := play(t, l, tr, reliable.AtTime(time.Unix(0, begin+int64(a)*step)),
		reliable.UntilTime(time.Unix(0, begin+int64(b)*step)))
	if from == to && (end <= a || l.starts[a] == l.starts[end]) {
		return
	}
	if from != l.starts[a] || to != l.starts[end] {
		t.Fatalf("seed %d: the frames [%d, %d) played [%d, %d), want [%d, %d)", seed, a, b, from, to,
			l.starts[a], l.starts[end])
	}
}

// The end of a session is told, and why a message that never ended is lost.
func TestEnd(t *testing.T) {
	var b frame.Builder
	b.Open(make([]byte, 0, 100), session, 0, 0, 5, 0)
	b.Start(make([]byte, 1000))
	l := &tape{frames: [][]byte{b.Seal(false)}, state: journal.State{
		Key:    journal.Key{Session: session},
		Oldest: journal.Mark{Offset: 5}, Next: journal.Mark{Seq: 1, Offset: 6}}}
	for _, test := range []struct {
		ended *journal.End
		kinds []reliable.EventKind
		cause reliable.Cause
	}{
		{nil, nil, 0},
		{&journal.End{How: reliable.EndBye}, []reliable.EventKind{reliable.Loss,
			reliable.SessionEnded}, reliable.CauseEnded},
		{&journal.End{How: reliable.EndSilent}, []reliable.EventKind{reliable.Loss,
			reliable.SessionSilent}, reliable.CauseSilent},
	} {
		l.state.Ended = test.ended
		r, err := playback.NewReader(l, l.state, reliable.Oldest, reliable.Until{})
		if err != nil {
			t.Fatal(err)
		}
		var ev reliable.Event
		for i := 0; ; i++ {
			ok, err := r.Next(&ev)
			if err != nil || ok && i == len(test.kinds) {
				t.Fatalf("%v: event %d: %+v, %v", test.ended, i, ev, err)
			}
			if !ok {
				if i != len(test.kinds) {
					t.Errorf("%v: %d events", test.ended, i)
				}
				break
			}
			if ev.Kind != test.kinds[i] || ev.Kind == reliable.Loss && ev.Cause != test.cause {
				t.Errorf("%v: event %d: %v, %v", test.ended, i, ev.Kind, ev.Cause)
			}
		}
	}
}

// What can't be done is an error.
func TestErrors(t *testing.T) {
	l, _ := record(rand.New(rand.NewPCG(1, 1)), 0, 10)
	r, err := playback.NewReader(l, l.state, reliable.Oldest, reliable.Until{})
	if err != nil {
		t.Fatal(err)
	}
	l.failed = errors.New("no disk")
	if ok, err := r.Next(new(reliable.Event)); ok || err != l.failed {
		t.Error(ok, err)
	}
	if _, err := playback.NewReader(l, l.state, reliable.AtOffset(3),
		reliable.Until{}); err != l.failed {
		t.Error(err)
	}
	l.state.Title = nil
	if _, err := playback.NewReader(l, l.state, reliable.AtTime(time.Now()),
		reliable.Until{}); err != playback.ErrNoTime {
		t.Error(err)
	}
}

// A part of the log that can't be read is lost by name, and what follows is played.
func TestUnreadablePart(t *testing.T) {
	l, tr := record(rand.New(rand.NewPCG(1, 1)), 0, 200)
	l.bad = l.state.Next.Seq / 2
	r, err := playback.NewReader(l, l.state, reliable.Oldest, reliable.Until{})
	if err != nil {
		t.Fatal(err)
	}
	var ev reliable.Event
	lost, next := 0, uint64(0)
	for {
		more, err := r.Next(&ev)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
		switch ev.Kind {
		case reliable.Loss:
			if ev.Cause == reliable.CauseDamaged {
				lost++
			}
			next = ev.Lost.To
		case reliable.Message:
			next = ev.Offset + 1
		}
	}
	if lost != 1 || next != uint64(len(tr.messages)) {
		t.Errorf("%d losses, and the end at %d of %d", lost, next, len(tr.messages))
	}
}
