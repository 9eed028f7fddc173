package receive

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// A finder asks holders where streams begin, and which sessions there were before this
// subscriber joined. It sends FIND to the group and to publishers; DIGESTs answer it.
type finder struct {
	r      *Receiver
	quests []*quest
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
	// maxQuests bounds the questions that are open at once.
	maxQuests = 256
	// pastTime is for how long after its start a subscriber takes up sessions of before: each
	// recorder tells of each of its sessions meanwhile.
	pastTime = 6 * time.Second
	// foundAtOnce is how many sessions a holder tells of in answer to one FIND.
	foundAtOnce = 16
	// maxRevived bounds the sessions without a publisher that are followed at once.
	maxRevived = 64
)

// start begins to look for the sessions of before, where they are wanted.
func (d *finder) start(r *Receiver) {
	d.r, d.past = r, r.cfg.Joined.Add(pastTime)
	if !r.wantsPast() || len(r.cfg.Logs.Ask) == 0 {
		return
	}
	d.open(&quest{channel: r.asksFor(), what: frame.FindStreams, due: r.cfg.Joined})
	for i := range r.cfg.Positions {
		p := &r.cfg.Positions[i]
		d.open(&quest{session: uint64(p.Session), channel: p.Partition, what: frame.FindOffset,
			value: p.Offset, due: r.cfg.Joined})
	}
}

// asksFor returns the channel that sessions of before are looked for by.
func (r *Receiver) asksFor() uint32 {
	if len(r.cfg.Topics) > 0 || r.cfg.Selects {
		return frame.EveryChannel
	}
	return 0
}

// wantsPast reports whether sessions that are over, or began before, may be wanted.
func (r *Receiver) wantsPast() bool {
	return !r.cfg.Recovery.Off && (r.cfg.Start != reliable.Latest &&
		r.cfg.Start != reliable.Resume || len(r.cfg.Positions) > 0)
}

// open adds a quest, and reports false if there are too many.
func (d *finder) open(q *quest) bool {
	if len(d.quests) >= maxQuests {
		return false
	}
	d.quests = append(d.quests, q)
	return true
}

// close removes a quest.
func (d *finder) close(q *quest) {
	if q == nil {
		return
	}
	d.quests = without(d.quests, q)
	kept := d.asks[:0]
	for _, a := range d.asks {
		if a.quest != q {
			kept = append(kept, a)
		}
	}
	d.asks = kept
}

// seeks reports whether a channel of a session is looked for.
func (d *finder) seeks(session uint64, channel uint32) bool {
	for _, q := range d.quests {
		if q.session == session && q.channel == channel && q.stream == nil {
			return true
		}
	}
	return false
}

// answered notes that a channel of a session that was looked for was found.
func (d *finder) answered(session uint64, channel uint32) {
	for _, q := range d.quests {
		if q.stream == nil && (q.session == session && q.channel == channel || q.session == 0) {
			q.answered = true
		}
	}
}

// busy reports whether sessions of before may come: they are looked for, or there are so many
// that holders tell of them in turn.
func (d *finder) busy(now reliable.Time) bool {
	for _, q := range d.quests {
		if q.stream == nil {
			return true
		}
	}
	return d.r != nil && now < d.past && d.r.revived() >= foundAtOnce
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
	for _, to := range d.r.cfg.Logs.Ask {
		d.asks = append(d.asks, ask{to, q})
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
	*f = frame.Frame{
		Kind: frame.Find, Session: a.quest.session, Channel: a.quest.channel,
		Subscriber: d.r.cfg.ID, Request: a.quest.request, Find: &d.body,
	}
	return f, a.to
}
