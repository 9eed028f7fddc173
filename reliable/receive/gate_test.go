package receive

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/send"
)

// turnstile is a Gate with stretches of offsets, of each channel.
type turnstile map[uint32][]stretch

type stretch struct {
	from, to uint64
	Verdict
	*reliable.Grant
}

func (g turnstile) Pass(_ uint64, channel uint32, offset uint64) (Verdict, *reliable.Grant,
	uint64) {
	for _, s := range g[channel] {
		if s.from <= offset && offset < s.to {
			return s.Verdict, s.Grant, s.to
		}
	}
	return Wait, nil, endless
}

// gated returns a subscriber of orders behind a gate.
func (q *square) gated(g Gate, cfg Config) *hearer {
	cfg.Gate = g
	if cfg.Topics == nil {
		cfg.Topics = []Topic{{Name: "orders"}}
	}
	return q.subscriber(cfg)
}

// kinds returns the kinds of the events of a partition, in a row.
func (h *hearer) kinds(channel uint32) (list []string) {
	for _, ev := range h.told {
		if ev.Partition == channel {
			list = append(list, ev.Kind.String())
		}
	}
	return list
}

// sum checks the sum of the counters.
func (q *square) sum(h *hearer) {
	q.t.Helper()
	for _, s := range h.Sessions() {
		if s.Delivered+s.Lost+s.Skipped != s.NextOffset-s.FirstOffset+s.Retaken {
			q.t.Errorf("partition %d: the sum is wrong: %+v", s.Partition, s)
		}
	}
}

// Nothing of a stream that isn't taken is delivered, asked for, kept or joined. Its session is
// told of, and its end.
func TestNothingTaken(t *testing.T) {
	for _, groups := range []int{1, 4} {
		q := newSquare(t, way{delay: 50 * time.Microsecond, loss: 50})
		h := q.gated(turnstile{}, Config{})
		p := q.publisher(send.Config{Topic: "orders", Layout: layout(4, groups)})
		for i := range 400 {
			q.publish(p, uint32(i%4), 1000)
			q.pass(time.Millisecond)
		}
		if n := h.Memory(); n != 0 || h.nacks != 0 {
			t.Errorf("%d bytes, %d NACKs", n, h.nacks)
		}
		if _, list := h.Memberships(); len(list) != 1 {
			t.Errorf("%v", list)
		}
		q.sum(h)
		if groups > 1 {
			continue
		}
		p.Close(q.now)
		q.pass(3 * time.Second)
		for c := range uint32(4) {
			if list := h.kinds(c); !slices.Equal(list, []string{"new", "ended"}) {
				t.Errorf("partition %d: %v", c, list)
			}
		}
		for _, s := range h.Sessions() {
			if s.NextOffset != 100 || s.Lag != 0 {
				t.Errorf("%+v", s)
			}
		}
		q.sum(h)
	}
}

// A session of several groups ends, and doesn't fall silent, also where none of its streams is
// taken, or some are: the BYE of the others comes in groups that aren't joined.
func TestEndsUnheard(t *testing.T) {
	for taken := range uint32(3) {
		g := turnstile{}
		for c := range taken {
			g[c] = []stretch{{0, endless, Deliver, nil}}
		}
		q := newSquare(t, way{delay: 50 * time.Microsecond, loss: 20})
		h := q.gated(g, Config{})
		p := q.publisher(send.Config{Topic: "orders", Layout: layout(8, 8)})
		q.pass(time.Second)
		for c := range taken {
			h.Take(q.now, p.Session(), c, 0, 0)
		}
		for i := range 400 {
			q.publish(p, uint32(i%8), 1000)
			q.pass(time.Millisecond)
		}
		q.pass(5 * time.Second)
		p.Close(q.now)
		q.pass(10 * time.Second)
		for c := range uint32(8) {
			list := h.kinds(c)
			if list[len(list)-1] != "ended" || slices.Contains(list, "silent") {
				t.Errorf("%d taken, partition %d: %v", taken, c, list)
			}
		}
		q.sum(h)
	}
}

// A stream that is taken is delivered from the offset on, with the grants of the gate, and its
// group is joined. Left, it is delivered no more, and holds nothing. It may be taken again, at a
// later place and at an earlier one.
func TestTakeAndLeave(t *testing.T) {
	for seed := range 4 {
		q := newSquare(t, way{delay: 50 * time.Microsecond, loss: 100 * seed})
		grant := &reliable.Grant{Epoch: 7}
		g := turnstile{2: {{0, 40, Skip, nil}, {40, endless, Deliver, grant}}}
		h := q.gated(g, Config{})
		p := q.publisher(send.Config{Topic: "orders", Layout: layout(4, 4)})
		for i := range 400 {
			q.publish(p, uint32(i%4), 1000)
		}
		q.pass(time.Second)
		session := p.Session()
		if h.Take(q.now, session+1, 2, 0, 0) || !h.Take(q.now, session, 2, 33, 40) {
			t.Fatal("taken")
		}
		if _, list := h.Memberships(); len(list) != 2 || list[1] != p.groups[1+2] {
			t.Errorf("%v of %v", list, p.groups)
		}
		q.pass(3 * time.Second)
		if !slices.EqualFunc(h.got[2], p.sent[2][40:], bytes.Equal) {
			t.Fatalf("%d messages", len(h.got[2]))
		}
		for _, ev := range h.told {
			if ev.Kind == reliable.Message && ev.Grant != grant {
				t.Fatalf("%+v", ev)
			}
		}
		h.Leave(q.now, session, 2)
		for range 100 {
			q.publish(p, 2, 1000)
			q.pass(time.Millisecond)
		}
		q.pass(time.Second)
		if n := h.Memory(); len(h.got[2]) != 60 || n != 0 {
			t.Fatalf("%d messages, %d bytes", len(h.got[2]), n)
		}
		q.pass(6 * time.Second)
		if _, list := h.Memberships(); list[1].IsValid() {
			t.Errorf("%v", list)
		}
		for _, from := range []uint64{170, 20, 90} {
			h.got[2] = nil
			g[2] = []stretch{{from, endless, Deliver, grant}}
			if !h.Take(q.now, session, 2, from, from) {
				t.Fatal("not taken")
			}
			q.publish(p, 2, 1000)
			q.pass(3 * time.Second)
			if !slices.EqualFunc(h.got[2], p.sent[2][from:], bytes.Equal) {
				t.Fatalf("from %d: %d messages", from, len(h.got[2]))
			}
			q.sum(h)
		}
		p.Close(q.now)
		q.pass(3 * time.Second)
		if list := h.kinds(2); list[0] != "new" || list[len(list)-1] != "ended" {
			t.Errorf("%v", list)
		}
	}
}

// What the gate has wait is delivered when it is woken; runs end where a grant does, and what is
// skipped of a run isn't delivered.
func TestGateWaits(t *testing.T) {
	q := newSquare(t, way{delay: 50 * time.Microsecond, loss: 100})
	one, two := &reliable.Grant{Epoch: 1}, &reliable.Grant{Epoch: 2}
	g := turnstile{0: {{0, 10, Deliver, one}, {10, 13, Skip, nil}}}
	h := q.gated(g, Config{Runs: true})
	p := q.publisher(send.Config{Topic: "orders"})
	q.pass(time.Second)
	if !h.Take(q.now, p.Session(), 0, 0, 0) {
		t.Fatal("not taken")
	}
	for range 30 { // several in a frame, and one that spans frames
		for i := range 5 {
			size := 100
			if i == 3 {
				size = 5000
			}
			q.send(p, 0, size)
		}
		q.settle()
		q.pass(time.Millisecond)
	}
	q.pass(time.Second)
	if !slices.EqualFunc(h.got[0], p.sent[0][:10], bytes.Equal) {
		t.Fatalf("%d messages", len(h.got[0]))
	}
	if at, ok := h.Place(p.Session(), 0); !ok || !at.Ready || at.Next != 13 || at.Received != 150 {
		t.Errorf("%+v", at)
	}
	g[0] = []stretch{{13, 58, Deliver, one}, {58, 60, Deliver, two}, {60, 61, Skip, nil},
		{61, 63, Deliver, two}, {63, 149, Skip, nil}, {149, 150, Deliver, one}}
	h.told = nil
	h.Wake(p.Session(), 0)
	q.pass(time.Millisecond)
	want := append(append(slices.Clone(p.sent[0][:10]), p.sent[0][13:60]...), p.sent[0][61:63]...)
	if want = append(want, p.sent[0][149]); !slices.EqualFunc(h.got[0], want, bytes.Equal) {
		t.Fatalf("%d messages", len(h.got[0]))
	}
	for _, ev := range h.told {
		if at := ev.Offset; (at >= 58 && at < 63) != (ev.Grant == two) {
			t.Errorf("offset %d has %+v", at, ev.Grant)
		}
	}
	q.sum(h)
}

// Losses pass the gate like messages.
func TestLossesPassTheGate(t *testing.T) {
	q := newSquare(t)
	grant := new(reliable.Grant)
	g := turnstile{0: {{0, 10, Skip, nil}, {10, 12, Deliver, grant}}}
	h := q.gated(g, Config{})
	p := q.publisher(send.Config{Topic: "orders", Retention: send.Retention{ResendBuffer: 64 << 10}})
	for range 500 {
		q.publish(p, 0, 1000)
		q.pass(10 * time.Microsecond)
	}
	q.pass(time.Second)
	h.Take(q.now, p.Session(), 0, 0, 0)
	q.pass(time.Second)
	losses := func() (list string) {
		for _, ev := range h.told {
			if ev.Kind == reliable.Loss {
				list += fmt.Sprint(ev.Lost, " ", ev.Grant == grant, ",")
			}
		}
		return list
	}
	if got := losses(); got != "10-11 true," {
		t.Fatal(got)
	}
	g[0] = []stretch{{12, 20, Skip, nil}, {20, endless, Deliver, nil}}
	h.Wake(p.Session(), 0)
	q.pass(time.Second)
	oldest := 500 - uint64(len(h.got[0]))
	if got := losses(); got != fmt.Sprintf("10-11 true,20-%d false,", oldest-1) || oldest < 100 {
		t.Fatal(got, oldest)
	}
	q.sum(h)
}

// The silence of a publisher is told though messages wait for the gate, and once; its end comes
// behind them. What was lost by then is named in its turn.
func TestSilentAtTheGate(t *testing.T) {
	q := newSquare(t)
	g := turnstile{}
	h := q.gated(g, Config{})
	p := q.publisher(send.Config{Topic: "orders"})
	q.pass(time.Second)
	h.Take(q.now, p.Session(), 0, 0, 0)
	for range 20 {
		q.publish(p, 0, 1000)
	}
	q.pass(time.Second)
	p.stands = true
	q.pass(10 * time.Second)
	if list := h.kinds(0); !slices.Equal(list, []string{"new", "silent"}) {
		t.Fatal(list)
	}
	g[0] = []stretch{{0, endless, Deliver, nil}}
	h.Wake(p.Session(), 0)
	q.pass(time.Second)
	if len(h.got[0]) != 20 {
		t.Errorf("%d messages", len(h.got[0]))
	}
	delete(g, 0)
	p.stands = false
	q.publish(p, 0, 1000)
	p.Close(q.now)
	q.pass(5 * time.Second)
	if list := h.kinds(0); !slices.Equal(list[22:], []string{"resumed"}) {
		t.Fatal(list[22:])
	}
	g[0] = []stretch{{0, endless, Deliver, nil}}
	h.Wake(p.Session(), 0)
	q.pass(time.Second)
	if list := h.kinds(0); !slices.Equal(list[23:], []string{"message", "ended"}) {
		t.Fatal(list[23:])
	}
	q.sum(h)
}

// A stream that has ended is taken all the same while its publisher answers. Its end isn't told
// again.
func TestTakeAfterTheEnd(t *testing.T) {
	q := newSquare(t)
	g := turnstile{0: {{0, endless, Deliver, nil}}}
	h := q.gated(g, Config{})
	p := q.publisher(send.Config{Topic: "orders"})
	for range 20 {
		q.publish(p, 0, 1000)
	}
	q.pass(time.Second)
	p.Close(q.now)
	q.pass(20 * time.Millisecond)
	if list := h.kinds(0); !slices.Equal(list, []string{"new", "ended"}) {
		t.Fatal(list)
	}
	if !h.Take(q.now, p.Session(), 0, 5, 5) {
		t.Fatal("not taken")
	}
	q.pass(5 * time.Second)
	if list := h.kinds(0); len(h.got[0]) != 15 || list[len(list)-1] != "message" {
		t.Errorf("%d messages, %v", len(h.got[0]), list)
	}
	if at, _ := h.Place(p.Session(), 0); !at.Over {
		t.Errorf("%+v", at)
	}
	q.sum(h)
}

// While messages wait for the gate none is dropped, whatever the answer to a slow application is:
// they may be others'.
func TestGateDropsNothing(t *testing.T) {
	for _, o := range []reliable.Overload{reliable.OverloadBlock, reliable.OverloadDropOldest,
		reliable.OverloadDropNewest} {
		q := newSquare(t)
		g := turnstile{}
		h := q.gated(g, Config{Overload: o, Memory: Memory{Buffer: 64 << 10}})
		p := q.publisher(send.Config{Topic: "orders"})
		q.pass(time.Second)
		h.Take(q.now, p.Session(), 0, 0, 0)
		for range 400 {
			q.publish(p, 0, 1000)
			q.pass(10 * time.Microsecond)
		}
		q.pass(time.Second)
		at, _ := h.Place(p.Session(), 0)
		if n := h.Memory(); n > 100<<10 || !at.Ready || at.Received > 100 {
			t.Errorf("%v: %d bytes, %+v", o, n, at)
		}
		g[0] = []stretch{{0, endless, Deliver, nil}}
		h.Wake(p.Session(), 0)
		q.pass(3 * time.Second)
		q.whole(h, p, 0)
	}
}

// send publishes a message that may share its frame with others.
func (q *square) send(p *crier, channel uint32, size int) {
	m := make([]byte, max(size, 16))
	copy(m, fmt.Sprintf("%d/%d/", channel, len(p.sent[channel])))
	if _, err := p.Stream(channel).Publish(q.now, m); err != nil {
		q.t.Fatal(err)
	}
	p.sent[channel] = append(p.sent[channel], m)
}

// SessionNew that waits to be told comes before all that is taken, also from an earlier place on.
func TestTakeBeforeSessionNew(t *testing.T) {
	q := newSquare(t, way{delay: 50 * time.Microsecond})
	g := turnstile{0: {{0, endless, Deliver, &reliable.Grant{Epoch: 7}}}}
	h := q.gated(g, Config{})
	p := q.publisher(send.Config{Topic: "orders", Layout: layout(1, 1)})
	for range 50 {
		q.publish(p, 0, 1000)
	}
	q.pass(time.Second)
	st := h.streamOf(p.Session(), 0)
	if h.Untold(p.Session(), 0) || h.Untold(p.Session()+1, 0) {
		t.Error("SessionNew is untold")
	}
	h.told = nil
	st.marks.place(mark{seq: st.win.next, kind: reliable.SessionNew})
	if !h.Untold(p.Session(), 0) || !h.Take(q.now, p.Session(), 0, 10, 12) {
		t.Fatal("not taken, or told")
	}
	q.pass(time.Second)
	if kinds := h.kinds(0); len(kinds) < 2 || kinds[0] != reliable.SessionNew.String() ||
		kinds[1] != reliable.Message.String() || h.Untold(p.Session(), 0) {
		t.Errorf("%v", kinds)
	}
}
