package reliable

import (
	"net/netip"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"crier/nack"
	"crier/reliable/frame"
)

// decoded is a frame as it comes from the network.
func decoded(t testing.TB, raw []byte) *frame.Frame {
	t.Helper()
	f := new(frame.Frame)
	var d frame.Decoder
	if err := d.Decode(raw, f); err != nil {
		t.Fatal(err)
	}
	return f
}

// made is a frame that somebody else sends.
func made(t testing.TB, f frame.Frame) *frame.Frame {
	t.Helper()
	var e frame.Encoder
	return decoded(t, e.Append(nil, &f))
}

// listener is a Receiver that hears what a test makes up.
type listener struct {
	t *testing.T
	*Receiver
	now  Time
	told []Event
}

func newListener(t *testing.T, cfg ReceiverConfig) *listener {
	t.Helper()
	cfg.ID = 1
	r, err := NewReceiver(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &listener{t: t, Receiver: r, now: cfg.Joined + 1e9}
}

// hears gives the Receiver a frame from the publisher's address.
func (l *listener) hears(f *frame.Frame) {
	l.Handle(l.now, senderAddr, f)
	l.poll()
}

func (l *listener) poll() {
	var events [8]Event
	for n := l.Poll(events[:]); n > 0; n = l.Poll(events[:]) {
		for _, ev := range events[:n] {
			l.told = append(l.told, ev)
			for ev.Next() {
				l.told = append(l.told, ev)
			}
		}
	}
}

// pass lets time pass, and returns how many datagrams are sent meanwhile. Where
// the socket is blocked, the first stays with it.
func (l *listener) pass(d time.Duration, blocked bool) (sent int) {
	l.t.Helper()
	end := l.now.Add(d)
	for rounds := 0; ; {
		if at := l.Deadline(); at > end {
			break
		} else if at > l.now {
			l.now, rounds = at, 0
		} else if blocked {
			l.now += Time(10 * time.Millisecond) // as often as a Loop looks then
			if l.now > end {
				break
			}
		} else if rounds++; rounds > 100 {
			l.t.Fatalf("at %d its deadline doesn't move", l.now)
		}
		l.Advance(l.now)
		for b, ok := l.Next(l.now); ok; b, ok = l.Next(l.now) {
			sent++
			if blocked {
				break
			}
			l.Sent(b)
		}
		l.poll()
	}
	l.now = end
	return sent
}

// beat is a HEARTBEAT of a session as old as the hills.
func beat(t testing.TB, session, next uint64) *frame.Frame {
	return made(t, frame.Frame{Kind: frame.Heartbeat, Session: session, Time: 1 << 60, NextSeq: next, NextOffset: next})
}

// data is a frame with one message of the same number.
func data(t testing.TB, session, seq uint64) *frame.Frame {
	var b frame.Builder
	b.Open(make([]byte, 0, 300), session, 0, seq, seq, 1<<60)
	b.Add([]byte("x"))
	return decoded(t, b.Seal(false))
}

// Times that nobody can have don't make a subscriber give up and ask without end.
func TestForgedTimes(t *testing.T) {
	l := newListener(t, ReceiverConfig{})
	l.hears(made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 1<<63 - 1}))
	l.now += Time(time.Millisecond)
	l.hears(made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, NextSeq: 1 << 40, NextOffset: 1 << 40}))
	if n := l.pass(time.Second, false); n > 200 {
		t.Errorf("%d datagrams in a second", n)
	}
}

// A subscriber whose own socket takes nothing still sees that its publisher has
// gone.
func TestSilentThoughTheSocketIsBlocked(t *testing.T) {
	for _, blocked := range []bool{false, true} {
		l := newListener(t, ReceiverConfig{Joined: 5e9})
		l.hears(beat(t, 1, 0))
		l.pass(2100*time.Millisecond, blocked)
		if last := l.told[len(l.told)-1]; last.Kind != SessionSilent {
			t.Errorf("blocked %v: the last event is %v", blocked, last.Kind)
		}
	}
}

// A stranger who knows a subscriber's id moves neither its position nor its repairs,
// nor lets it leave; once the subscriber itself is forgotten, the id is anyone's.
func TestStatusFromElsewhere(t *testing.T) {
	p := newPaced(t, SenderConfig{ResendBuffer: 1 << 20})
	p.fill(make([]byte, 1300))
	stranger := netip.MustParseAddrPort("10.77.0.66:6000")
	for _, f := range []frame.Frame{
		{Kind: frame.Status, Position: p.next, Room: 1 << 20},
		{Kind: frame.Status, Position: p.next, Flags: frame.WantSession},
		{Kind: frame.Status, Flags: frame.Leaving},
		{Kind: frame.Nack, Request: 1, Ranges: []nack.Range{{From: 0, To: 100}}},
	} {
		f.Session, f.Subscriber = 0xabc, 5
		p.Handle(p.now, stranger, made(t, f))
	}
	if m := p.Members(); len(m) != 1 || m[0].Position != 0 || m[0].Addr != receiverAddr || m[0].State != Counted || m[0].Asked != 0 {
		t.Errorf("%+v", m)
	}
	if _, err := p.Publish(p.now, make([]byte, 1300)); err != ErrFull {
		t.Errorf("a stranger's word made room: %v", err)
	}
	if st := p.Stats(); st.Foreign != 4 || st.Nacks != 0 || st.Statuses != 1 {
		t.Errorf("%+v", st)
	}
	p.step(10 * time.Second) // 2 s of which the stall time takes, and it is not heard
	p.step(2 * time.Second)
	if m := p.Members(); len(m) != 0 {
		t.Fatalf("%+v", m)
	}
	p.Handle(p.now, stranger, made(t, frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: 5, Position: p.next}))
	if m := p.Members(); len(m) != 1 || m[0].Addr != stranger {
		t.Errorf("%+v", m)
	}
}

// A stranger's REPAIR is not believed.
func TestRepairFromElsewhere(t *testing.T) {
	l := newListener(t, ReceiverConfig{Joined: 5e9})
	l.hears(beat(t, 1, 5))
	l.hears(data(t, 1, 5))
	raw := new(frame.Encoder).AppendRepair(nil, 1, 0, 1, 7, data(t, 1, 6).Raw)
	l.Handle(l.now, receiverAddr, decoded(t, raw))
	if st := l.Stats(); st.Foreign != 1 || l.Sessions()[0].NextOffset != 6 {
		t.Errorf("%+v, %+v", st, l.Sessions()[0])
	}
	l.hears(decoded(t, raw))
	if st := l.Sessions()[0]; st.NextOffset != 7 || st.Delivered != 2 {
		t.Errorf("%+v", st)
	}
}

// What many NACKs ask for in vain is answered in one GONE, and held in little.
func TestGoneForManyNacks(t *testing.T) {
	s, err := NewSender(SenderConfig{Session: 1, FirstSeq: 1 << 40, ResendBuffer: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	now := Time(1e9)
	out, _ := s.Next(now) // the socket takes no more
	ask := frame.Frame{Kind: frame.Nack, Session: 1, Subscriber: 5, Request: 9}
	for i := range uint64(32000) {
		ask.Ranges = append(ask.Ranges, nack.Range{From: 2 * i, To: 2*i + 1})
	}
	f := made(t, ask)
	for range 300 {
		s.Handle(now, receiverAddr, f)
	}
	if n := len(s.answers.list); n != 1 || cap(s.answers.list[0].gone) > maxGone {
		t.Errorf("%d answers wait, the first with room for %d ranges", n, cap(s.answers.list[0].gone))
	}
	s.Sent(out)
	var kinds []frame.Kind
	for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
		kinds = append(kinds, decoded(t, b.Data).Kind)
		s.Sent(b)
	}
	if len(kinds) != 2 || kinds[0] != frame.Gone || kinds[1] != frame.Heartbeat {
		t.Errorf("sent %v", kinds)
	}
}

// A subscriber may miss the first datagram of a batch, and ask for it, before the
// system call that sends the batch has returned.
func TestNackForABatchThatIsOut(t *testing.T) {
	s, err := NewSender(SenderConfig{Session: 1, FirstSeq: 1})
	if err != nil {
		t.Fatal(err)
	}
	now := Time(1e9)
	send := func() (kinds []frame.Kind) {
		for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
			kinds = append(kinds, decoded(t, b.Datagram(0)).Kind)
			s.Sent(b)
		}
		return kinds
	}
	send()
	for range 20 {
		if _, err := s.Publish(now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := s.Next(now)
	if out.Datagrams() < 2 {
		t.Fatalf("%d datagrams are out", out.Datagrams())
	}
	s.Handle(now, receiverAddr, made(t, frame.Frame{Kind: frame.Nack, Session: 1, Subscriber: 5, Request: 9, Ranges: []nack.Range{{From: 1, To: 2}}}))
	s.Sent(out)
	if kinds := send(); len(kinds) == 0 || kinds[0] != frame.Repair {
		t.Errorf("sent %v", kinds)
	}
	if st := s.Stats(); st.Responder.Asked != 1 || st.Repairs != 1 {
		t.Errorf("%+v", st)
	}
}

// Repairs and data take turns.
func TestDataHasItsTurn(t *testing.T) {
	s, err := NewSender(SenderConfig{Session: 1})
	if err != nil {
		t.Fatal(err)
	}
	now := Time(1e9)
	next := func() (kind frame.Kind, datagrams int) {
		b, ok := s.Next(now)
		if !ok {
			return 0, 0
		}
		defer s.Sent(b)
		return decoded(t, b.Datagram(0)).Kind, b.Datagrams()
	}
	publish := func(n int) {
		for range n {
			if _, err := s.Publish(now, make([]byte, 1300)); err != nil {
				t.Fatal(err)
			}
		}
	}
	publish(60)
	for k, _ := next(); k != 0; k, _ = next() {
	}
	s.Handle(now, receiverAddr, made(t, frame.Frame{Kind: frame.Nack, Session: 1, Subscriber: 5, Request: 9, Ranges: []nack.Range{{From: 0, To: 50}}}))
	publish(1)
	for i, want := range []struct {
		kind      frame.Kind
		datagrams int
	}{{frame.Repair, 16}, {frame.Data, 1}, {frame.Repair, 16}, {frame.Repair, 16}} {
		if kind, n := next(); kind != want.kind || n != want.datagrams {
			t.Errorf("batch %d: %d of %v, want %d of %v", i, n, kind, want.datagrams, want.kind)
		}
	}
}

// A group that shrinks doesn't forget those who still report as rarely as it was
// large.
func TestAGroupThatShrinks(t *testing.T) {
	m := newMembers(4096)
	rand := nack.NewRand(1, 2)
	due := make([]Time, 1000)
	for i := range due {
		due[i] = Time(rand.Duration(10 * time.Second))
	}
	const crash = Time(20 * time.Second) // of all but ten
	group := len(due)
	for now := Time(0); now < Time(150*time.Second); now += Time(10 * time.Millisecond) {
		for i := range due {
			if now >= due[i] && (i < 10 || now < crash) {
				m.hear(now, receiverAddr, &frame.Frame{Subscriber: uint64(i + 1)})
				due[i] = now.Add(rand.Jitter(statusEvery(group)))
			}
		}
		if now%Time(time.Second) == 0 {
			m.sweep(now, func(m *member) time.Duration { return m.patience })
			if group = len(m.rows); group < 10 && now > Time(10*time.Second) {
				t.Fatalf("at %v it knows %d of the ten that live", time.Duration(now), group)
			}
		}
	}
	if group != 10 {
		t.Errorf("in the end it knows %d", group)
	}
}

// A session that left the table to make room goes on where it was, and one that
// ended stays so: nothing is delivered twice.
func TestSessionsThatLeftTheTable(t *testing.T) {
	l := newListener(t, ReceiverConfig{MaxSessions: 2, Start: Oldest, Joined: 5e9})
	l.hears(beat(t, 1, 0))
	l.hears(data(t, 1, 0))
	l.hears(data(t, 1, 1))
	l.hears(beat(t, 2, 0))
	l.hears(data(t, 2, 0))
	bye := frame.Frame{Kind: frame.Bye, Session: 2, Time: 1 << 60, NextSeq: 1, NextOffset: 1}
	l.hears(made(t, bye))
	l.pass(3*time.Second, false) // 1 is silent
	for id := uint64(3); id < 7; id++ {
		l.hears(beat(t, id, 0))
		l.hears(data(t, id, 0))
		l.pass(3*time.Second, false)
	}
	if st := l.Stats(); st.Evicted != 4 {
		t.Errorf("%+v", st)
	}
	l.told = nil
	l.hears(made(t, bye))
	l.hears(data(t, 2, 0))
	l.hears(beat(t, 1, 2))
	l.hears(data(t, 1, 0))
	l.hears(data(t, 1, 1))
	l.hears(data(t, 1, 2))
	if len(l.told) != 2 || l.told[0].Kind != SessionResumed || l.told[1].Kind != Message || l.told[1].Offset != 2 {
		t.Errorf("told %+v", l.told)
	}
	for _, st := range l.Sessions() {
		if st.ID == 1 && (st.FirstOffset != 0 || st.NextOffset != 3 || st.Delivered != 3) {
			t.Errorf("%+v", st)
		}
	}
}

// heap is how many bytes are in use.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// crowd is a frame of as many empty messages as fit the size.
func crowd(t *testing.T, session, seq, offset uint64, size int) *frame.Frame {
	var b frame.Builder
	b.Open(make([]byte, 0, size), session, 0, seq, offset, 1<<60)
	for b.Fits(0) {
		b.Add(nil)
	}
	return decoded(t, b.Seal(false))
}

// Frames that lie far ahead, and frames of tens of thousands of messages, in as
// many sessions as there may be: what they leave in memory is counted, and stays
// within the bound.
func TestMemoryOfForgedFrames(t *testing.T) {
	if size := unsafe.Sizeof(slot{}); size > slotBytes {
		t.Errorf("a slot has %d bytes, not %d", size, slotBytes)
	}
	for _, order := range []Order{InOrder, OnArrival} {
		l := newListener(t, ReceiverConfig{Order: order, Buffer: 4 << 20, MaxMemory: 16 << 20, Joined: 5e9})
		before := heap()
		for id := uint64(1); id <= 256; id++ {
			l.Handle(l.now, senderAddr, beat(t, id, 0))
			far := crowd(t, id, 2000, 1<<29, 300)
			l.Handle(l.now, senderAddr, far)
			l.Handle(l.now, senderAddr, crowd(t, id, 1, 1, 65000))
			l.Hold()
			l.Handle(l.now, senderAddr, data(t, id, 0))
			var events [64]Event
			for l.Poll(events[:]) == len(events) {
			}
		}
		if grown := heap() - before; grown > 40<<20 || l.Stats().Memory > 20<<20 {
			t.Errorf("order %d: the heap grew by %d KiB, %d are counted", order, grown>>10, l.Stats().Memory>>10)
		}
		runtime.KeepAlive(l)
	}
}
