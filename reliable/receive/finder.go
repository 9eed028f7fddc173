package receive

import (
	"net/netip"
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// A finder asks holders where streams begin, and which sessions there were before this
// subscriber joined. It sends FIND to the group and to publishers; DIGESTs answer it.
type finder struct {
	r      *Receiver
	quests []*quest
	// Quests that wait until there are fewer, the oldest first.
	waiting []*quest
	// FINDs that wait to be sent.
	asks []ask
	body frame.FindBody
	// The request number of the last FIND.
	requests uint64
	// Sessions of before are taken up until then.
	past reliable.Time
}

// ask is one FIND to one address.
type ask struct {
	to    netip.AddrPort
	quest *quest
}

const (
	// questRounds is how often FIND is sent, and questWait how long answers are waited for each
	// time, at the least.
	questRounds = 3
	questWait   = 200 * time.Millisecond
	// maxQuests is the number of questions that are open at once. Others wait their turn: there is
	// one of a stream at most, and a few of a position.
	maxQuests = 256
	// pastTime is for how long after its start a subscriber takes up sessions of before: each
	// recorder tells of each of its sessions meanwhile.
	pastTime = 6 * time.Second
	// foundAtOnce is how many sessions a holder tells of in answer to one FIND.
	foundAtOnce = 16
	// maxRevived bounds the sessions of a topic, or of none, without a publisher that are followed
	// at once.
	maxRevived = 64
)

// start begins to look for the sessions of before, but for those of topics.
func (d *finder) start(r *Receiver) {
	d.r = r
	if len(r.cfg.Groups) > 0 || len(r.cfg.Topics) == 0 && !r.cfg.Selects {
		d.search(r.cfg.Joined, nil)
	}
}

// search begins to look for the sessions of before of a topic that is followed from now on, where
// they are wanted. nil is what is followed whatever it is of.
func (d *finder) search(now reliable.Time, of *followed) {
	r := d.r
	if !r.asksForPast() {
		return
	}
	d.past = max(d.past, now.Add(pastTime))
	d.open(&quest{of: of, channel: of.asksFor(), what: frame.FindStreams, due: now})
	for i := range r.cfg.Positions {
		p := &r.cfg.Positions[i]
		if of.has(p) && !d.seeks(uint64(p.Session), p.Partition) {
			d.open(&quest{of: of, session: uint64(p.Session), channel: p.Partition,
				what: frame.FindOffset, value: p.Offset, due: now})
		}
	}
}

// asksFor returns the channel that sessions of before are looked for by.
func (o *followed) asksFor() uint32 {
	if o == nil {
		return 0
	}
	return frame.EveryChannel
}

// has reports whether a position is one of a topic's, as far as it tells.
func (o *followed) has(p *reliable.Position) bool {
	switch {
	case o == nil:
		return true
	case o.Name != "" && p.Topic != "":
		return p.Topic == o.Name
	}
	return !p.Group.IsValid() || p.Group == o.home()
}

// wantsPast reports whether sessions that are over, or began before, may be wanted.
func (r *Receiver) wantsPast() bool {
	return !r.cfg.Recovery.Off && (r.cfg.Start != reliable.Latest &&
		r.cfg.Start != reliable.Resume || len(r.cfg.Positions) > 0)
}

// asksForPast reports whether recorders are asked for what may be wanted of before.
func (r *Receiver) asksForPast() bool { return r.cfg.Logs.Ask && r.wantsPast() }

// open adds a quest. It waits while there are too many.
func (d *finder) open(q *quest) {
	if len(d.quests) < maxQuests {
		d.quests = append(d.quests, q)
	} else {
		d.waiting = append(d.waiting, q)
	}
}

// close removes a quest, and has those go on that wait.
func (d *finder) close(q *quest) {
	if q == nil {
		return
	}
	d.quests, d.waiting = without(d.quests, q), without(d.waiting, q)
	d.asks = slices.DeleteFunc(d.asks, func(a ask) bool { return a.quest == q })
	for len(d.waiting) > 0 && len(d.quests) < maxQuests {
		next := d.waiting[0]
		d.waiting = slices.Delete(d.waiting, 0, 1)
		next.due = max(next.due, d.r.now)
		d.quests = append(d.quests, next)
	}
}

// leave ends the search for sessions of a topic that is left.
func (d *finder) leave(of *followed) {
	for _, q := range append(append([]*quest(nil), d.quests...), d.waiting...) {
		if q.of == of && q.stream == nil {
			d.close(q)
		}
	}
}

// any reports whether something is true of a quest, those that wait included.
func (d *finder) any(is func(*quest) bool) bool {
	return slices.ContainsFunc(d.quests, is) || slices.ContainsFunc(d.waiting, is)
}

// seeks reports whether a channel of a session is looked for.
func (d *finder) seeks(session uint64, channel uint32) bool {
	return d.any(func(q *quest) bool {
		return q.session == session && q.channel == channel && q.stream == nil
	})
}

// searches reports whether sessions of a topic are looked for.
func (d *finder) searches(of *followed) bool {
	return d.any(func(q *quest) bool { return q.of == of && q.session == 0 })
}

// answered notes that a channel of a session that was looked for was found.
func (d *finder) answered(st *stream) {
	s := st.session
	for _, q := range append(append([]*quest(nil), d.quests...), d.waiting...) {
		if q.stream == nil && (q.session == s.id && q.channel == st.channel ||
			q.session == 0 && (q.of == nil || q.of == s.topic)) {
			q.answered = true
		}
	}
}

// busy reports whether sessions of before may come: they are looked for, or there are so many
// that holders tell of them in turn.
func (d *finder) busy(now reliable.Time) bool {
	return d.any(func(q *quest) bool { return q.stream == nil }) ||
		now < d.past && d.r.revived(nil) >= foundAtOnce
}

// advance lets time pass.
func (d *finder) advance(now reliable.Time) {
	if now < d.deadline() {
		return
	}
	for _, q := range append([]*quest(nil), d.quests...) {
		switch {
		case now < q.due:
		case q.rounds < questRounds && !q.enough():
			d.ask(now, q)
		default:
			d.close(q)
			q.end(d.r, now)
		}
	}
}

// ask sends a quest's FIND to all who may know.
func (d *finder) ask(now reliable.Time, q *quest) {
	q.rounds++
	q.due = now.Add(q.wait())
	d.requests++
	q.request = d.requests
	if d.r.cfg.Logs.Ask {
		for _, to := range d.r.topics.homes(q.of) {
			d.asks = append(d.asks, ask{to, q})
		}
	}
	if st := q.stream; st != nil {
		if to := st.session.to(); to.IsValid() {
			d.asks = append(d.asks, ask{to, q})
		}
		for _, h := range st.asked.list[1:] {
			if h.addr.IsValid() {
				d.asks = append(d.asks, ask{h.addr, q})
			}
		}
	}
}

// deadline returns when to call advance.
func (d *finder) deadline() reliable.Time {
	at := reliable.Never
	for _, q := range d.quests {
		at = min(at, q.due)
	}
	return at
}

// next returns the next FIND to send and where it goes, or nil.
func (d *finder) next() (*frame.Frame, netip.AddrPort) {
	if len(d.asks) == 0 {
		return nil, netip.AddrPort{}
	}
	a := d.asks[0]
	d.asks = append(d.asks[:0], d.asks[1:]...)
	f := &d.r.out.scratch
	d.body = frame.FindBody{What: a.quest.what, Value: a.quest.value}
	if of := a.quest.of; of != nil && a.quest.session == 0 {
		d.body.Topic = []byte(of.Name)
	}
	*f = frame.Frame{
		Kind: frame.Find, Session: a.quest.session, Channel: a.quest.channel,
		Subscriber: d.r.cfg.ID, Request: a.quest.request, Find: &d.body,
	}
	return f, a.to
}
