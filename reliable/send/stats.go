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
	// NextOffset is the offset of the next message: of several partitions, the highest.
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
	// EndLeft says that the kernel took a BYE of each partition.
	EndLeft bool
	// Lacking is the number of subscribers that lack something; see Member.Lacks.
	Lacking uint64
	// Asking is the number of subscribers for which repairs were cut short; see
	// Member.Asks.
	Asking uint64
}

// Stats returns the counters so far.
func (s *Sender) Stats() Stats {
	own := &s.stats // has the session's own alone
	st := Stats{Datagrams: own.Datagrams, Bytes: own.Bytes,
		Heartbeats: own.Heartbeats, Nacks: own.Nacks, Statuses: own.Statuses,
		Rivals: own.Rivals, Moved: own.Moved, Contested: own.Contested}
	st.Members = len(s.members.rows)
	st.MembersFull, st.Foreign = s.members.refused, s.members.foreign
	st.Trials, st.OffloadOff = s.offload.trials, s.offload.off
	st.MemberEventsLost = s.events.lost
	st.RateLimited = reliable.Waits{Times: s.limit.Waited(),
		For: s.limit.WaitedUntil(s.clock.now)}
	st.EndLeft = true // unless a stream denies it
	st.Counted = s.counted()
	st.Lacking, st.Asking = s.lacking(), s.asking()
	for _, one := range s.streams {
		one.count(&st)
	}
	st.Unanswered += s.welcomes.refused + s.finds.refused
	return st
}

// count adds the counters of a stream.
func (st *Stream) count(to *Stats) {
	t := &st.tally
	to.Accepted += t.accepted
	to.AcceptedBytes += t.acceptedBytes
	to.Dropped += t.dropped
	to.DroppedBytes += t.droppedBytes
	to.Frames += t.frames
	to.TooLarge += t.tooLarge
	to.Refused += t.refused
	to.Unknown += t.unknown
	to.NextOffset = max(to.NextOffset, st.packer.nextOffset)
	to.NeverLeft += st.unsent.frames
	to.EndLeft = to.EndLeft && st.unsent.endLeft
	to.Retained += st.store.Retained()
	to.Evicted += st.pace.evicted
	repairs, disk := st.repairer.Stats(), st.store.Stats()
	to.Stats.Add(&repairs)
	to.Disk.Add(&disk)
	w := &st.window
	for by, waits := range w.blocked {
		to.BlockedBy[by].Times += waits.Times
		to.BlockedBy[by].For += waits.For
	}
	if w.full {
		to.BlockedBy[w.by].For += min(st.session.clock.now, w.passed).Sub(w.since)
	}
}

// counted returns the number of subscribers whose pace counts.
func (s *Sender) counted() (n int) {
	for _, m := range s.members.rows {
		if m.counts() {
			n++
		}
	}
	return n + s.streams[0].pace.countTeams()
}

// counts reports whether the subscriber's pace counts in a stream.
func (m *member) counts() bool {
	for _, p := range m.streams {
		if p != nil && p.state == reliable.Counted {
			return true
		}
	}
	return false
}

// PartitionStats holds the counters of one partition. They are as in Stats.
type PartitionStats struct {
	Partition               uint32
	Accepted, AcceptedBytes uint64
	Dropped, DroppedBytes   uint64
	// NextOffset is the offset of the next message, and FlushedOffset that of the first one that
	// is not yet wholly with the kernel.
	NextOffset, FlushedOffset uint64
	// Frames counts DATA frames sent for the first time, and Repairs those repeated.
	Frames, Repairs uint64
	// Members is the number of subscribers that follow the partition, Counted the number of those
	// whose pace counts there, and Retained that of the frames kept for them.
	Members, Counted int
	Retained         uint64
	Evicted          uint64
	// Full says that a message found no room, and that there is none for it yet.
	Full bool
}

// Partitions returns the counters of each partition.
func (s *Sender) Partitions() []PartitionStats {
	list := make([]PartitionStats, len(s.streams))
	for i, st := range s.streams {
		t := &st.tally
		list[i] = PartitionStats{
			Partition: st.channel, Accepted: t.accepted, AcceptedBytes: t.acceptedBytes,
			Dropped: t.dropped, DroppedBytes: t.droppedBytes, NextOffset: st.packer.nextOffset,
			FlushedOffset: st.FlushedOffset(), Frames: t.frames,
			Repairs: st.repairer.Stats().Repairs, Members: len(st.audience.rows),
			Counted: st.pace.counted(), Retained: st.store.Retained(), Evicted: st.pace.evicted,
			Full: st.window.full,
		}
	}
	return list
}
