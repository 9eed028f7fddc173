package send

import (
	"crier/nack"
	"crier/reliable"
)

// SenderStats counts what a Sender did.
type Stats struct {
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
	HeldBy [reliable.Holders]reliable.Held
	// RateLimited is how long frames were ready to be sent and waited for the rate
	// limit.
	RateLimited reliable.Held

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
func (s *Sender) Stats() Stats {
	st := s.stats
	st.NextOffset = s.packer.nextOffset
	st.Members = len(s.members.rows)
	st.MembersFull, st.Foreign = s.members.refused, s.members.foreign
	st.NeverLeft, st.EndLeft, st.Lacking = s.unsent.frames, s.unsent.endLeft, s.account.lacking()
	st.Asking = s.account.asking()
	st.Trials, st.OffloadOff = s.offload.trials, s.offload.off
	r := s.repairer.Stats()
	st.Repairs, st.RepairBytes, st.CatchUps = r.Repairs, r.RepairBytes, r.CatchUps
	st.Confirms, st.Responder = r.Confirms, r.Responder
	st.Unanswered, st.Unconfirmed = r.Unanswered+s.welcomes.refused, r.Unconfirmed
	st.LeftOut, st.MemberEventsLost = s.pace.leftOut, s.pace.lost
	st.HeldBy = s.window.held
	if s.window.full {
		st.HeldBy[s.window.by].For += min(s.now, s.window.passed).Sub(s.window.since)
	}
	st.RateLimited = reliable.Held{Times: s.limit.Waited(), For: s.limit.WaitedUntil(s.now)}
	for _, m := range s.members.rows {
		if m.state == reliable.Counted {
			st.Counted++
		}
	}
	disk := s.store.Stats()
	st.Retained, st.DiskFrames = s.store.Retained(), disk.Frames
	st.DiskWritten, st.DiskRead, st.DiskErrors = disk.Written, disk.Read, disk.Errors
	return st
}
