package team

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// TestModelByMessage plays a team that shares by message over a bad network. No message is handed
// out twice unmarked, no GRANT hides from a member what is its own, and in the end, once the
// network is well, all is done or given up.
func TestModelByMessage(t *testing.T) {
	handed, marked, givenUp := 0, 0, uint64(0)
	seeds := uint64(30)
	if testing.Short() {
		seeds = 8
	}
	for seed := range max(seeds, *modelSeed) {
		if *modelSeed != 0 && seed+1 != *modelSeed {
			continue
		}
		m := newModel(t, seed+1)
		m.a.cfg.WorkTime = 500 * milli
		w := &workers{model: m, mine: make([]map[string]*task, 3), said: make([][]spoken, 3)}
		for i := range m.subs {
			w.begin(i)
			m.at(int64(i)*int64(30*milli), func() { w.step(i, m.subs[i]) })
		}
		m.at(0, w.arbiter)
		m.at(0, w.chaos)
		m.at(0, m.publish)
		m.play(30 * time.Second)
		w.calm = true
		m.loss, m.pausedA = 0, 0
		m.play(20 * time.Second)
		team := m.a.teams[0]
		for channel := range uint32(2) {
			if _, floor := team.floor(channel); floor+50 < m.streams.next[channel] {
				t.Errorf("seed %d: channel %d: %d of %d are done", seed+1, channel, floor,
					m.streams.next[channel])
			}
		}
		if t.Failed() {
			t.Fatalf("rerun: go test ./reliable/team -run TestModelByMessage -model-seed %d", seed+1)
		}
		handed, marked, givenUp = handed+m.handed, marked+m.marked, givenUp+m.a.stats.GivenUp
	}
	t.Logf("%d messages handed out, %d of them marked, %d given up", handed, marked, givenUp)
	if *modelSeed == 0 && (handed < 5_000 || marked == 0) {
		t.Errorf("%d messages handed out, %d marked", handed, marked)
	}
}

// play lets time pass.
func (m *model) play(d time.Duration) {
	end := m.now + int64(d)
	for len(m.events) > 0 && m.events[0].at < end && !m.Failed() {
		m.next()
	}
	m.now = end
}

// workers are the members of a model by message.
type workers struct {
	*model
	mine []map[string]*task
	said [][]spoken
	calm bool
}

// A task is a message that a member holds.
type task struct {
	channel uint32
	offset  uint64
	epoch   uint64
	attempt uint32
	until   reliable.Time
	order   int
	handed  bool
}

// A spoken is a message that is done, or freed, with the first CLAIM that said so.
type spoken struct {
	channel uint32
	offset  uint64
	freed   bool
	request uint64
	epoch   uint64
}

func (w *workers) begin(i int) { w.mine[i], w.said[i] = map[string]*task{}, nil }

func (w *workers) chaos() {
	if w.calm {
		return
	}
	i := int(w.rand.Below(3))
	s, for_ := w.subs[i], int64(w.rand.Duration(1500*milli))
	switch w.rand.Below(6) {
	case 0:
		s.paused = w.now + for_
	case 1:
		s.cut[w.rand.Below(2)] = w.now + for_
	case 2:
		w.pausedA = w.now + for_
	case 3:
		s.paused = 1 << 62
		w.subs[i] = w.simple(i)
		w.begin(i)
		w.at(for_, func() { w.step(i, w.subs[i]) })
	}
	w.at(int64(w.rand.Duration(3*time.Second)), w.chaos)
}

func (w *workers) arbiter() {
	if w.now < w.pausedA {
		w.at(w.pausedA-w.now, w.arbiter)
		return
	}
	lease := local(w.now, w.ppm)
	if lease >= w.a.Deadline() {
		w.a.Advance(lease)
	}
	for channel := range uint32(2) {
		w.a.Published(lease, channel)
	}
	w.drain(lease)
	w.at(int64(milli), w.arbiter)
}

// drain sends what is due, and holds it to what the member owns.
func (w *workers) drain(lease reliable.Time) {
	for {
		_, f, ok := w.a.Next(lease)
		if !ok {
			return
		}
		w.judge(f)
		g, request := *f.Grant, f.Request
		g.Entries = slices.Clone(g.Entries)
		for i, s := range w.subs {
			if s.id == f.Subscriber {
				w.carry(func() { w.take(i, s, request, &g) })
			}
		}
	}
}

// judge checks that whatever is passed, and the member's, is listed.
func (w *workers) judge(f *frame.Frame) {
	t := w.a.teams[0]
	m := t.byID[f.Subscriber]
	if m == nil {
		return
	}
	for i := m.mine.first; i != 0; i = t.work.items[i-1].links[inMember].next {
		one := &t.work.items[i-1]
		for _, p := range f.Grant.Passed {
			if p.Channel == one.channel && p.From <= one.offset && one.offset < p.Offset &&
				!slices.ContainsFunc(f.Grant.Entries, func(e frame.GrantEntry) bool {
					return e.Channel == one.channel && e.From <= one.offset && one.offset < e.To
				}) {
				w.Errorf("seed %d: at %v, %+v hides %d/%d", w.seed, time.Duration(w.now),
					f.Grant, one.channel, one.offset)
			}
		}
	}
}

func (w *workers) take(i int, s *simple, request uint64, g *frame.GrantBody) {
	switch {
	case w.now < s.cut[0] || s != w.subs[i]:
		return
	case w.now < s.paused:
		w.at(s.paused-w.now, func() { w.take(i, s, request, g) })
		return
	}
	sent, ok := s.sent[request]
	if !ok {
		return
	}
	newest := g.Stamp > s.granted
	s.granted = max(s.granted, g.Stamp)
	w.said[i] = slices.DeleteFunc(w.said[i], func(o spoken) bool {
		return o.request != 0 && o.request <= request
	})
	until, news := sent.Add(g.Lease), false
	for _, e := range g.Entries {
		for offset := e.From; offset < e.To && until > s.clock(); offset++ {
			key := fmt.Sprint(e.Channel, "/", offset)
			one := w.mine[i][key]
			over := slices.ContainsFunc(w.said[i], func(o spoken) bool {
				return o.channel == e.Channel && o.offset == offset && o.epoch >= e.Epoch
			})
			switch {
			case over:
			case one != nil && one.epoch == e.Epoch:
				one.until = max(one.until, until)
			case newest && (one == nil || one.epoch < e.Epoch):
				w.order++
				w.mine[i][key] = &task{e.Channel, offset, e.Epoch, e.Attempt, until, w.order, false}
				news = true
			}
		}
	}
	if news {
		w.claim(i, s)
	}
}

// step works for a millisecond: one message at a time.
func (w *workers) step(i int, s *simple) {
	if s.paused >= 1<<62 || s != w.subs[i] {
		return
	}
	if w.now < s.paused {
		w.at(s.paused-w.now, func() { w.step(i, s) })
		return
	}
	now := s.clock()
	var first *task
	// order doesn't matter: the least is taken
	for key, one := range w.mine[i] {
		if one.until <= now && !one.handed { // else it is worked on, and not taken again
			delete(w.mine[i], key)
		} else if first == nil || one.handed && !first.handed ||
			one.handed == first.handed && one.order < first.order {
			first = one
		}
	}
	speaks := false
	if first != nil && !first.handed {
		first.handed = true
		w.handOut(s, first)
	} else if first != nil && w.rand.Below(6) == 0 {
		freed := !w.calm && w.rand.Below(20) == 0
		delete(w.mine[i], fmt.Sprint(first.channel, "/", first.offset))
		w.said[i] = append(w.said[i], spoken{first.channel, first.offset, freed, 0, first.epoch})
		speaks = true
	}
	if speaks || now >= s.due {
		w.claim(i, s)
	}
	w.at(int64(milli), func() { w.step(i, s) })
}

func (w *workers) handOut(s *simple, one *task) {
	who := fmt.Sprintf("%s (epoch %d, at %v)", s.name, one.epoch-firstEpoch, time.Duration(w.now))
	before := w.times[one.channel][one.offset]
	if w.handed++; one.attempt > 1 {
		w.marked++
	} else if before != "" {
		w.Errorf("seed %d: %d/%d is handed out unmarked by %s, and before by %s", w.seed,
			one.channel, one.offset, who, before)
	}
	w.times[one.channel][one.offset] = who
}

func (w *workers) claim(i int, s *simple) {
	now := s.clock()
	s.request++
	s.sent[s.request] = now
	delete(s.sent, s.request-256)
	s.due = now.Add(s.lease / 4)
	c := &frame.ClaimBody{Granted: s.granted, Team: []byte("jobs"), Share: frame.ByMessage,
		Weight: 1, Room: 4}
	for channel := range uint32(2) {
		e := frame.ClaimEntry{Channel: channel}
		for k := range w.said[i] {
			o := &w.said[i][k]
			if o.channel != channel {
				continue
			}
			if o.request == 0 {
				o.request = s.request
			}
			if one := rng(o.offset, o.offset+1); o.freed {
				e.Freed = append(e.Freed, one)
			} else {
				e.Ranges = append(e.Ranges, one)
			}
		}
		e.Freed, e.Ranges = nack.Normalize(e.Freed), nack.Normalize(e.Ranges)
		c.Entries = append(c.Entries, e)
	}
	f := &frame.Frame{Kind: frame.Claim, Subscriber: s.id, Request: s.request,
		Name: []byte(s.name), Claim: c}
	from := addr(int(s.id % 1000))
	var arrive func()
	arrive = func() {
		switch {
		case w.now < s.cut[1]:
		case w.now < w.pausedA:
			w.at(w.pausedA-w.now+1, arrive)
		default:
			lease := local(w.now, w.ppm)
			w.a.Claim(lease, from, f)
			w.drain(lease)
		}
	}
	w.carry(arrive)
}
