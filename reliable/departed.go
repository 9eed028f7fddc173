package reliable

import (
	"slices"

	"crier/nack"
	"crier/reliable/frame"
)

// What a publisher owes in the end: to whom, and how far they had come. Subscribers
// that are no longer there are remembered for that, up to a bound.

// maxDeparted bounds the subscribers that are remembered after they left or were not
// heard any more: of more, those that lacked nothing are forgotten first.
const maxDeparted = 1024

// departed are those that are remembered, the first that went first.
type departed struct {
	rows    []departedMember
	lacking uint64 // of those that were forgotten, with messages undelivered
}

type departedMember struct {
	Member
	said uint64 // when it said its last word, on the session's clock; 0 if unknown
}

// add remembers one.
func (d *departed) add(row departedMember) {
	if len(d.rows) >= maxDeparted {
		i := max(0, slices.IndexFunc(d.rows, func(r departedMember) bool { return !r.Lacks }))
		if d.rows[i].Lacks {
			d.lacking++
		}
		d.rows = slices.Delete(d.rows, i, i+1)
	}
	d.rows = append(d.rows, row)
}

// back forgets one that is heard again.
func (d *departed) back(id uint64) {
	d.rows = slices.DeleteFunc(d.rows, func(r departedMember) bool { return r.ID == id })
}

// overtaken says whether a word was said before its subscriber's last one, and came after
// that: it brings nobody back who left.
func (d *departed) overtaken(f *frame.Frame) bool {
	i := slices.IndexFunc(d.rows, func(r departedMember) bool { return r.ID == f.Subscriber })
	return i >= 0 && f.Echo != 0 && toldAt(f) <= d.rows[i].said
}

// depart remembers a subscriber that is no longer there: it left, or isn't heard.
func (s *Sender) depart(m *member, left bool) {
	row := s.member(m)
	row.Left, row.Departed, row.Asks = left, true, false
	s.members.departed.add(departedMember{row, m.said})
}

// lacks says whether a subscriber's pace counts, or did until it was left out, and it
// has yet to take something that was sent.
func (s *Sender) lacks(m *member) bool {
	return (m.state == Counted || m.state == LeftOut) && m.Position < s.sent
}

// quorum says whether as many have taken all that was sent as are to have it, where
// that many are enough.
func (s *Sender) quorum() bool {
	if s.cfg.Pace.Kind != PaceQuorum {
		return false
	}
	n := 0
	for _, m := range s.members.rows {
		if m.Position >= s.sent {
			n++
		}
	}
	for i := range s.members.departed.rows {
		if s.members.departed.rows[i].Position >= s.sent {
			n++
		}
	}
	return n >= s.cfg.Pace.Quorum
}

// Departed returns the subscribers that left or were not heard any more, the last
// 1,024, the first that went first.
func (s *Sender) Departed() (list []Member) {
	enough := s.quorum()
	for _, r := range s.members.departed.rows {
		r.Lacks = r.Lacks && !enough
		list = append(list, r.Member)
	}
	return list
}

// lacking returns how many subscribers have yet to take something, or went before they
// had.
func (s *Sender) lacking() (n uint64) {
	if s.quorum() {
		return 0
	}
	for _, m := range s.members.rows {
		if s.lacks(m) {
			n++
		}
	}
	for i := range s.members.departed.rows {
		if s.members.departed.rows[i].Lacks {
			n++
		}
	}
	return n + s.members.departed.lacking
}

// Owed returns how many frames were asked for, are held, and wait to be repeated. It
// costs as much as there are.
func (s *Sender) Owed() (n uint64) {
	held := s.held()
	n = s.responder.Owed(held)
	if s.stashed && s.stash.Seq >= held.From {
		n++
	}
	for _, m := range s.catch.turns {
		for _, r := range m.wants {
			n += r.Clip(max(s.oldest(), m.Position), s.next).Len()
		}
	}
	return n
}

// Stop says that nothing is repaired from now on.
func (s *Sender) Stop(now Time) { s.stopped = min(s.stopped, now) }

// asks says whether repairs were cut short for a subscriber: they ended before it had
// asked for nothing for as long as a closed session lingers.
func (s *Sender) asks(m *member) bool {
	return m.askedTo > max(m.Position, s.oldest()) && s.stopped != Never && s.stopped < m.askedAt.Add(s.cfg.Linger)
}

// asking returns for how many subscribers repairs were cut short, as far as the table has
// rows for them: of others it isn't known how far they are.
func (s *Sender) asking() (n uint64) {
	for _, m := range s.members.rows {
		if s.asks(m) {
			n++
		}
	}
	return n
}

// unsent are the DATA frames that the kernel refused, and that were not repeated since.
type unsent struct {
	frames  uint64
	runs    []nack.Range // of the batches in which there were some, ascending
	endLeft bool         // a BYE was not refused
	bye     bool         // the batch that is out is one
	repairs []repeat     // the frames that it repeats
}

// repeat is a frame that is repeated in a subscriber's turn, which counts it.
type repeat struct {
	seq   uint64
	asker *nack.Asker
}

// maxUnsent bounds the runs of batches in which frames are known to have been refused:
// what was refused in others counts as never sent, even if it is repeated.
const maxUnsent = 1024

// note takes what became of a batch, whose DATA frames, if it has some, begin at first.
// Of a batch that was refused in part it isn't known which datagrams were: it counts the last.
func (u *unsent) note(b Batch, first uint64) {
	switch {
	case b.Refused == 0:
		u.endLeft = u.endLeft || u.bye
		for _, r := range u.repairs {
			u.repeated(r.seq)
		}
	case b.frames > 0:
		u.frames += b.Refused
		if last := len(u.runs) - 1; last >= 0 && u.runs[last].To == first {
			u.runs[last].To += b.frames
		} else if len(u.runs) < maxUnsent {
			u.runs = append(u.runs, nack.Range{From: first, To: first + b.frames})
		}
	default:
		sent := uint64(len(u.repairs)) - min(b.Refused, uint64(len(u.repairs)))
		for _, r := range u.repairs[sent:] {
			r.asker.Repaired--
		}
	}
}

// repeated notes that a frame has left as a repair.
func (u *unsent) repeated(seq uint64) {
	for i, r := range u.runs {
		if !r.Contains(seq) {
			continue
		}
		u.frames -= min(u.frames, 1)
		before, after := nack.Range{From: r.From, To: seq}, nack.Range{From: seq + 1, To: r.To}
		switch {
		case before.Len() == 0 && after.Len() == 0:
			u.runs = slices.Delete(u.runs, i, i+1)
		case before.Len() == 0:
			u.runs[i] = after
		default:
			if u.runs[i] = before; after.Len() > 0 && len(u.runs) < maxUnsent {
				u.runs = slices.Insert(u.runs, i+1, after)
			}
		}
		return
	}
}
