package team

import (
	"encoding/binary"
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/mix"
	"crier/reliable/peer"
)

// A member is one of a team's members.
type member struct {
	team *team
	id   uint64
	name string
	addr netip.AddrPort
	// candidate is another address that speaks for it.
	candidate          peer.Candidate
	weight, room, span uint32
	host               string
	pid                uint32

	// request is the number of its newest CLAIM, and heard when that came. Once gone is past,
	// it counts as dead.
	request     uint64
	heard, gone reliable.Time
	// extended is its newest CLAIM that leases were extended for: up to until, told as lease.
	extended uint64
	until    reliable.Time
	lease    time.Duration
	// proven says that it has shown a stamp that only it can know, at its address. Until then it
	// gets GRANTs that grant nothing, one for a CLAIM.
	proven bool
	// eligible says that work may go to it: it has shown that it hears GRANTs. joined says that
	// it was so once. deaf is until when it gets none since it heard no data.
	eligible, joined bool
	// leaving says that it has said that it leaves.
	leaving bool
	deaf    reliable.Time

	// queued says that a GRANT is due to it, and next is the member after it among those. empty
	// says that the next one answers a CLAIM that nothing is extended for, and from is the
	// first channel in it.
	queued, empty bool
	next          *member
	from          uint32
	// news says that the next GRANT has something new. unseen is the stamp of the first one with
	// it, sent at sent, until a CLAIM shows it. It is repeated at repeat, and then after wait.
	news   bool
	unseen uint64
	sent   reliable.Time
	repeat reliable.Time
	wait   time.Duration
	again  bool
	rtt    nack.RTT
	// owns is the number of partitions that it holds, and done that of messages it did.
	owns int
	done uint64
	// outstanding is the number of messages that it works on, which mine has.
	outstanding int
	mine        list
	// granted is the newest stamp that it has shown, and informed how many messages had been
	// assigned as it was last told. It knows all of a channel below passed, and was told below told.
	// From full on, it is told of all that it holds again.
	granted      uint64
	informed     uint64
	passed, told []uint64
	full         reliable.Time
}

// firstRepeat is the least time after which a GRANT is repeated.
const firstRepeat = time.Millisecond

// push has a GRANT sent to a member, with news that it must show it has.
func (a *Arbiter) push(m *member) {
	m.news = true
	a.queue(m)
}

// queue has a GRANT sent to a member.
func (a *Arbiter) queue(m *member) {
	if m.queued {
		return
	}
	m.queued = true
	if a.last == nil {
		a.first = m
	} else {
		a.last.next = m
	}
	a.last = m
}

// dequeue takes the first of those that a GRANT is due to off the list.
func (a *Arbiter) dequeue() {
	m := a.first
	if a.first = m.next; a.first == nil {
		a.last = nil
	}
	m.next, m.queued = nil, false
}

// shows takes the newest stamp that a member has.
func (m *member) shows(lease reliable.Time, stamp uint64) {
	if m.unseen != 0 && stamp >= m.unseen {
		if !m.again { // or it may be the answer to another one
			m.rtt.Sample(lease.Sub(m.sent))
		}
		m.unseen, m.repeat = 0, reliable.Never
	}
}

// first returns how long the first repetition waits.
func (m *member) first() time.Duration { return max(firstRepeat, m.rtt.Timeout()) }

// Next returns the next GRANT or TEAM, and where it goes. It is valid until the next call.
func (a *Arbiter) Next(lease reliable.Time) (to netip.AddrPort, f *frame.Frame, ok bool) {
	if len(a.refusals) > 0 {
		r := a.refusals[0]
		a.refusals = a.refusals[:copy(a.refusals, a.refusals[1:])]
		a.begin(lease, r.subscriber, r.request)
		a.grant.Team, a.grant.Share, a.grant.Refused = []byte(r.team), r.share, r.code
		a.grant.Lease = a.cfg.Lease
		if t := a.team(a.grant.Team); t != nil {
			a.grant.Finished = t.finished
		}
		return r.to, &a.frame, true
	}
	for a.first != nil {
		m := a.first
		goesOn := a.draft.of == m
		switch {
		case m.team.lost(m), !m.proven && !m.empty,
			!goesOn && !m.empty && m.until <= lease: // it holds nothing any more
			a.dequeue()
			a.draft.of, m.from = nil, 0
			m.news, m.unseen, m.repeat = false, 0, reliable.Never
			continue
		case m.empty && (!goesOn || !m.proven):
			m.empty = false
			a.begin(lease, m.id, m.request)
			a.describe(m, m.team.term())
			if !m.proven {
				a.grant.Stamp = a.dare(m, a.grant.Stamp>>dareBits-1) // in the past
			}
			if !m.news { // what is extended goes by itself
				a.dequeue()
			}
		case !a.fill(lease, m):
			a.dequeue()
		}
		return m.addr, &a.frame, true
	}
	return a.nextTeam(lease)
}

// dareBits is the number of low bits of a stamp that prove an address: about a millisecond.
const dareBits = 20

// dare returns the stamp of a GRANT for a member that hasn't proven its address, in a block of
// time: whoever shows it has had it.
func (a *Arbiter) dare(m *member, block uint64) uint64 {
	ip := m.addr.Addr().As16()
	sum := mix.Uint64(a.session.Seed ^ m.id)
	for _, n := range [...]uint64{binary.BigEndian.Uint64(ip[:8]), binary.BigEndian.Uint64(ip[8:]),
		uint64(m.addr.Port()), block} {
		sum = mix.Uint64(sum ^ n)
	}
	return block<<dareBits | sum>>(64-dareBits) | 1
}

// begin makes the frame of a GRANT without entries.
func (a *Arbiter) begin(lease reliable.Time, subscriber, request uint64) {
	g := frame.GrantBody{Stamp: a.stamp(lease), Entries: a.grant.Entries[:0],
		Passed: a.grant.Passed[:0]}
	a.grant, a.stamped = g, g.Stamp
	a.frame = frame.Frame{Kind: frame.Grant, Session: a.session.ID, Subscriber: subscriber,
		Request: request, Grant: &a.grant}
	a.stats.Grants++
}

// describe tells of a member's team in the GRANT.
func (a *Arbiter) describe(m *member, lease time.Duration) {
	g := &a.grant
	g.Team, g.Share, g.Members = m.team.bytes, m.team.share, uint32(len(m.team.members))
	g.Lease, g.WorkTime, g.Finished = lease, a.cfg.WorkTime, m.team.finished
}

// fill makes the frame of what a member holds, for its newest CLAIM that leases were extended for,
// and reports whether another frame is to follow.
func (a *Arbiter) fill(lease reliable.Time, m *member) (more bool) {
	if m.team.work != nil {
		return a.fillWork(lease, m)
	}
	a.begin(lease, m.id, m.extended)
	a.describe(m, m.lease)
	if m.from == 0 {
		m.noted(lease, a.grant.Stamp)
	}
	return m.team.fillRows(m)
}

// fillWork is fill where work is shared by message.
func (a *Arbiter) fillWork(lease reliable.Time, m *member) (more bool) {
	w, first := m.team.work, a.draft.of != m
	if first {
		w.draw(lease, m)
	}
	a.begin(lease, m.id, a.draft.request)
	a.describe(m, m.lease)
	if first {
		m.noted(lease, a.grant.Stamp)
	}
	if more = w.fill(); !more {
		a.draft.of = nil
	}
	return more
}

// noted notes that a GRANT goes out, with what is new.
func (m *member) noted(lease reliable.Time, stamp uint64) {
	switch {
	case m.news:
		m.unseen, m.sent, m.wait, m.again = stamp, lease, m.first(), false
	case m.unseen == 0:
		return
	case lease < m.repeat:
		m.team.early(m.repeat)
		return
	default:
		m.wait, m.again = min(2*m.wait, m.team.term()/4), true
		m.team.arbiter.stats.Repeated++
	}
	m.news = false
	m.repeat = lease.Add(m.wait)
	m.team.early(m.repeat)
}
