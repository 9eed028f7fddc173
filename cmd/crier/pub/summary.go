package pub

import (
	"crier/cmd/crier/drops"
	"crier/cmd/crier/feed"
	"crier/publisher"
)

// subscriberSummary is a subscriber's row of a summary, from its last report.
type subscriberSummary struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address"`
	// State is watching, behind, counted or evicted; then ", left" or ", not heard".
	State    string `json:"state"`
	Offset   uint64 `json:"offset"` // of the message that it delivers next, about
	Lag      uint64 `json:"lag"`    // messages, about
	Lacks    bool   `json:"lacks,omitempty"`
	Asks     bool   `json:"asks,omitempty"` // repairs were cut short
	Asked    uint64 `json:"frames_asked"`
	Repaired uint64 `json:"frames_repaired"`
	Gone     uint64 `json:"frames_gone"`
	Refused  uint64 `json:"frames_refused"`
	RTT      int64  `json:"rtt_ns,omitempty"`
	Quiet    int64  `json:"quiet_ns"` // since its last word
}

// owedSummary counts what subscribers lack, or may lack. Zeros are left out.
type owedSummary struct {
	UnsentMessages uint64 `json:"unsent_messages,omitempty"`
	NeverLeft      uint64 `json:"frames_never_left,omitempty"`
	EndUnsaid      bool   `json:"end_unsaid,omitempty"`
	Lacking        uint64 `json:"subscribers_lacking,omitempty"`
	Owed           uint64 `json:"repairs_owed,omitempty"`
	Asking         uint64 `json:"subscribers_asking,omitempty"` // when repairs were cut short
	// Subscribers is never left out. MoreSubscribers counts those without a row.
	Subscribers     []subscriberSummary `json:"subscribers"`
	MoreSubscribers int                 `json:"more_subscribers,omitempty"`
}

func (e *outcome) summary() owedSummary {
	sum := owedSummary{
		NeverLeft: e.stats.NeverLeft, EndUnsaid: !e.stats.EndLeft,
		Lacking: e.stats.Lacking, Owed: e.stats.Owed, Asking: e.stats.Asking,
		Subscribers: []subscriberSummary{}, MoreSubscribers: max(0, len(e.list)-maxSubscriberRows),
	}
	if e.unsent != nil {
		sum.UnsentMessages = e.unsent.Next - e.unsent.First
	}
	for i := range e.list[:min(len(e.list), maxSubscriberRows)] {
		s := &e.list[i]
		sum.Subscribers = append(sum.Subscribers, subscriberSummary{
			Name: s.Name, Address: s.Addr.String(), State: stateText(s),
			Offset: s.Offset, Lag: s.Lag, Lacks: s.Lacks, Asks: s.Asks,
			Asked: s.Asked, Repaired: s.Repaired, Gone: s.Gone, Refused: s.Refused,
			RTT: int64(s.RTT), Quiet: int64(s.Quiet),
		})
	}
	return sum
}

// overloadSummary tells what held the producer or was dropped. Zeros are left out.
type overloadSummary struct {
	Dropped       uint64           `json:"dropped,omitempty"`
	BlockedNS     map[string]int64 `json:"blocked_ns,omitempty"` // by what
	RateLimitedNS int64            `json:"rate_limited_ns,omitempty"`
	Evicted       uint64           `json:"subscribers_evicted,omitempty"`
	CatchUps      uint64           `json:"catch_up_frames,omitempty"`
	DiskWritten   uint64           `json:"disk_frames_written,omitempty"`
	DiskRead      uint64           `json:"disk_frames_read,omitempty"`
	DiskErrors    uint64           `json:"disk_errors,omitempty"`
}

func newOverloadSummary(st *publisher.Stats) overloadSummary {
	sum := overloadSummary{
		Dropped: st.Dropped, RateLimitedNS: int64(st.RateLimited.For), Evicted: st.Evicted,
		CatchUps:    st.Responder.CaughtUp,
		DiskWritten: st.Disk.Written, DiskRead: st.Disk.Read, DiskErrors: st.Disk.Errors,
	}
	for by, held := range st.BlockedBy {
		if held.Times > 0 {
			if sum.BlockedNS == nil {
				sum.BlockedNS = map[string]int64{}
			}
			sum.BlockedNS[publisher.Blocker(by).String()] = int64(held.For)
		}
	}
	return sum
}

// Summary is the JSON of crier pub --summary.
type Summary struct {
	Session       string `json:"session"`
	Accepted      uint64 `json:"accepted"`
	FramesSent    uint64 `json:"frames_sent"`
	RepairsSent   uint64 `json:"repairs_sent"`
	NacksReceived uint64 `json:"nacks_received"`
	BytesSent     uint64 `json:"bytes_sent"`
	// SendErrors counts datagrams that the kernel refused.
	SendErrors uint64 `json:"send_errors,omitempty"`
	// FramesTooLarge counts frames that were never sent, since the MTU had fallen.
	FramesTooLarge uint64 `json:"frames_too_large,omitempty"`
	// What came and was dropped, by cause.
	InvalidDatagrams uint64 `json:"invalid_datagrams,omitempty"`
	KernelDrops      uint64 `json:"kernel_drops,omitempty"`
	drops.Counts
	overloadSummary
	owedSummary
	// Source tells what was odd about the feed that was read.
	Source *feed.Summary `json:"source,omitempty"`
}

func newSummary(session publisher.SessionID, end *outcome) Summary {
	st := end.stats
	return Summary{
		Session: session.String(), Accepted: st.Accepted, FramesSent: st.Frames,
		RepairsSent: st.Repairs, NacksReceived: st.Nacks, BytesSent: st.Bytes,
		SendErrors: st.Socket.SendErrors, FramesTooLarge: st.TooLarge, InvalidDatagrams: st.Invalid,
		KernelDrops: st.Socket.KernelDrops,
		Counts:      drops.OfPublisher(&st), overloadSummary: newOverloadSummary(&st),
		owedSummary: end.summary(),
	}
}
