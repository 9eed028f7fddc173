package send

import (
	"crier/reliable"
	"crier/reliable/repair"
	"crier/reliable/store"
)

// Stats holds the counters of a Sender.
type Stats struct {
	// Accepted counts messages, including dropped ones, and AcceptedBytes their bytes.
	Accepted      uint64
	AcceptedBytes uint64
	// Dropped counts messages that found no room, and DroppedBytes their bytes.
	Dropped      uint64
	DroppedBytes uint64
	// NextOffset is the offset of the next message.
	NextOffset uint64
	// Frames counts DATA frames sent for the first time.
	Frames uint64
	// TooLarge counts DATA frames that were never sent because the network's MTU had
	// fallen.
	TooLarge uint64
	// Refused counts DATA and REPAIR frames that the kernel refused.
	Refused uint64
	// Heartbeats counts HEARTBEAT frames sent.
	Heartbeats uint64
	// Datagrams counts datagrams of all kinds, and Bytes their bytes.
	Datagrams uint64
	Bytes     uint64
	// Nacks and Statuses count NACK and STATUS frames received.
	Nacks    uint64
	Statuses uint64
	// Unknown counts requested ranges that were never sent.
	Unknown uint64
	// Trials counts trials of offload. OffloadOff says that one has shown damage, and
	// that all datagrams are sent one by one since.
	Trials     uint64
	OffloadOff bool
	// Members is the number of known subscribers.
	Members int
	// MembersFull counts frames from subscribers beyond the table's size.
	MembersFull uint64
	// Foreign counts frames of a subscriber from an address that is not its own.
	Foreign uint64
	// Moved counts the times that a subscriber moved to another address.
	Moved uint64
	// Contested counts frames for a subscriber that several addresses speak for.
	Contested uint64
	// Rivals counts STATUS that tell of another publisher of the same name that runs.
	Rivals uint64
	// Stats counts what the Repairer sent and decided. Its Unanswered counts SESSION frames,
	// too.
	repair.Stats
	// Disk counts the frames on disk.
	Disk store.Stats

	// BlockedBy tells how often and for how long nothing fit, so that the producer waited or
	// messages were dropped, by cause.
	BlockedBy [reliable.Blockers]reliable.Waits
	// RateLimited is how long frames were ready to be sent and waited for the rate
	// limit.
	RateLimited reliable.Waits

	// Counted is the number of subscribers whose pace counts now, and Retained the number
	// of frames that are kept for them.
	Counted  int
	Retained uint64
	// Evicted counts evictions of subscribers from the count.
	Evicted uint64
	// MemberEventsLost counts member events that were never polled.
	MemberEventsLost uint64

	// NeverLeft counts DATA frames that the kernel refused, and that were not repeated
	// since. It and the fields below stand for what the publisher still owes.
	NeverLeft uint64
	// EndLeft says that the kernel took a BYE.
	EndLeft bool
	// Lacking is the number of subscribers that lack something; see Member.Lacks.
	Lacking uint64
	// Asking is the number of subscribers for which repairs were cut short; see
	// Member.Asks.
	Asking uint64
}

// Stats returns the counters so far.
func (s *Sender) Stats() Stats {
	st := s.stats
	st.Members = len(s.members.rows)
	st.MembersFull, st.Foreign = s.members.refused, s.members.foreign
	st.Trials, st.OffloadOff = s.offload.trials, s.offload.off
	st.MemberEventsLost = s.events.lost
	st.RateLimited = reliable.Waits{Times: s.limit.Waited(),
		For: s.limit.WaitedUntil(s.clock.now)}
	s.streams[0].count(&st)
	st.Unanswered += s.welcomes.refused + s.finds.refused
	return st
}

// count sets the counters of a stream.
func (st *Stream) count(to *Stats) {
	t := &st.tally
	to.Accepted, to.AcceptedBytes = t.accepted, t.acceptedBytes
	to.Dropped, to.DroppedBytes = t.dropped, t.droppedBytes
	to.Frames, to.TooLarge, to.Refused, to.Unknown = t.frames, t.tooLarge, t.refused, t.unknown
	to.NextOffset = st.packer.nextOffset
	to.NeverLeft, to.EndLeft = st.unsent.frames, st.unsent.endLeft
	to.Lacking, to.Asking = st.account.lacking(), st.account.asking()
	to.Stats, to.Disk, to.Retained = st.repairer.Stats(), st.store.Stats(), st.store.Retained()
	to.Evicted, to.BlockedBy = st.pace.evicted, st.window.blocked
	if w := &st.window; w.full {
		to.BlockedBy[w.by].For += min(st.session.clock.now, w.passed).Sub(w.since)
	}
	for _, m := range st.session.members.rows {
		if m.state == reliable.Counted {
			to.Counted++
		}
	}
}
