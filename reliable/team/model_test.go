package team

import (
	"container/heap"
	"flag"
	"fmt"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

var modelSeed = flag.Uint64("model-seed", 0, "the one seed of TestModel to play")

// TestModel plays an Arbiter, and simple members that hold to the rules, over a network that loses,
// delays, repeats and cuts off, with pauses and clocks at rates of their own. No two members hold a
// partition at once, and no message is handed out twice unmarked.
func TestModel(t *testing.T) {
	handed, marked := 0, 0
	seeds := uint64(30)
	if testing.Short() {
		seeds = 8
	}
	for seed := range max(seeds, *modelSeed) {
		if *modelSeed != 0 && seed+1 != *modelSeed {
			continue
		}
		m := newModel(t, seed+1)
		m.run(40 * time.Second)
		if t.Failed() {
			t.Fatalf("rerun: go test ./reliable/team -run TestModel -model-seed %d", seed+1)
		}
		handed, marked = handed+m.handed, marked+m.marked
	}
	t.Logf("%d messages handed out, %d of them marked", handed, marked)
	if *modelSeed == 0 && (handed < 10_000 || marked == 0) {
		t.Errorf("%d messages handed out, %d marked", handed, marked)
	}
}

// A model is a small world. Its true time is in nanoseconds.
type model struct {
	*testing.T
	seed    uint64
	rand    *nack.Rand
	now     int64
	order   int
	events  events
	a       *Arbiter
	streams *fakeStreams
	ppm     int64 // of the arbiter's clock
	loss    uint64
	delay   time.Duration
	subs    []*simple
	pausedA int64
	// times is how often each message was handed out unmarked.
	times          []map[uint64]string
	handed, marked int
}

type event struct {
	at    int64
	order int
	do    func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	x := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return x
}

// A simple is a member of a model.
type simple struct {
	m       *model
	name    string
	id      uint64
	ppm     int64
	offset  int64
	request uint64
	sent    map[uint64]reliable.Time
	granted uint64
	lease   time.Duration
	holds   map[uint32]*holding
	// over are the highest epochs that it has released, or lost.
	over   map[uint32]uint64
	due    reliable.Time
	paused int64
	cut    [2]int64 // until when each way is cut
	ready  map[uint32]bool
}

type holding struct {
	epoch          uint64
	until          reliable.Time
	entries        []frame.GrantEntry
	done, out      uint64
	confirmed      uint64
	back, released bool
	workingTill    reliable.Time
}

func newModel(t *testing.T, seed uint64) *model {
	rand := nack.NewRand(seed, 15)
	cfg, err := Config{Lease: 400 * milli, Settle: 100 * milli, Debounce: 50 * milli,
		FinishWait: 2 * time.Second}.Complete()
	if err != nil {
		t.Fatal(err)
	}
	s := &fakeStreams{next: make([]uint64, 2), oldest: make([]uint64, 2)}
	m := &model{T: t, seed: seed, rand: rand, now: int64(time.Second), streams: s,
		ppm: int64(rand.Below(60_001)) - 30_000, loss: rand.Below(31),
		delay: time.Duration(1+rand.Below(1000)) * milli}
	m.times = []map[uint64]string{{}, {}}
	if rand.Below(2) == 0 {
		m.delay = 5 * milli
	}
	m.a = New(cfg, Session{ID: 77, Wall: wall}, s)
	for i := range 3 {
		m.subs = append(m.subs, m.simple(i))
	}
	return m
}

func (m *model) simple(i int) *simple {
	return &simple{m: m, name: fmt.Sprint("m", i), id: 1 + m.rand.Uint64()>>1,
		ppm: int64(m.rand.Below(60_001)) - 30_000, offset: int64(m.rand.Below(1e9)),
		sent: map[uint64]reliable.Time{}, holds: map[uint32]*holding{}, over: map[uint32]uint64{},
		ready: map[uint32]bool{}, lease: 400 * milli}
}

// local returns a clock that is fast by so many parts in a million.
func local(now, ppm int64) reliable.Time { return reliable.Time(now + now/1_000_000*ppm) }

func (s *simple) clock() reliable.Time { return local(s.m.now, s.ppm) + reliable.Time(s.offset) }

func (m *model) at(after int64, do func()) {
	m.order++
	heap.Push(&m.events, event{m.now + after, m.order, do})
}

// carry carries a datagram, or doesn't.
func (m *model) carry(do func()) {
	n := 1
	if m.rand.Below(100) < 5 {
		n = 2
	}
	for range n {
		if m.rand.Below(100) < m.loss {
			continue
		}
		d := int64(100*time.Microsecond) + int64(m.rand.Duration(2*milli))
		if m.rand.Below(10) == 0 {
			d = int64(m.rand.Duration(m.delay))
		}
		m.at(d, do)
	}
}

func (m *model) run(d time.Duration) {
	end := m.now + int64(d)
	for i, s := range m.subs {
		m.at(int64(i)*int64(30*milli), s.step)
	}
	m.at(0, m.arbiter)
	m.at(0, m.chaos)
	m.at(0, m.publish)
	for len(m.events) > 0 && m.now < end && !m.Failed() {
		m.next()
	}
}

// next does what comes next.
func (m *model) next() {
	e := heap.Pop(&m.events).(event)
	m.now = e.at
	e.do()
}

func (m *model) publish() {
	m.streams.next[m.rand.Below(2)]++
	m.at(int64(m.rand.Duration(10*milli)), m.publish)
}

// chaos pauses, cuts off and restarts.
func (m *model) chaos() {
	s := m.subs[m.rand.Below(3)]
	for_ := int64(m.rand.Duration(1500 * milli))
	switch m.rand.Below(6) {
	case 0:
		s.paused = m.now + for_
	case 1:
		s.cut[m.rand.Below(2)] = m.now + for_
	case 2:
		m.pausedA = m.now + for_
	case 3: // it crashes, and starts again
		i := m.rand.Below(3)
		m.subs[i].paused = 1 << 62
		m.subs[i] = m.simple(int(i))
		m.at(for_, m.subs[i].step)
	}
	m.at(int64(m.rand.Duration(3*time.Second)), m.chaos)
}

// arbiter drives the Arbiter.
func (m *model) arbiter() {
	if m.now < m.pausedA {
		m.at(m.pausedA-m.now, m.arbiter)
		return
	}
	lease := local(m.now, m.ppm)
	if lease >= m.a.Deadline() {
		m.a.Advance(lease)
	}
	m.drain(lease)
	m.at(int64(milli), m.arbiter)
}

func (m *model) drain(lease reliable.Time) {
	for {
		_, f, ok := m.a.Next(lease)
		if !ok {
			return
		}
		g, request, id := *f.Grant, f.Request, f.Subscriber
		g.Entries = append([]frame.GrantEntry(nil), g.Entries...)
		for _, s := range m.subs {
			if s.id == id {
				m.carry(func() {
					if m.now >= s.cut[0] {
						s.take(request, &g)
					}
				})
			}
		}
	}
}

// take takes a GRANT; a paused member finds it in its socket.
func (s *simple) take(request uint64, g *frame.GrantBody) {
	if s.m.now < s.paused {
		if s.paused < 1<<62 {
			s.m.at(s.paused-s.m.now, func() { s.take(request, g) })
		}
		return
	}
	sent, ok := s.sent[request]
	if !ok {
		return
	}
	now := s.clock()
	if g.Stamp > s.granted {
		s.granted = g.Stamp
	}
	fresh := false
	seen := map[uint32]bool{}
	for _, e := range g.Entries {
		h := s.holds[e.Channel]
		if e.State == frame.Prepare {
			fresh = fresh || !s.ready[e.Channel]
			s.ready[e.Channel] = true
			continue
		}
		if e.Epoch <= s.over[e.Channel] || h != nil && e.Epoch < h.epoch {
			continue
		}
		until := sent.Add(g.Lease)
		if until <= now {
			continue
		}
		if h == nil || h.epoch < e.Epoch {
			h = &holding{epoch: e.Epoch, done: e.From, out: e.From, until: until}
			s.holds[e.Channel], fresh = h, true
		}
		if !seen[e.Channel] {
			h.entries, h.confirmed = h.entries[:0], max(h.confirmed, e.From)
			seen[e.Channel] = true
		}
		h.entries = append(h.entries, e)
		h.until = max(h.until, until)
		if e.State == frame.GiveBack && !h.back {
			h.back, fresh = true, true
		}
	}
	if fresh {
		s.claim()
	}
}

// step works for a millisecond.
func (s *simple) step() {
	m := s.m
	if s.paused >= 1<<62 {
		return
	}
	if m.now < s.paused {
		m.at(s.paused-m.now, s.step)
		return
	}
	now := s.clock()
	release := false
	for channel := range uint32(2) {
		h := s.holds[channel]
		if h == nil || h.released {
			continue
		}
		if h.until <= now {
			s.over[channel] = h.epoch
			delete(s.holds, channel)
			continue
		}
		if h.workingTill != 0 && now >= h.workingTill {
			h.workingTill, h.done = 0, h.out
		}
		if h.workingTill == 0 && h.back {
			h.released, release = true, true
			s.over[channel] = h.epoch
			continue
		}
		if h.workingTill == 0 && h.out < m.streams.next[channel] && h.out < h.confirmed+16 {
			s.handOut(channel, h)
			h.out++
			h.workingTill = now.Add(m.rand.Duration(20 * milli))
		}
	}
	if release || now >= s.due {
		s.claim()
	}
	m.at(int64(milli), s.step)
}

// handOut hands out a message, and holds that to the promises.
func (s *simple) handOut(channel uint32, h *holding) {
	m := s.m
	attempt := uint32(0)
	for _, e := range h.entries {
		if e.From <= h.out && (e.To == 0 || h.out < e.To) {
			attempt = e.Attempt
		}
	}
	m.handed++
	who := fmt.Sprintf("%s (epoch %d, at %v)", s.name, h.epoch-firstEpoch, time.Duration(m.now))
	if attempt > 1 {
		m.marked++
	} else if before := m.times[channel][h.out]; before != "" {
		m.Errorf("seed %d: %d/%d is handed out unmarked by %s, and before by %s", m.seed, channel,
			h.out, who, before)
	}
	if m.times[channel][h.out] == "" {
		m.times[channel][h.out] = who
	}
	for _, o := range m.subs {
		if x := o.holds[channel]; o != s && x != nil && !x.released && x.until > o.clock() &&
			m.now >= o.paused {
			m.Errorf("seed %d: %d/%d is handed out by %s while %s holds it (epoch %d)", m.seed,
				channel, h.out, who, o.name, x.epoch-firstEpoch)
		}
	}
}

// claim sends a CLAIM.
func (s *simple) claim() {
	m := s.m
	now := s.clock()
	s.request++
	s.sent[s.request] = now
	delete(s.sent, s.request-64)
	s.due = now.Add(s.lease / 4)
	c := &frame.ClaimBody{Granted: s.granted, Team: []byte("risk"), Share: frame.ByPartition,
		Weight: 1, Window: 16}
	for channel := range uint32(2) {
		if s.ready[channel] {
			c.Entries = append(c.Entries, frame.ClaimEntry{Channel: channel, State: frame.Ready})
		}
		if h := s.holds[channel]; h != nil {
			e := frame.ClaimEntry{Channel: channel, Epoch: h.epoch, Done: h.done, Received: h.out}
			if h.released {
				e.State = frame.Released
			}
			c.Entries = append(c.Entries, e)
		}
	}
	f := &frame.Frame{Kind: frame.Claim, Subscriber: s.id, Request: s.request,
		Name: []byte(s.name), Claim: c}
	from := addr(int(s.id % 1000))
	var arrive func()
	arrive = func() {
		switch {
		case m.now < s.cut[1]:
		case m.now < m.pausedA: // it waits in the socket
			m.at(m.pausedA-m.now+1, arrive)
		default:
			lease := local(m.now, m.ppm)
			m.a.Claim(lease, from, f)
			m.drain(lease)
		}
	}
	m.carry(arrive)
}
