package send

import (
	"time"

	"crier/reliable"
)

// maxMemberEvents bounds the events that wait to be polled.
const maxMemberEvents = 256

// events are changes of subscribers that wait to be polled.
type events struct {
	list []reliable.MemberEvent
	// lost counts events that found no room.
	lost uint64
}

func (e *events) add(ev reliable.MemberEvent) {
	if len(e.list) >= maxMemberEvents {
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

// leave handles a subscriber's word that it leaves, at its position in a stream.
func (s *Sender) leave(now reliable.Time, st *Stream, m *member, position uint64) {
	if s.members.remove(m) {
		m.Position = max(m.Position, min(position, st.store.Next()))
		s.gone(m, true)
		for _, st := range s.streams {
			st.pace.refloor(now)
		}
	}
}

// gone drops everything that waits for a subscriber that has left, or is no longer heard.
func (s *Sender) gone(m *member, left bool) {
	s.welcomes.forget(m.Addr)
	for _, st := range s.streams {
		st.gone(m, left)
	}
}

// patience returns how long a subscriber may be silent before it is forgotten.
func (s *Sender) patience(m *member) (most time.Duration) {
	for _, st := range s.streams {
		most = max(most, st.pace.patience(m))
	}
	return most
}

// gone drops what waits for a subscriber that has left, or is no longer heard. It adds an
// event if its pace counted, or would.
func (st *Stream) gone(m *member, left bool) {
	st.account.depart(m, left)
	st.repairer.Forget(&m.Asker)
	if m.state == reliable.Counted || m.state == reliable.Evicted {
		st.session.events.add(reliable.MemberEvent{Member: st.account.row(m), From: m.state,
			To: reliable.Watching, Gone: true})
	}
}

// Members returns the known subscribers, in the order of their first frame.
func (st *Stream) Members() []reliable.Member { return st.account.rows() }

// Departed returns the last 1,024 subscribers that left or are no longer heard, in that
// order.
func (st *Stream) Departed() []reliable.Member { return st.account.gone() }

// Owed returns the number of frames that were asked for, are held, and wait to be
// repeated. Its cost is proportional to that number.
func (st *Stream) Owed() (n uint64) { return st.repairer.Owed() }

// Taken reports whether the subscribers that count have passed all frames below seq.
func (st *Stream) Taken(seq uint64) bool { return st.pace.needed() >= seq }
