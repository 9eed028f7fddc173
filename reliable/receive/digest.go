package receive

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
)

// DIGESTs: what holders say that they hold. A DIGEST makes its sender a holder of the session,
// who may be asked for what the publisher doesn't have. It says nothing about the publisher
// while that lives.

// maxEvidence bounds by how many frames a DIGEST may extend a session whose publisher is gone,
// and nearEvidence how far beyond the frames that the holder has.
const (
	maxEvidence  = 1 << 20
	nearEvidence = 4096
)

// digest takes a DIGEST.
func (r *Receiver) digest(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if f.Responder == r.cfg.ID {
		return // this subscriber's own
	}
	r.evidence.heard(now, from, f)
	s := r.session(f.Session)
	var st *stream
	if s != nil {
		st = s.stream(f.Channel)
	}
	if f.Digest.Role == frame.Peer {
		if st == nil && (s == nil || !s.source.IsValid()) {
			r.hearOrphan(now, from, f)
			st = r.streamOf(f.Session, f.Channel)
		}
		if r.cfg.Inquest && st != nil && !st.session.place.away && !st.over() {
			st.hearSurvivor(now, from, f)
		}
		return // otherwise it holds nothing for others
	}
	if f.Digest.Role == frame.Publisher {
		r.publisherDigest(now, from, st, f)
		return
	}
	if f.Digest.Role != frame.Recorder || f.Responder == f.Session ||
		!r.cfg.Logs.believes(from.Addr()) || r.cfg.Recovery.Off {
		r.stats.Foreign++
		return
	}
	if st == nil && (s == nil || !s.source.IsValid()) {
		st = r.revive(now, from, f)
	}
	if st == nil || st.session.place.away || st.over() {
		return // it isn't followed here
	}
	st.session.touch(st)
	q := st.asked.hearDigest(now, from, f)
	if q == nil {
		r.stats.Foreign++
		return
	}
	st.tellStart(now, f)
	st.extent.testify(now, q)
	if r.cfg.Inquest {
		st.hearSurvivor(now, from, f)
	}
	r.enliven(st.session)
}

// publisherDigest takes a DIGEST of a publisher's, which answers a FIND.
func (r *Receiver) publisherDigest(now reliable.Time, from netip.AddrPort, st *stream,
	f *frame.Frame) {
	if st == nil || !st.session.speaks(from) || f.Responder != f.Session {
		r.stats.Foreign++
		return
	}
	if st.phase == starting {
		st.early = &earlyBeat{f.NextSeq, f.NextOffset, f.OldestSeq, f.OldestOffset}
	}
	st.session.touch(st)
	st.tellStart(now, f)
	r.enliven(st.session)
}

// hearDigest takes the DIGEST of a holder, and returns its inquiry. It returns nil if there is
// no place for it, or it speaks under the id of another.
func (a *answerers) hearDigest(now reliable.Time, from netip.AddrPort,
	f *frame.Frame) *inquiry {
	q := a.holder(f.Responder)
	switch {
	case q == nil && !a.admit(now, Holder{f.Responder, from}):
		return nil
	case q == nil:
		q = a.holder(f.Responder)
	case q.addr != from:
		return nil
	}
	q.takeDigest(now, f)
	a.welcome(now)
	return q
}

// testify takes a holder's evidence of the extent of a stream whose publisher is silent.
func (e *extent) testify(now reliable.Time, q *inquiry) {
	st, h := e.stream, &q.holding
	if st.phase != silent || st.aftermath != nil || h.next.seq <= st.win.high ||
		h.next.seq-st.win.high > maxEvidence || h.next.seq-h.upTo > nearEvidence ||
		h.next.offset < st.stats.NextOffset {
		return
	}
	from := st.win.high
	e.exists(now, h.next.seq)
	e.begins(h.next.seq, h.next.offset)
	if told := st.stats.End == reliable.EndSilent; !st.marks.extend(from, h.next) && told {
		st.marks.place(mark{seq: from, kind: reliable.SessionResumed})
		st.marks.place(mark{seq: h.next.seq, offset: h.next.offset,
			kind: reliable.SessionSilent, cause: reliable.CauseSilent})
	}
	st.wake()
}
