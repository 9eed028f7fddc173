package receive

import (
	"net/netip"

	"crier/reliable"
)

// SessionStats counts the work of a Receiver with one stream of a session. The promise: once all
// events are polled, Delivered + Lost == NextOffset - FirstOffset.
type SessionStats struct {
	ID reliable.SessionID
	// Partition is the stream of the session that the counters are of.
	Partition uint32
	// Group is the group that the session is on, where the driver has said it.
	Group  netip.AddrPort
	Source netip.AddrPort
	// Control is where NACK and STATUS go.
	Control netip.AddrPort
	Name    string
	End     reliable.End

	// FirstOffset is the offset of the first message that counts, and NextOffset one past
	// the highest offset known to exist.
	FirstOffset uint64
	NextOffset  uint64
	// Delivered counts messages, and DeliveredBytes their bytes.
	Delivered      uint64
	DeliveredBytes uint64
	// Recovered counts messages of which a frame came as a repair.
	Recovered uint64
	// Lost counts messages, and Losses loss reports.
	Lost   uint64
	Losses uint64

	// Skipped counts messages that are other members' of a team, and Retaken those that were
	// passed and counted before the stream was taken again. In a team, Delivered + Lost + Skipped
	// is NextOffset - FirstOffset + Retaken.
	Skipped uint64
	Retaken uint64

	// BeforeStart counts frames from before the first that counts.
	BeforeStart uint64
	// Duplicates counts frames that were here already.
	Duplicates uint64
	// Late counts frames that had been given up, or came after the end.
	Late uint64
	// Beyond counts frames that tell of more than there can be by now.
	Beyond uint64
	// NoRoom counts frames that found no room, and are asked for later.
	NoRoom uint64
	// Overrun counts frames that came while the application was too slow, and one was
	// dropped.
	Overrun uint64
	// Repairs counts REPAIR frames received.
	Repairs uint64
	// Nacks counts NACK frames sent.
	Nacks uint64
	// Answers counts REPAIR, GONE and CONFIRM frames of the publisher, and Unanswered the NACK
	// frames sent to it since the last of them.
	Answers    uint64
	Unanswered uint64
	// Heartbeats counts HEARTBEAT and BYE frames received, and Announced is the number of
	// subscribers that its publisher knew by the last of them.
	Heartbeats uint64
	Announced  int
	// Resumed counts the times that the session came back from silence.
	Resumed uint64
	// Moved counts the times that its publisher went on at another address.
	Moved uint64
	// Contested counts frames of others that speak for its publisher, and go on where it
	// left off.
	Contested uint64
	// Inquest says that the survivors of its publisher help each other now: End stays open
	// meanwhile. Inquests counts the times, Certificates what they and later finds ended with, and
	// Found frames that had been named lost and that a survivor turned out to have.
	Inquest      bool
	Inquests     uint64
	Certificates uint64
	Found        uint64
	// DigestsSent and DigestsHeard count the DIGESTs of survivors, each part of one.
	DigestsSent  uint64
	DigestsHeard uint64
	// Begun says that it is known where the session begins. Until then nothing counts.
	Begun bool

	// Buffered is the number of frames that wait here now, and BufferedBytes their bytes.
	Buffered      int
	BufferedBytes int
	// Gaps is the number of gaps that are open now.
	Gaps int
	// Lag is the number of messages known to exist and neither delivered nor lost.
	Lag uint64
}

// Stats counts the work of a Receiver with frames of no session.
type Stats struct {
	// Sent counts NACK and STATUS datagrams.
	Sent uint64
	// Mismatched counts REPAIR frames with something else inside than they say.
	Mismatched uint64
	// Unexpected counts frames of a kind that nobody waits for.
	Unexpected uint64
	// Aside counts answers to other subscribers: of sessions that aren't followed here, and of
	// holders that weren't asked for it here.
	Aside uint64
	// OtherChannel counts frames of a channel that is not listened to.
	OtherChannel uint64
	// Unwanted counts frames of partitions that aren't wanted, and come by the groups of others.
	Unwanted uint64
	// OtherTopic counts frames of sessions whose topic isn't followed, or isn't known yet.
	OtherTopic uint64
	// OtherLayout counts SESSIONs of a topic that is followed whose groups aren't those that
	// follow from its name, or its base, or whose numbers are none of a topic.
	OtherLayout uint64
	// Replays counts frames of replays, where Logs.Replays isn't set.
	Replays uint64
	// Foreign counts frames of a session from another source than its own.
	Foreign uint64
	// Refused counts frames of new sessions that the table had no room for.
	Refused uint64
	// Evicted counts the times that a session left the table to make room. It is
	// remembered for a while.
	Evicted uint64
	// Yielded counts live sessions that were ended to make room, where one address had the
	// most.
	Yielded uint64
	// Forgotten counts sessions of which something was told, and that are not remembered
	// any more.
	Forgotten uint64
	// Withheld counts NACKs that were not sent to where no data came from yet.
	Withheld uint64
	// Forks counts sessions that used offsets again which another one had used, and Rivals
	// the pairs of sessions of one stream that both went on.
	Forks  uint64
	Rivals uint64
	// GroupsRefused counts data groups that are beyond those that may be joined, and NotJoined
	// those that the system refused.
	GroupsRefused uint64
	NotJoined     uint64
	// Memory is in bytes, in use now.
	Memory int
}

// Stats returns the counters so far.
func (r *Receiver) Stats() Stats {
	st := r.stats
	st.Memory = r.mem.used
	st.GroupsRefused, st.NotJoined = r.topics.groups.refused, r.topics.groups.failed
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
	c.ID, c.Partition = reliable.SessionID(s.id), st.channel
	c.Group, c.Source, c.Name = s.group, s.source, s.title.name()
	c.Control = s.to()
	c.Moved, c.Contested = s.moves, s.rivals.contests
	c.Inquest = st.phase == orphaned
	c.Buffered, c.BufferedBytes, c.Gaps = st.win.count, st.win.bytes, st.asked.gaps()
	if st.cursor.known {
		c.Lag = c.NextOffset - min(c.NextOffset, st.cursor.offset)
	}
	return c
}
