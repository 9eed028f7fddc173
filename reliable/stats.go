package reliable

import (
	"fmt"
	"net/netip"

	"crier/nack"
)

// SenderStats counts what a Sender did.
type SenderStats struct {
	Accepted      uint64 // messages, those that were dropped among them
	AcceptedBytes uint64 // their bytes
	Dropped       uint64 // messages that found no room
	DroppedBytes  uint64 // their bytes
	NextOffset    uint64 // of the next message
	Frames        uint64 // DATA frames sent for the first time
	TooLarge      uint64 // DATA frames that were never sent, for the network's MTU had fallen
	Repairs       uint64 // REPAIR frames sent
	RepairBytes   uint64 // their bytes
	Refused       uint64 // DATA and REPAIR frames that the kernel refused
	CatchUps      uint64 // of the repairs, those to subscribers that were behind
	Heartbeats    uint64
	Datagrams     uint64 // of all kinds
	Bytes         uint64 // of all kinds
	Nacks         uint64 // NACK frames received
	Statuses      uint64 // STATUS frames received
	Unknown       uint64 // ranges asked for that were never sent
	Confirms      uint64 // CONFIRM frames sent
	Unconfirmed   uint64 // ranges that none had room for
	Unanswered    uint64 // answers to single subscribers that found no room to wait
	Trials        uint64 // of whether datagrams that are cut out of one write arrive
	OffloadOff    bool   // they don't, and all are sent one by one since
	Members       int    // subscribers known
	MembersFull   uint64 // frames from subscribers beyond the table's size
	Foreign       uint64 // frames of a subscriber from another address than its own
	Moved         uint64 // times that a subscriber went on at another address
	Contested     uint64 // frames for a subscriber that several addresses speak for
	Responder     nack.ResponderStats

	// What held the producer, or made it drop: how often and for how long nothing
	// fit, by whose fault.
	HeldBy [holders]Held
	// RateLimited is how long frames were ready to be sent and waited for the rate
	// limit.
	RateLimited Held

	Counted          int    // subscribers whose pace counts now
	Retained         uint64 // frames that are kept for them now
	LeftOut          uint64 // times that a subscriber was left out of the count
	MemberEventsLost uint64 // events of subscribers that nobody polled
	DiskFrames       uint64 // frames on disk now
	DiskWritten      uint64 // frames
	DiskRead         uint64 // frames
	DiskErrors       uint64 // jobs that failed

	// Of what was promised to subscribers, as it stands now.
	NeverLeft uint64 // DATA frames that the kernel refused, and that were not repeated since
	EndLeft   bool   // BYE was said, and not refused each time
	Lacking   uint64 // subscribers that lack something: see Member.Lacks
	Asking    uint64 // subscribers that repairs were cut short for: see Member.Asks
}

// Stats returns the counters so far.
func (s *Sender) Stats() SenderStats {
	st := s.stats
	st.NextOffset = s.nextOffset
	st.Members = len(s.members.rows)
	st.MembersFull, st.Foreign = s.members.refused, s.members.foreign
	st.Unanswered = s.answers.refused
	st.NeverLeft, st.EndLeft, st.Lacking = s.unsent.frames, s.unsent.endLeft, s.lacking()
	st.Asking = s.asking()
	st.Unconfirmed = s.answers.unconfirmed
	gone, unfit := st.Responder.Gone, st.Responder.Unfit // of catching up
	st.Trials, st.OffloadOff = s.offload.trials, s.offload.off
	st.Responder = s.responder.Stats()
	st.Responder.Gone += gone
	st.Responder.Unfit += unfit
	st.HeldBy = s.keep.held
	if s.keep.full {
		st.HeldBy[s.keep.by].For += min(s.now, s.keep.passed).Sub(s.keep.since)
	}
	st.RateLimited = Held{s.limit.waiting, s.limit.waitedUntil(s.now)}
	for _, m := range s.members.rows {
		if m.state == Counted {
			st.Counted++
		}
	}
	st.Retained, st.DiskFrames = s.retained(), s.disk.held()
	return st
}

// End says how a session stands, for a subscriber.
type End uint8

const (
	// EndOpen: it goes on, or the subscriber left it.
	EndOpen End = iota
	// EndBye: the publisher said BYE.
	EndBye
	// EndSilent: nothing is heard of the publisher.
	EndSilent
)

// String returns the end as summaries write it.
func (e End) String() string {
	switch e {
	case EndOpen:
		return "open"
	case EndBye:
		return "bye"
	case EndSilent:
		return "silent"
	}
	return fmt.Sprintf("end %d", uint8(e))
}

// SessionStats counts what a Receiver did with one session. The promise: once all
// events are polled, Delivered + Lost == NextOffset - FirstOffset.
type SessionStats struct {
	ID     uint64
	Source netip.AddrPort
	Name   string
	End    End

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

	Held      int    // frames held now
	HeldBytes int    // their bytes
	Gaps      int    // gaps open now
	Lag       uint64 // messages known to exist and neither delivered nor lost
}

// ReceiverStats counts what a Receiver did with frames of no session.
type ReceiverStats struct {
	Sent         uint64 // NACK and STATUS datagrams
	Invalid      uint64 // REPAIR frames with something else inside than they say
	Unexpected   uint64 // frames of a kind that nobody waits for
	OtherChannel uint64 // frames of a channel that is not listened to
	Foreign      uint64 // frames of a session from another source than its own
	Refused      uint64 // frames of new sessions that the table had no room for
	Evicted      uint64 // times that a session left the table to make room, remembered for a while
	Yielded      uint64 // times that a live session was ended to make room, where one address had the most
	Forgotten    uint64 // sessions of which something was told, and that are not remembered any more
	Withheld     uint64 // NACKs that were not sent to where no data came from yet
	Memory       int    // bytes held now
}

// Stats returns the counters so far.
func (r *Receiver) Stats() ReceiverStats {
	st := r.stats
	st.Memory = r.mem.used
	return st
}

// Memory returns how many bytes are held now, as Stats does.
func (r *Receiver) Memory() int { return r.mem.used }

// Sessions returns the counters of all sessions that have begun, in the order in
// which they were first heard.
func (r *Receiver) Sessions() []SessionStats {
	list := make([]SessionStats, 0, len(r.list))
	for _, s := range r.list {
		if !s.stats.Begun {
			continue
		}
		st := s.stats
		st.Held, st.HeldBytes, st.Gaps = s.win.count, s.win.bytes, s.req.Gaps().Len()
		if s.cursor.known {
			st.Lag = st.NextOffset - min(st.NextOffset, s.cursor.offset)
		}
		list = append(list, st)
	}
	return list
}
