package send

import (
	"time"

	"crier/reliable"
)

// maxMemberEvents bounds the events that wait to be polled, of each stream.
const maxMemberEvents = 256

// events are changes of subscribers that wait to be polled.
type events struct {
	list []reliable.MemberEvent
	// most bounds them.
	most int
	// lost counts events that found no room.
	lost uint64
}

func (e *events) add(ev reliable.MemberEvent) {
	if len(e.list) >= e.most {
		e.lost++
		return
	}
	e.list = append(e.list, ev)
}

// HasMemberEvents reports whether PollMembers has events.
func (s *Sender) HasMemberEvents() bool { return len(s.events.list) > 0 }

// PollMembers fills events with changes of subscribers and returns their number.
func (s *Sender) PollMembers(events []reliable.MemberEvent) int {
	n := copy(events, s.events.list)
	s.events.list = s.events.list[:copy(s.events.list, s.events.list[n:])]
	return n
}

// leave handles a subscriber's word that it leaves.
func (s *Sender) leave(now reliable.Time, m *member) {
	if s.members.remove(m) {
		s.gone(m, true)
		s.refloor(now)
	}
}

// refloor updates the frames that must be kept, after subscribers left.
func (s *Sender) refloor(now reliable.Time) {
	for _, st := range s.streams {
		st.pace.refloor(now)
		s.schedule.touch(st)
	}
}

// gone drops everything that waits for a subscriber that has left, or is no longer heard.
func (s *Sender) gone(m *member, left bool) {
	for _, from := range m.feeds {
		s.welcomes.forget(from)
	}
	s.depart(m, left)
	for channel, p := range m.streams {
		if p != nil {
			s.streams[channel].gone(p, left)
		}
	}
}

// depart remembers a subscriber that left, or is no longer heard.
func (s *Sender) depart(m *member, left bool) {
	row := departedMember{Member: s.row(m, nil), said: m.said}
	row.Left, row.Departed, row.Asks = left, true, false
	for channel, p := range m.streams {
		if p != nil {
			row.ends = append(row.ends,
				ending{uint32(channel), p.Position, s.streams[channel].account.lacks(p)})
		}
	}
	s.members.departed.add(row)
}

// row returns a subscriber's public record, over all streams that it has named. It lacks
// nothing of those that enough says have what they need.
func (s *Sender) row(m *member, enough []bool) (row reliable.Member) {
	first := true
	for channel, p := range m.streams {
		if p == nil {
			continue
		}
		one := s.streams[channel].account.row(p)
		one.Lacks = one.Lacks && (enough == nil || !enough[channel])
		if len(s.streams) > 1 {
			row.Partitions = append(row.Partitions, reliable.MemberPartition{
				Partition: uint32(channel), Reported: one.Reported, Position: one.Position,
				Offset: one.Offset, Lag: one.Lag, State: one.State, Lacks: one.Lacks,
				Written: one.Written, Synced: one.Synced,
			})
		}
		if first {
			one.Partitions, first = row.Partitions, false
			row = one
			continue
		}
		row.Reported = row.Reported || one.Reported
		row.Asked += one.Asked
		row.Again += one.Again
		row.Gone += one.Gone
		row.Refused += one.Refused
		row.Repaired += one.Repaired
		row.Lag += one.Lag
		row.State = max(row.State, one.State)
		row.Recorder = row.Recorder || one.Recorder
		row.Lacks = row.Lacks || one.Lacks
		row.Asks = row.Asks || one.Asks
	}
	if first {
		row = reliable.Member{ID: m.id, Name: m.name, Addr: m.addr, Room: m.room, Heard: m.heard}
	}
	if a := s.teams.arbiter; a != nil {
		if team, left, ok := a.Part(m.id); ok {
			row.Team, row.Lag = team, left
		}
	}
	return row
}

// enough returns for each stream whether a quorum has taken all of it.
func (s *Sender) enough() []bool {
	list := make([]bool, len(s.streams))
	for i, st := range s.streams {
		list[i] = st.account.quorum()
	}
	return list
}

// patience returns how long a subscriber may be silent before it is forgotten.
func (s *Sender) patience(m *member) time.Duration {
	if m.counts() { // one that stalls is evicted first
		return max(m.patience, 2*s.cfg.Flow.StallTimeout)
	}
	return m.patience
}

// gone drops what waits for a subscriber that has left, or is no longer heard. It adds an
// event if its pace counted, or would.
func (st *Stream) gone(p *progress, left bool) {
	if p.state == reliable.Evicted && !left {
		st.audience.leave(p)
	}
	st.repairer.Forget(&p.Asker)
	if p.state == reliable.Counted || p.state == reliable.Evicted {
		st.session.events.add(reliable.MemberEvent{Member: st.account.row(p),
			Partition: st.channel, From: p.state, To: reliable.Watching, Gone: true})
	}
	st.audience.remove(&st.session.members, p)
}

// Members returns the known subscribers, in the order of their first frame.
func (s *Sender) Members() []reliable.Member {
	enough := s.enough()
	list := make([]reliable.Member, 0, len(s.members.rows))
	for _, m := range s.members.rows {
		list = append(list, s.row(m, enough))
	}
	return list
}

// Departed returns the last 1,024 subscribers that left or are no longer heard, in that
// order.
func (s *Sender) Departed() (list []reliable.Member) {
	enough := s.enough()
	for i := range s.members.departed.rows {
		r := &s.members.departed.rows[i]
		row := r.Member
		row.Lacks = r.lacks(enough)
		list = append(list, row)
	}
	return list
}

// lacks reports whether it departed before it had taken what it counted for.
func (r *departedMember) lacks(enough []bool) bool {
	for _, e := range r.ends {
		if e.lacks && !enough[e.channel] {
			return true
		}
	}
	return false
}

// lacking returns the number of subscribers that have yet to take something, or departed
// before they had.
func (s *Sender) lacking() (n uint64) {
	enough, all := s.enough(), true
	for _, e := range enough {
		all = all && e
	}
	if all {
		return 0
	}
	for _, m := range s.members.rows {
		for channel, p := range m.streams {
			if p != nil && !enough[channel] && s.streams[channel].account.lacks(p) {
				n++
				break
			}
		}
	}
	for i := range s.members.departed.rows {
		if s.members.departed.rows[i].lacks(enough) {
			n++
		}
	}
	return n + s.members.departed.lacking
}

// asking returns the number of subscribers for which repairs were cut short. Those
// without a row in the table are not counted: their positions are unknown.
func (s *Sender) asking() (n uint64) {
	for _, m := range s.members.rows {
		for channel, p := range m.streams {
			if p != nil && s.streams[channel].account.asks(p) {
				n++
				break
			}
		}
	}
	return n
}

// Owed returns the number of frames that were asked for, are held, and wait to be
// repeated. Its cost is proportional to that number.
func (s *Sender) Owed() (n uint64) {
	for _, st := range s.streams {
		n += st.repairer.Owed()
	}
	return n
}

// Taken reports whether the subscribers that count have passed all frames below seq.
func (st *Stream) Taken(seq uint64) bool { return st.pace.needed() >= seq }

// Members returns the subscribers that are known to follow the stream, in the order of their
// first frame for it.
func (st *Stream) Members() []reliable.Member {
	enough := st.account.quorum()
	list := make([]reliable.Member, 0, len(st.audience.rows))
	for _, p := range st.audience.rows {
		row := st.account.row(p)
		row.Lacks = row.Lacks && !enough
		list = append(list, row)
	}
	return list
}
