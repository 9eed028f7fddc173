package nack

import "time"

// waits reports whether the frames queued for an asker go out only later, for lack of
// budget or quota. It looks both up once for a range.
func (r *Responder) waits(now Time, a *Asker, class Class) bool {
	l := &r.queue.lines[class]
	if class == Behind {
		return l.frames > quantum
	}
	if r.room.asker != a {
		size, quota := max(uint64(r.cfg.FrameSize), 1), r.quota(now, a)
		budget := &r.budget.repairs[class]
		budget.fill(now)
		quota.fill(now)
		r.room.asker = a
		r.room.budget, r.room.quota = budget.tokens/size, quota.tokens/size
	}
	return l.frames > r.room.budget || a.in[class].queued > r.room.quota
}

// Next returns the next frame of a class to repeat. It returns false if nothing waits,
// the budget is used up, or all waiting frames must be read first. The frame stays in the
// queue until Take. held is the range that the store holds; frames that have left it
// since they were asked for are denied.
func (r *Responder) Next(now Time, class Class, held Range) (Repair, bool) {
	l := &r.queue.lines[class]
	size := uint64(r.cfg.FrameSize)
	r.stored = Range{}
	for turns := l.askers; turns > 0; {
		a := l.first
		at := a.in[class].first
		m := r.queue.marks.at(at - 1)
		standing := Absent
		if m.seq >= held.From {
			standing = r.look(m.seq)
		}
		if standing >= Unfit || m.seq < a.Position && r.own(m) {
			if r.passOver(at, held) {
				turns--
			}
			continue
		}
		if r.budget.repairs[class].ready(now, size) > now {
			r.stats.Throttled++
			return Repair{}, false
		}
		if class == Recent && r.quota(now, a).ready(now, size) > now {
			r.stats.Throttled++
			l.rotate(class)
			turns--
			continue
		}
		if standing == Stored {
			if r.stored.Len() == 0 {
				r.stored = r.run(at)
			}
			l.rotate(class)
			turns--
			continue
		}
		repair := Repair{Seq: m.seq, Request: m.request, Asker: a, Again: m.wasRepaired()}
		if !m.multicast {
			repair.To = a.Addr
		}
		r.next.at, r.next.asker, r.next.class = at, a, class
		return repair, true
	}
	return Repair{}, false
}

// Take says that the repair that Next returned goes out now, with size bytes. No other
// method may have been called since Next.
func (r *Responder) Take(now Time, size uint64) {
	a, class := r.next.asker, r.next.class
	l := &r.queue.lines[class]
	m := r.queue.marks.at(r.next.at - 1)
	if m.multicast {
		m.multicastAt = now
		r.stats.ToGroup++
	}
	r.stats.Repaired++
	m.repairedAt = now
	r.budget.repairs[class].take(size)
	if class == Recent {
		r.quota(now, a).take(size)
	} else {
		r.stats.CaughtUp++
	}
	a.Repaired++
	if a.in[class].served++; !r.queue.remove(r.next.at) && a.in[class].served >= quantum {
		l.rotate(class)
	}
}

// maxRun bounds the frames that are read at once.
const maxRun = 256

// run returns the consecutive frames that wait from the one of mark at-1 on.
func (r *Responder) run(at int32) Range {
	m := r.queue.marks.at(at - 1)
	run := Range{m.seq, m.seq + 1}
	for m.after != 0 && run.Len() < maxRun {
		if m = r.queue.marks.at(m.after - 1); m.seq != run.To {
			break
		}
		run.To++
	}
	return run
}

// Stored returns frames that must be read before Next can return them, as far as its last
// call found out. The range may be empty.
func (r *Responder) Stored() Range { return r.stored }

// Awaits reports whether an asker waits for one of frames next.
func (r *Responder) Awaits(frames Range) bool {
	for class := range r.queue.lines {
		for a := r.queue.lines[class].first; a != nil; a = a.in[class].next {
			if frames.Contains(r.queue.marks.at(a.in[class].first - 1).seq) {
				return true
			}
		}
	}
	return false
}

// quota returns an asker's part of the budget for recent losses. It is half of the
// budget, so that a subscriber with many losses leaves the rest to others, or all of it
// if the asker is the only one.
func (r *Responder) quota(now Time, a *Asker) *bucket {
	q, budget := &a.quota, &r.budget.repairs[Recent]
	if q.burst == 0 {
		q.burst, q.tokens = budget.burst, budget.burst
	}
	rate := budget.rate
	if r.group > 1 {
		rate = max(rate/2, 1)
	}
	if rate != q.rate {
		q.setRate(now, rate)
	}
	return q
}

// Owed returns the number of waiting frames that are held and that their askers may still
// need. Its cost is proportional to that number.
func (r *Responder) Owed(held Range) (n uint64) {
	for class := range r.queue.lines {
		for a := r.queue.lines[class].first; a != nil; a = a.in[class].next {
			for at := a.in[class].first; at != 0; {
				m := r.queue.marks.at(at - 1)
				if m.seq >= max(held.From, a.Position) {
					n++
				}
				at = m.after
			}
		}
	}
	return n
}

// Waiting returns the number of frames of a class that wait for their repair.
func (r *Responder) Waiting(class Class) uint64 { return r.queue.lines[class].frames }

// Deadline returns when the next repair of a class may go out, or Never if none waits.
// Frames that must be read first count only if reads says that they can be asked for.
func (r *Responder) Deadline(now Time, class Class, held Range, reads bool) Time {
	l := &r.queue.lines[class]
	if l.askers == 0 {
		return Never
	}
	at := Never
	for a := l.first; a != nil && at > now; a = a.in[class].next {
		p := &a.in[class]
		switch seq := r.queue.marks.at(p.first - 1).seq; {
		case !reads && seq >= held.From && r.look(seq) == Stored:
		case class == Recent:
			at = min(at, r.coalesced(now, r.quota(now, a), p.queued))
		default:
			at = now
		}
	}
	if at == Never {
		return Never
	}
	return max(at, r.coalesced(now, &r.budget.repairs[class], l.frames))
}

// coalescingWindow bounds how long a repair that waits for tokens may wait for more of
// them. A timer for each frame would cost more than the frames.
const coalescingWindow = 500 * time.Microsecond

// coalesced returns when a bucket has tokens for the next of so many frames, or a little
// later, when it has them for a quantum.
func (r *Responder) coalesced(now Time, b *bucket, frames uint64) Time {
	size := uint64(r.cfg.FrameSize)
	first := b.ready(now, size)
	if first <= now {
		return first
	}
	return max(first, min(b.ready(now, min(frames, quantum)*size), now.Add(coalescingWindow)))
}
