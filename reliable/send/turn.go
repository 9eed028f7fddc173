package send

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// turn is the batch that is being sent, if taken is set: Sent has not been called.
type turn struct {
	out   outgoing
	taken bool
	// last is the stream of the batch before.
	last *Stream
}

// Next returns the next datagrams to send, and false if there are none now. The
// batch must be handed back with Sent before the next call.
func (s *Sender) Next(now reliable.Time) (reliable.Batch, bool) { return s.next(now, true) }

// NextFull is like Next, but leaves data that doesn't fill a batch where it is.
func (s *Sender) NextFull(now reliable.Time) (reliable.Batch, bool) { return s.next(now, false) }

// next returns the next datagrams to send. If all is not set, data goes only if it fills a
// batch. Streams take turns.
func (s *Sender) next(now reliable.Time, all bool) (reliable.Batch, bool) {
	if s.turn.taken || s.Finished(now) {
		return reliable.Batch{}, false
	}
	s.tick(now)
	out := &s.turn.out
	*out = outgoing{}
	if s.turn.taken = s.nextGrant(now, out) || s.nextSession(now, out); s.turn.taken {
		return out.Batch, true
	}
	c := &s.schedule
	for c.wake(now) != nil {
	}
	if all {
		c.gathered()
	}
	st := c.next(now)
	if st == nil {
		st = c.lines[repairing].first
	}
	for ; st != nil; st = c.next(now) {
		if s.turn.taken = st.next(now, all || st.fullBatch(), out); s.turn.taken {
			out.stream = st
			c.pass(st)
			return out.Batch, true
		}
		c.rest(now, st, all)
	}
	return reliable.Batch{}, false
}

// FullBatch reports whether enough full frames of a stream wait to be sent to fill a
// batch.
func (s *Sender) FullBatch() bool { return s.schedule.full > 0 }

// Spread returns the number of streams that may have something to send, and whether as many full
// frames wait in them as fill a batch.
func (s *Sender) Spread() (streams int, worth bool) {
	c := &s.schedule
	return c.counts[ready] + c.counts[gathering], c.frames >= s.streams[0].store.Most()
}

// Sent hands a batch back: its datagrams are with the kernel, or lost. Datagrams that the
// kernel refused count as neither sent nor repaired.
func (s *Sender) Sent(back reliable.Batch) {
	b := &s.turn.out
	b.Batch, s.turn.taken = back, false
	refused := min(b.Refused, uint64(b.Datagrams()))
	datagrams := uint64(b.Datagrams()) - refused
	bytes := uint64(len(b.Data)) - min(b.RefusedBytes, uint64(len(b.Data)))
	s.stats.Datagrams += datagrams
	s.stats.Bytes += bytes
	if b.kind == frame.Heartbeat {
		s.stats.Heartbeats += datagrams
	}
	if b.stream != nil {
		b.stream.sent(b, datagrams, bytes)
		if b.frames > 0 || b.kind == frame.Repair {
			b.stream.slot.waits = 0 // it has had its turn
		}
		s.schedule.touch(b.stream)
	}
	s.turn.last, b.stream = b.stream, nil
}

// SentBy returns the stream whose batch was handed back last, or nil if it was the session's.
func (s *Sender) SentBy() *Stream { return s.turn.last }

// outgoing is the batch that is being sent.
type outgoing struct {
	reliable.Batch
	// stream is the one that it belongs to; nil for a SESSION to the group.
	stream *Stream
	// frames counts its DATA frames.
	frames uint64
	// kind is the kind of its other frames.
	kind frame.Kind
}
