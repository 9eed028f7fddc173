package receive

// Touch reads what Handle, Poll, Next and Deadline are about to need of the session
// whose frame came last, and changes nothing. A driver of many Receivers, of which
// the next one is never in the processor's cache, calls it for several before their
// turn: their cache lines are then waited for together, and not one after the other.
// What it returns has no meaning; to use it keeps the compiler from leaving out the
// reads.
func (r *Receiver) Touch() int {
	n := int(r.cfg.Channel) + r.cfg.MaxSessions + cap(r.live) + len(r.ready) + len(r.mem.dirty) + int(r.now) + int(r.stats.Sent)
	if r.taken {
		n++
	}
	if len(r.live) > 0 && r.live[0] == r.last {
		n++
	}
	if s := r.last; s != nil {
		n += s.touch()
	}
	return n
}

func (s *session) touch() int {
	n := int(s.id) + int(s.control.Port()) + int(s.heard) + int(s.win.next) + s.win.count + int(s.told.offset) + s.cursor.chunk +
		s.cursor.whole.total + int(s.every) + int(s.askRequest) + int(s.stats.NextOffset)
	if s.cursor.frame != nil {
		n++
	}
	return n + s.req.Touch()
}
