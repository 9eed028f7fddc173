package receive

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/inquest"
)

// rejoins are sessions of a recorder's log of which survivors spoke, before the recorder follows
// them. For a while after it began to listen another recorder may tell of them, whose whole log it
// can ask for.
type rejoins struct {
	list []rejoin
	due  reliable.Time
}

// rejoin is a session whose publisher is gone, by the DIGESTs of its survivors.
type rejoin struct {
	session uint64
	channel uint32
	title   *reliable.Title
	// opener is the address of the one that spoke first, heard when it heard the publisher, and
	// group that by which it spoke.
	opener netip.Addr
	heard  reliable.Time
	group  netip.AddrPort
	// oldest is the oldest frame that any of them has, if one has something.
	oldest position
}

// rejoinTime is how long after it began to listen a recorder follows what survivors speak of.
const rejoinTime = time.Second

// maxRejoins bounds the streams of such sessions.
const maxRejoins = 1024

// hearOrphan takes the DIGEST of a survivor of a session that isn't followed here, and follows it
// from the end of the log on, if that has it.
func (r *Receiver) hearOrphan(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if !r.cfg.Inquest || r.cfg.Recovery.Off || r.cfg.Keeper.Role() != frame.Recorder ||
		f.Request != 0 || f.Flags&frame.Live != 0 ||
		r.table.forgotten != 0 {
		return
	}
	p := r.position(f.Session, f.Channel)
	if p == nil {
		return
	}
	j := &r.rejoins
	one := rejoin{session: f.Session, channel: f.Channel, opener: from.Addr(),
		heard: now - min(now, reliable.Time(max(f.Digest.Heard, 0))),
		group: r.topics.group(f.GroupIndex)}
	known := &one
	for i := range j.list {
		if j.list[i].session == f.Session && j.list[i].channel == f.Channel {
			known = &j.list[i]
		}
	}
	if known.title == nil {
		known.title = titleIn(f)
	}
	if f.OldestSeq < f.NextSeq && (!known.oldest.known || f.OldestSeq < known.oldest.seq) {
		known.oldest = position{true, f.OldestSeq, f.OldestOffset}
	}
	if at := r.cfg.Joined.Add(rejoinTime); now < at {
		if known == &one && len(j.list) < maxRejoins {
			j.list, j.due = append(j.list, one), at
		}
		return
	}
	r.rejoin(now, known, p)
}

// advance follows the sessions that survivors spoke of, and nobody else.
func (j *rejoins) advance(now reliable.Time, r *Receiver) {
	if len(j.list) == 0 || now < j.due {
		return
	}
	for i := range j.list {
		one := &j.list[i]
		if r.streamOf(one.session, one.channel) == nil && r.table.forgotten == 0 {
			r.rejoin(now, one, r.position(one.session, one.channel))
		}
	}
	j.list = nil
}

// deadline returns when to call advance.
func (j *rejoins) deadline() reliable.Time {
	if len(j.list) == 0 {
		return reliable.Never
	}
	return j.due
}

// rejoin follows a session from a position on, as one of its survivors.
func (r *Receiver) rejoin(now reliable.Time, one *rejoin, p *reliable.Position) {
	st := r.take(now, one.session, one.channel, one.opener, one.heard, one.group, nil)
	if st == nil {
		return
	}
	if one.title != nil {
		st.entitle(one.title)
	}
	st.begin(now, p.Seq, p.Offset, true)
	st.extent.begins(p.Seq, p.Offset)
	at := inquest.Place{Seq: p.Seq, Offset: p.Offset}
	if o := one.oldest; o.known && o.seq > at.Seq && o.seq-at.Seq <= maxEvidence {
		// nobody knows of what lies before
		at = inquest.Place{Seq: one.oldest.seq, Offset: max(one.oldest.offset, at.Offset)}
	}
	st.holdInquest(now, at)
	r.enliven(st.session)
}
