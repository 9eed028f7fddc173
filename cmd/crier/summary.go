package main

import (
	"encoding/json"
	"fmt"

	"os"

	"crier/publisher"
	"crier/subscriber"
)

// pubSummary is what crier pub --summary writes.
type pubSummary struct {
	Session       string `json:"session"`
	Accepted      uint64 `json:"accepted"`
	FramesSent    uint64 `json:"frames_sent"`
	RepairsSent   uint64 `json:"repairs_sent"`
	NacksReceived uint64 `json:"nacks_received"`
	BytesSent     uint64 `json:"bytes_sent"`
	SendErrors    uint64 `json:"send_errors"`
}

func newPubSummary(session uint64, st publisher.Stats) pubSummary {
	return pubSummary{
		Session: sessionText(session), Accepted: st.Accepted, FramesSent: st.Frames,
		RepairsSent: st.Repairs, NacksReceived: st.Nacks, BytesSent: st.Bytes,
		SendErrors: st.Socket.SendErrors,
	}
}

// subSummary is what crier sub --summary writes.
type subSummary struct {
	Sessions         []*sessionSummary `json:"sessions"`
	InvalidDatagrams uint64            `json:"invalid_datagrams"`
	KernelDrops      uint64            `json:"kernel_drops"`
}

// sessionSummary is one session's part of it. Offsets are from first_offset,
// which is included, to next_offset, which is not.
type sessionSummary struct {
	Session     string        `json:"session"`
	Name        string        `json:"name,omitempty"`
	Source      string        `json:"source"`
	FirstOffset uint64        `json:"first_offset"`
	NextOffset  uint64        `json:"next_offset"`
	BeforeStart uint64        `json:"before_start"`
	Delivered   uint64        `json:"delivered"`
	Recovered   uint64        `json:"recovered"`
	Lost        uint64        `json:"lost"`
	Losses      []lossSummary `json:"losses"`
	MoreLosses  uint64        `json:"more_losses,omitempty"` // reports beyond those listed
	Duplicates  uint64        `json:"duplicates"`
	NacksSent   uint64        `json:"nacks_sent"`
	Latency     *quantiles    `json:"latency_ns"`
	Recovery    *quantiles    `json:"recovery_ns"`
	End         string        `json:"end"`
}

// lossSummary is one loss report; To is exclusive.
type lossSummary struct {
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
	Cause string `json:"cause"`
}

// maxLosses bounds the loss reports that a summary lists: a subscriber may run
// for months.
const maxLosses = 10000

// tally counts what a subscriber's stream brings.
type tally struct {
	order    []uint64
	sessions map[uint64]*sessionTally
	open     int // sessions that have neither ended nor are silent
	seen     int
	messages uint64
	lost     uint64
}

type sessionTally struct {
	sessionSummary
	latency, recovery histogram
}

func newTally() *tally { return &tally{sessions: make(map[uint64]*sessionTally)} }

// note takes an event.
func (t *tally) note(ev *subscriber.Event) {
	s := t.sessions[ev.Session]
	if s == nil {
		s = &sessionTally{}
		s.Session, s.Source, s.End = sessionText(ev.Session), ev.Source.String(), "open"
		s.Losses = []lossSummary{}
		t.sessions[ev.Session] = s
		t.order = append(t.order, ev.Session)
	}
	switch ev.Kind {
	case subscriber.Message:
		t.messages++
		s.Delivered++
		if ev.Recovered {
			s.Recovered++
			s.recovery.record(ev.Recovery)
		}
		if !ev.Sent.IsZero() {
			s.latency.record(ev.Received.Sub(ev.Sent))
		}
	case subscriber.Loss:
		t.lost += ev.Lost.Len()
		s.Lost += ev.Lost.Len()
		if len(s.Losses) < maxLosses {
			s.Losses = append(s.Losses, lossSummary{ev.Lost.From, ev.Lost.To, ev.Cause.String()})
		} else {
			s.MoreLosses++
		}
	case subscriber.SessionNew:
		t.seen++
		t.open++
	case subscriber.SessionSilent:
		t.open--
		s.End = "silent"
	case subscriber.SessionResumed:
		t.open++
		s.End = "open"
	case subscriber.SessionEnded:
		t.open--
		if ev.Cause != subscriber.CauseClosed {
			s.End = "bye"
		}
	}
}

// summary returns what was counted, completed with what the subscriber knows.
// Where it left before it had taken all, the session's range ends with what it
// took.
func (t *tally) summary(sub *subscriber.Subscriber, all bool) *subSummary {
	st := sub.Stats()
	sum := &subSummary{Sessions: []*sessionSummary{}, InvalidDatagrams: st.Invalid, KernelDrops: st.KernelDrops}
	known := make(map[uint64]subscriber.Session)
	for _, s := range sub.Sessions() {
		known[s.ID] = s
	}
	for _, id := range t.order {
		s := t.sessions[id]
		k := known[id] // a session that was evicted has left only what was counted
		s.Name, s.FirstOffset, s.NextOffset = k.Name, k.FirstOffset, k.NextOffset
		s.BeforeStart, s.Duplicates, s.NacksSent = k.BeforeStart, k.Duplicates, k.Nacks
		if !all {
			s.NextOffset = s.FirstOffset + s.Delivered + s.Lost
		}
		s.Latency, s.Recovery = s.latency.quantiles(), s.recovery.quantiles()
		sum.Sessions = append(sum.Sessions, &s.sessionSummary)
	}
	return sum
}

// writeSummary writes a summary as JSON to a file, or to stdout for "-".
func writeSummary(path string, std streams, summary any) error {
	if path == "" {
		return nil
	}
	data, err := json.MarshalIndent(summary, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if path == "-" {
		_, err = std.out.Write(data)
	} else {
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		return fmt.Errorf("the summary can't be written: %w", err)
	}
	return nil
}
