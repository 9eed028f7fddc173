package receive

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/inquest"
)

// A witness hears a publisher that others don't: those are cut off. It tells them so, and what it
// holds, for as long as they are heard.
type witness struct {
	st *stream
	// due is when to say so; Never: there is no need. said is when somebody last did.
	due, said reliable.Time
	cut       [maxCut]cutOff
	own       inquest.Own
	speech    speech
}

// cutOff is one that doesn't hear the publisher.
type cutOff struct {
	id   uint64
	addr netip.AddrPort
	at   reliable.Time
}

const (
	// maxCut bounds those that are remembered to be cut off, and cutTime is for how long.
	maxCut  = 16
	cutTime = 15 * time.Second
	// witnessGap is the least time between two words of a witness.
	witnessGap = 250 * time.Millisecond
	// maxWitnesses bounds the group whose members take turns by a millisecond each.
	maxWitnesses = 1024
	// wordRate is how many datagrams a second witnesses send of all sessions whose publishers are
	// at an address: a stranger makes up sessions, and has all who hear them witness. wordBurst is
	// for how long as many more may go at once.
	wordRate  = 64
	wordBurst = reliable.Time(time.Second)
	// nearly is by how many frames another may have come less far, and have as much to tell.
	nearly = 1024
)

// witnessed takes the word of another, while the publisher is heard.
func (st *stream) witnessed(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	w := st.witness
	if f.Flags&frame.Live != 0 {
		if w != nil {
			w.heard(now, f)
		}
		return
	}
	if d := f.Digest; f.Flags&frame.Final != 0 && d.Role != frame.Peer && d.Proposal == 0 {
		return // a recorder that has not been here for long
	}
	if w == nil {
		w = &witness{st: st, due: reliable.Never}
		st.witness = w
	}
	w.note(now, f.Responder, from)
	if w.due == reliable.Never {
		group := min(max(st.req.GroupSize(), 1), maxWitnesses)
		w.due = max(now, w.said.Add(witnessGap)).Add(
			st.r.rand.Duration(time.Duration(group) * time.Millisecond))
	}
}

// note remembers one that is cut off, in the place of the one that was heard least lately.
func (w *witness) note(now reliable.Time, id uint64, addr netip.AddrPort) {
	oldest := &w.cut[0]
	for i := range w.cut {
		c := &w.cut[i]
		if c.id == id {
			oldest = c
			break
		}
		if c.at < oldest.at {
			oldest = c
		}
	}
	*oldest = cutOff{id, addr, now}
}

// knows reports whether a subscriber is cut off.
func (w *witness) knows(now reliable.Time, id uint64, addr netip.AddrPort) bool {
	if w == nil {
		return false
	}
	for i := range w.cut {
		if c := &w.cut[i]; c.id == id && c.addr == addr && now.Sub(c.at) < cutTime {
			return true
		}
	}
	return false
}

// heard takes the word of another witness: where it has as much, nothing need be said.
func (w *witness) heard(now reliable.Time, f *frame.Frame) {
	if w.due == reliable.Never {
		return
	}
	w.st.stock(&w.own, nil)
	if f.OldestSeq <= w.own.Oldest.Seq && f.Digest.Position+nearly >= w.own.Position.Seq {
		w.due, w.said = reliable.Never, now
	}
}

// speaks returns the DIGEST that is due, or nil.
func (w *witness) speaks(now reliable.Time) *speech {
	p, st := &w.speech, w.st
	if p.more {
		return p
	}
	if now < w.due {
		return nil
	}
	if at := *w.paid(); at > now+wordBurst {
		w.due = at - wordBurst
		return nil
	}
	w.due, w.said = reliable.Never, now
	if !st.hears(now) || st.phase == starting { // it knows neither how far it is nor what it has
		return nil
	}
	absent := st.stock(&w.own, p.ranges[:0])
	role := st.r.cfg.Keeper.Role()
	o := &w.own
	p.frame = frame.Frame{
		Kind: frame.Digest, Flags: frame.Live, Session: st.session.id, Channel: st.channel,
		Responder: st.r.cfg.ID, Time: uint64(max(0, now)), OldestSeq: o.Oldest.Seq,
		OldestOffset: o.Oldest.Offset, NextSeq: o.Next.Seq, NextOffset: o.Next.Offset,
		Ranges: absent,
		Digest: &frame.DigestBody{Role: role, Position: o.Position.Seq, From: o.Oldest.Seq,
			To: o.Next.Seq, Holder: st.r.name},
	}
	p.prepare(now, st)
	return p
}

// paid returns until when the words of witnesses are paid for, as far as they are about the
// publishers of an address.
func (w *witness) paid() *reliable.Time {
	words := &w.st.r.words
	return &words[inquest.Home(w.st.session.home())%uint64(len(words))]
}

// pay pays for a datagram.
func (w *witness) pay(now reliable.Time) {
	at := w.paid()
	*at = max(*at, now) + reliable.Time(time.Second)/wordRate
}
