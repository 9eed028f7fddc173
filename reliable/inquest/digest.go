package inquest

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// Digest fills f with the DIGEST that is due, and reports false if none is. All fields but these
// are set: Name, Digest.Wall, FirstSeq, FirstOffset, Topic, Key, Prev and Replay, which are those
// of SESSION; Digest.Version; Digest.Heard; Digest.Written and Synced; and Ended, which the caller
// sets beside Final. f.Digest is a new one if it was nil, and f.Ranges are valid until the next
// Update. AppendDigest sends it, in several parts where needed.
func (q *Inquest) Digest(now reliable.Time, f *frame.Frame) bool {
	at := q.clock(now)
	c, w := &q.course, &q.own
	if c.closed || at < c.digestAt || c.begun == reliable.Never || !w.known {
		return false
	}
	if c.first == reliable.Never {
		c.first, c.stale = at, true
	}
	if c.stale || at >= c.checkTime(q) {
		running := c.runs()
		if c.check(at, q); running && !c.runs() {
			c.checkAt = at // the round is over: Advance is due, for the caller to take note of it
		}
	}
	c.proposed, c.sent = q.proposal(), at
	c.digestAt = at.Add(c.interval(at, q))
	d := f.Digest
	if d == nil {
		d = new(frame.DigestBody)
	}
	*d = frame.DigestBody{
		Role: q.cfg.Role, Position: w.position, From: w.oldest.Seq, To: w.next.Seq,
		At: true, AtSeq: w.start.Seq, AtOffset: w.start.Offset, Proposal: c.proposed,
		Holder: []byte(q.cfg.Name),
	}
	*f = frame.Frame{
		Kind: frame.Digest, Session: q.cfg.Session, Channel: q.cfg.Channel,
		Responder: q.cfg.ID, Time: uint64(max(0, now)), Digest: d, Ranges: w.absent,
		OldestSeq: w.oldest.Seq, OldestOffset: min(w.oldest.Offset, w.next.Offset),
		NextSeq: w.next.Seq, NextOffset: w.next.Offset,
	}
	if w.full {
		f.Flags |= frame.Full
	}
	if !c.runs() && c.outcome != CutOff {
		f.Flags |= frame.Final
	}
	return true
}

// interval returns the time until the next DIGEST.
func (c *course) interval(now reliable.Time, q *Inquest) time.Duration {
	d := q.gather() / 3
	if !c.runs() && (now >= c.quickly || q.find.undone == 0) {
		d = afterwards
	}
	return d - c.rand.Duration(d/8) + time.Duration(len(q.own.absent))*perRange
}

// tell has a DIGEST sent soon.
func (c *course) tell(now reliable.Time, q *Inquest) {
	if c.begun == reliable.Never {
		return
	}
	at := now
	if c.sent >= 0 {
		at = max(now, c.sent.Add(q.spacing()))
	} else {
		at = c.digestAt // the first one has its own time
	}
	c.digestAt = min(c.digestAt, at)
}

// quicken answers one that is still at it, after this survivor has its certificate.
func (c *course) quicken(now reliable.Time, q *Inquest) {
	third := max(q.gather()/3, q.spacing())
	if now < c.over.Add(longest) {
		c.quickly = max(c.quickly, now.Add(3*third))
	} else {
		third = max(third, time.Second)
	}
	c.digestAt = min(c.digestAt, max(now, c.sent.Add(third)))
}

// spacing returns the shortest time between two DIGESTs.
func (q *Inquest) spacing() time.Duration {
	return max(leastChange, time.Duration(q.group())*time.Millisecond/4) +
		time.Duration(len(q.own.absent))*perRange
}
