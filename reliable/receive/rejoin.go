package receive

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/inquest"
)

// rejoinTime is how long after it began to listen a recorder follows the survivors of a publisher
// that it didn't hear: until then another recorder may tell of the session, whose whole log it can
// ask for.
const rejoinTime = time.Second

// rejoin follows a session of a recorder's log whose publisher is gone, by the DIGEST of one of
// its survivors, and returns its stream, or nil if there is none such. The stream goes on at the
// log's end.
func (r *Receiver) rejoin(now reliable.Time, from netip.AddrPort, f *frame.Frame) *stream {
	d := f.Digest
	if !r.cfg.Inquest || r.cfg.Recovery.Off || r.cfg.Keeper.Role() != frame.Recorder ||
		f.Request != 0 || f.Flags&frame.Live != 0 || f.Channel != r.cfg.Channel ||
		r.table.forgotten != 0 || now.Sub(r.cfg.Joined) < rejoinTime {
		return nil
	}
	p := r.position(f.Session, f.Channel)
	if p == nil {
		return nil
	}
	if r.revived() >= maxRevived || !r.makeRoom(from.Addr(), false) {
		r.stats.Refused++
		return nil
	}
	s := newSession(r, now, f.Session, netip.AddrPort{}, join{horizon: r.table.forgotten})
	s.opener, s.heard = from.Addr(), now-min(now, reliable.Time(max(d.Heard, 0)))
	if t := titleIn(f); t != nil {
		s.title = title{known: true, told: t}
		s.tapeTitle()
	}
	if f.Feed < len(r.cfg.Groups) {
		s.group = r.cfg.Groups[f.Feed]
	}
	r.table.enter(s)
	st := &s.own
	st.status.due = reliable.Never
	st.begin(now, p.Seq, p.Offset, true)
	st.extent.begins(p.Seq, p.Offset)
	at := inquest.Place{Seq: p.Seq, Offset: p.Offset}
	if f.OldestSeq < f.NextSeq && f.OldestSeq > at.Seq { // nobody knows of what lies before
		at = inquest.Place{Seq: f.OldestSeq, Offset: max(f.OldestOffset, at.Offset)}
	}
	st.holdInquest(now, at)
	return st
}
