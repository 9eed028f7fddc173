package receive

import (
	"net/netip"

	"crier/reliable"
)

// SessionStats counts what a Receiver did with one session. The promise: once all
// events are polled, Delivered + Lost == NextOffset - FirstOffset.
type SessionStats struct {
	ID     reliable.SessionID
	Group  netip.AddrPort // that it is on, where the driver has said it
	Source netip.AddrPort
	Name   string
	End    reliable.End

	FirstOffset    uint64 // of the first message that counts
	NextOffset     uint64 // one past the highest offset known to exist
	Delivered      uint64 // messages
	DeliveredBytes uint64 // their bytes
	Recovered      uint64 // messages of which a frame came as a repair
	Lost           uint64 // messages
	Losses         uint64 // loss reports

	BeforeStart uint64 // frames from before the first that counts
	Duplicates  uint64 // frames that were here already
	Late        uint64 // frames that had been given up, or came after the end
	Beyond      uint64 // frames that tell of more than there can be by now
	NoRoom      uint64 // frames that found no room, and are asked for later
	Overrun     uint64 // frames that came while the application was too slow, and one was dropped
	Repairs     uint64 // REPAIR frames received
	Nacks       uint64 // NACK frames sent
	Resumed     uint64 // times that it came back from silence
	Moved       uint64 // times that its publisher went on at another address
	Contested   uint64 // frames of others that speak for its publisher, and go on where it left off
	Begun       bool   // it is known where it begins; false: nothing counts yet

	Buffered      int    // frames that wait here now
	BufferedBytes int    // their bytes
	Gaps          int    // gaps open now
	Lag           uint64 // messages known to exist and neither delivered nor lost
}

// ReceiverStats counts what a Receiver did with frames of no session.
type Stats struct {
	Sent         uint64 // NACK and STATUS datagrams
	Mismatched   uint64 // REPAIR frames with something else inside than they say
	Unexpected   uint64 // frames of a kind that nobody waits for
	OtherChannel uint64 // frames of a channel that is not listened to
	Foreign      uint64 // frames of a session from another source than its own
	Refused      uint64 // frames of new sessions that the table had no room for
	Evicted      uint64 // times that a session left the table to make room, remembered for a while
	// times that a live session was ended to make room, where one address had the most
	Yielded uint64
	// sessions of which something was told, and that are not remembered any more
	Forgotten uint64
	Withheld  uint64 // NACKs that were not sent to where no data came from yet
	Memory    int    // bytes in use now
}

// Stats returns the counters so far.
func (r *Receiver) Stats() Stats {
	st := r.stats
	st.Memory = r.mem.used
	return st
}

// Memory returns how many bytes are in use now, as Stats does.
func (r *Receiver) Memory() int { return r.mem.used }

// Sessions returns the counters of all sessions that have begun, in the order in
// which they were first heard.
func (r *Receiver) Sessions() []SessionStats {
	list := make([]SessionStats, 0, len(r.table.list))
	for _, s := range r.table.list {
		for _, st := range s.streams {
			if st.stats.Begun {
				list = append(list, st.counters())
			}
		}
	}
	return list
}

// counters returns the counters of the stream, with those of its session.
func (st *stream) counters() SessionStats {
	s, c := st.session, st.stats
	c.ID, c.Group, c.Source, c.Name = reliable.SessionID(s.id), s.group, s.source, s.title.name
	c.Moved, c.Contested = s.moves, s.rivals.contests
	c.Buffered, c.BufferedBytes, c.Gaps = st.win.count, st.win.bytes, st.asked.gaps()
	if st.cursor.known {
		c.Lag = c.NextOffset - min(c.NextOffset, st.cursor.offset)
	}
	return c
}
