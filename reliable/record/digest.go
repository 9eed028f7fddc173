package record

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
)

const (
	// announceLive is how often a recorder tells the group what it has of a session that lives,
	// and announceOver of one that is over.
	announceLive = time.Second
	announceOver = 5 * time.Second
	// announceFirst is how long after its first frame a session is told of.
	announceFirst = 10 * time.Millisecond
	// announceGap is the time between two such words, whatever they are about.
	announceGap = time.Second / 20
)

// An announce tells the group what the recorder has, a tape after the other.
type announce struct {
	// at is when the next word may go out, and next the tape with the earliest turn.
	at      reliable.Time
	version uint64
	// soon is a time before which no tape has its turn.
	soon reliable.Time
	// rest is a digest that didn't fit one datagram.
	rest   *frame.Frame
	body   frame.DigestBody
	frame  frame.Frame
	encode frame.Encoder
	arena  []byte
	to     *tape
}

func (a *announce) begin(r *Recorder) { a.at = r.now }

// tape returns the tape whose turn is next, and when that is.
func (a *announce) turn(r *Recorder) (next *tape, at reliable.Time) {
	at = reliable.Never
	for _, t := range r.list {
		if t.begun && !t.inquires() && t.tellAt < at {
			next, at = t, t.tellAt
		}
	}
	a.soon = at
	return next, max(at, a.at)
}

// tell has the group told of a tape at a time.
func (t *tape) tell(at reliable.Time) {
	t.tellAt = at
	t.r.announce.soon = min(t.r.announce.soon, at)
}

// due returns when there is something to announce.
func (a *announce) due(r *Recorder) reliable.Time {
	if r.closing {
		return reliable.Never
	}
	if a.rest != nil {
		return r.now
	}
	return max(a.soon, a.at)
}

// next returns the next word for the group.
func (a *announce) next(r *Recorder) (reliable.Batch, bool) {
	if a.rest == nil {
		if max(a.soon, a.at) > r.now {
			return reliable.Batch{}, false
		}
		t, at := a.turn(r) // there may be thousands
		if at > r.now || t == nil {
			return reliable.Batch{}, false
		}
		every := announceOver
		if t.live {
			every = announceLive
		}
		t.tellAt, a.at, a.to = r.now.Add(every), r.now.Add(announceGap), t
		a.rest = a.digest(r, t)
	}
	b := a.part(r)
	b.To = a.to.toHome()
	r.stats.Digests++
	return b, true
}

// part returns a datagram with as much of the digest as fits.
func (a *announce) part(r *Recorder) reliable.Batch {
	var more bool
	a.arena, more = a.encode.AppendDigest(a.arena[:0], a.rest, r.cfg.Datagram)
	if !more {
		a.rest = nil
	}
	return reliable.Batch{Data: a.arena, Segment: len(a.arena)}
}

// digest returns what the recorder has of a tape. It is valid until the next call.
func (a *announce) digest(r *Recorder, t *tape) *frame.Frame {
	if a.version++; r.receiver != nil { // which tells of an inquest
		a.version = r.receiver.DigestVersion()
	}
	oldest := t.oldest()
	body := &a.body
	*body = frame.DigestBody{
		Role: frame.Recorder, Version: a.version, Position: t.next.Seq,
		Written: t.state.Written, Synced: t.state.Synced, From: oldest.Seq, To: t.next.Seq,
	}
	f := &a.frame
	*f = frame.Frame{
		Kind: frame.Digest, Session: t.key.Session, Channel: t.key.Channel,
		Responder: r.cfg.ID, Time: uint64(r.now),
		OldestSeq: oldest.Seq, OldestOffset: min(oldest.Offset, t.next.Offset),
		NextSeq: t.next.Seq, NextOffset: t.next.Offset, Digest: body,
	}
	body.Heard = t.quiet(&f.NextSeq, &f.NextOffset)
	body.From = t.told().Seq
	f.Ranges = t.absent(nack.Range{From: body.From, To: body.To}, nil)
	if !t.live {
		f.Flags |= frame.Final
		if t.ended != nil && t.ended.How == reliable.EndBye {
			f.Flags |= frame.Ended
		}
		if c := t.certificate; c != nil && c.Number > 0 && !c.Withdrawn {
			body.Proposal = c.Hash
		}
	} else if t.hears() {
		f.Flags |= frame.Live
	} else if !t.inquires() { // it is over, and the tape has yet to come so far
		f.Flags |= frame.Final
	}
	// In an inquest nobody is to wait for a recorder that takes no part in it.
	if r.disk.failing || f.Flags&frame.Final != 0 && body.Proposal == 0 {
		f.Flags |= frame.Full
	}
	if s := t.title; s != nil {
		f.Name = []byte(s.Publisher)
		body.Wall, body.FirstSeq, body.FirstOffset = s.Wall, s.FirstSeq, s.FirstOffset
		if l := s.Layout; l.Groups > 0 {
			body.Channels, body.Groups, body.Base = uint32(l.Partitions), uint32(l.Groups), l.Base
		}
		body.Topic, body.Key, body.Replay = []byte(s.Topic), []byte(s.Key), uint64(s.Replay)
		if p := s.Prev; p.Session != 0 {
			body.Prev = &frame.Link{
				Session: uint64(p.Session), Channel: p.Channel, Seq: p.Seq, Offset: p.Offset,
				Topic: []byte(p.Topic), Publisher: []byte(p.Publisher), Key: []byte(p.Key),
			}
		}
	}
	return f
}

// told returns the place from which on all holes of a tape are remembered.
func (t *tape) told() journal.Mark {
	oldest, seq := t.oldest(), t.forgot
	if t.state.MoreHoles > 0 && len(t.holes) > 0 {
		seq = t.holes[0].From
	}
	if seq = min(seq, t.next.Seq); seq <= oldest.Seq {
		return oldest
	}
	return journal.Mark{Seq: seq, Offset: t.shelf.Start(seq)}
}

// inquires reports whether the survivors of a tape's publisher help each other now.
func (t *tape) inquires() bool {
	return t.r.receiver != nil && t.r.receiver.Inquires(t.key.Session, t.key.Channel)
}

// quiet returns for how long the publisher wasn't heard, and raises the end to what is known of
// the stream.
func (t *tape) quiet(seq, offset *uint64) time.Duration {
	r := t.r
	if r.receiver != nil {
		if e, ok := r.receiver.Extent(t.key.Session, t.key.Channel); ok {
			if t.live {
				*seq, *offset = max(*seq, e.Seq), max(*offset, e.Offset)
			}
			return max(0, r.now.Sub(e.Heard))
		}
	}
	if t.state.Last == 0 || r.cfg.Epoch.IsZero() {
		return 0
	}
	return max(0, time.Duration(r.cfg.Epoch.UnixNano()+int64(r.now)-t.state.Last))
}

// hears reports whether the publisher of a tape is heard. One that is silent, though the tape
// hasn't come so far, since something is missing, no longer keeps another from going on.
func (t *tape) hears() bool {
	if t.r.receiver == nil {
		return true
	}
	e, ok := t.r.receiver.Extent(t.key.Session, t.key.Channel)
	return !ok || e.Lives
}
