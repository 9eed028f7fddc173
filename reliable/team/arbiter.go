package team

import (
	"math/bits"
	"net/netip"
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// Streams are the streams of the session, as far as an Arbiter needs to know them.
type Streams interface {
	// Partitions returns their number.
	Partitions() int
	// Closed reports whether no messages come any more.
	Closed() bool
	// Next returns the offset of the next message of a channel, and the frame that it will start
	// in or an earlier one.
	Next(channel uint32) (seq, offset uint64)
	// Oldest returns the first message that is held, and its frame.
	Oldest(channel uint32) (seq, offset uint64)
	// Locate returns a frame in which the message at an offset starts, or an earlier one.
	Locate(channel uint32, offset uint64) (seq uint64)
	// Sent returns the first frame of a channel that wasn't sent, and the first message that
	// starts there or later.
	Sent(channel uint32) (seq, offset uint64)
}

// Session is what an Arbiter must know of its session.
type Session struct {
	ID uint64
	// Wall is the wall clock at its start, in nanoseconds since 1970.
	Wall int64
	// Seed makes the stamps that prove an address, which nobody can guess.
	Seed uint64
	// Topic and Publisher are its names, which go to positions.
	Topic, Publisher string
}

// An Arbiter grants the messages of a session to the members of teams.
type Arbiter struct {
	cfg     Config
	session Session
	streams Streams
	// teams are in the order of their first CLAIM.
	teams []*team
	// begun says that a CLAIM has come, and base is when the first one did.
	begun bool
	base  reliable.Time
	// stamped is the newest stamp.
	stamped uint64
	// first and last are of the list of the members that a GRANT is due to.
	first, last *member
	// refusals are CLAIMs that are answered by a GRANT that grants nothing.
	refusals []refusal
	watches  []watch
	events   []reliable.TeamEvent
	// due is when Advance must be called next.
	due reliable.Time
	// epoch is the highest one of teams that were forgotten.
	epoch uint64
	// moved has the channels in which the floor of a team may have moved, as bits.
	moved  [frame.MaxChannels / 64]uint64
	scores scores
	draft  draft
	frame  frame.Frame
	grant  frame.GrantBody
	stats  Stats
}

// Stats holds the counters of an Arbiter.
type Stats struct {
	// Claims counts CLAIMs, Grants GRANTs, and Repeated those that were sent again since no
	// CLAIM had shown them.
	Claims, Grants, Repeated uint64
	// Stale counts CLAIMs whose sender had no GRANT that was young enough, Old those that
	// others had overtaken, Foreign those from an address that isn't the member's, and Moved
	// moves of a member to another address.
	Stale, Old, Foreign, Moved uint64
	// Refused counts refused CLAIMs, and Unanswered answers that there was no room for.
	Refused, Unanswered uint64
	// Moves counts partitions that went from one member to another, Lapsed leases of a partition
	// that ran out, and Unfinished partitions that weren't given back in time.
	Moves, Lapsed, Unfinished uint64
	// Stalled counts members that had to give back what they held since they held up the
	// publisher.
	Stalled uint64
	// Redelivered and GivenUp count messages that were granted once more, and that were no more.
	Redelivered, GivenUp uint64
	// Overflowed counts messages that were granted later since too many were in flight, and
	// Forgotten ranges of done messages that were too many to keep.
	Overflowed, Forgotten uint64
	// EventsLost counts TeamEvents that were never polled.
	EventsLost uint64
}

const (
	// maxAnswers bounds the answers to those that are no members.
	maxAnswers = 256
	// maxEvents bounds the events that wait to be polled.
	maxEvents = 4096
)

// New returns an Arbiter, for a Config that is complete.
func New(cfg Config, session Session, streams Streams) *Arbiter {
	return &Arbiter{cfg: cfg, session: session, streams: streams, due: reliable.Never}
}

// Stats returns the counters so far.
func (a *Arbiter) Stats() Stats { return a.stats }

// Deadline returns when Advance must be called, by the lease clock.
func (a *Arbiter) Deadline() reliable.Time { return a.due }

// Advance lets time pass.
func (a *Arbiter) Advance(lease reliable.Time) {
	if lease < a.due {
		return
	}
	for _, t := range a.teams {
		t.advance(lease)
	}
	a.sweep(lease)
}

// sweep forgets the teams that have ended, and determines the deadline.
func (a *Arbiter) sweep(lease reliable.Time) {
	kept := a.teams[:0]
	a.due = reliable.Never
	for _, t := range a.teams {
		if t.over(lease) {
			a.epoch = max(a.epoch, t.epoch())
			if t.counts {
				a.movesAll()
				a.tell(t, reliable.TeamEvent{Kind: reliable.TeamForgotten})
			}
			continue
		}
		a.due = min(a.due, t.due)
		kept = append(kept, t)
	}
	clear(a.teams[len(kept):])
	a.teams = kept
}

// team returns the team of a name, or nil.
func (a *Arbiter) team(name []byte) *team {
	for _, t := range a.teams {
		if t.name == string(name) {
			return t
		}
	}
	return nil
}

// moves notes that the floor of a team may have moved in a channel.
func (a *Arbiter) moves(channel uint32) { a.moved[channel/64] |= 1 << (channel % 64) }

// movesAll notes that in all channels.
func (a *Arbiter) movesAll() {
	for channel := range uint32(a.streams.Partitions()) {
		a.moves(channel)
	}
}

// Moved returns a channel in which the floor of a team may have moved since it was returned last,
// and false if there is none.
func (a *Arbiter) Moved() (channel uint32, ok bool) {
	for i, w := range a.moved {
		if w != 0 {
			a.moved[i] = w & (w - 1)
			return uint32(64*i + bits.TrailingZeros64(w)), true
		}
	}
	return 0, false
}

// tell adds an event.
func (a *Arbiter) tell(t *team, ev reliable.TeamEvent) {
	most := maxEvents
	switch ev.Kind {
	case reliable.MessageGivenUp: // by name, as many as may be in flight
		most = maxFlight
	case reliable.MessageRedelivered:
		most /= 2
	}
	if len(a.events) >= most {
		a.stats.EventsLost++
		return
	}
	ev.Team, ev.Share = t.name, t.share
	a.events = append(a.events, ev)
}

// Poll fills events with what happened, and returns their number.
func (a *Arbiter) Poll(events []reliable.TeamEvent) int {
	n := copy(events, a.events)
	a.events = a.events[:copy(a.events, a.events[n:])]
	return n
}

// HasEvents reports whether Poll has any.
func (a *Arbiter) HasEvents() bool { return len(a.events) > 0 }

// stamp returns the lease clock on the wire: never 0, and never the same for two GRANTs.
func (a *Arbiter) stamp(lease reliable.Time) uint64 {
	return max(uint64(max(0, lease.Sub(a.base)))+1, a.stamped+1)
}

// A refusal answers a CLAIM that changed nothing.
type refusal struct {
	to         netip.AddrPort
	subscriber uint64
	request    uint64
	team       string
	share      frame.Share
	code       frame.Refusal
}

// refuse answers a CLAIM with a GRANT that grants nothing, and why; code 0 refuses nothing.
func (a *Arbiter) refuse(to netip.AddrPort, f *frame.Frame, code frame.Refusal) {
	if code != 0 {
		a.stats.Refused++
	}
	a.answer(refusal{to, f.Subscriber, f.Request, string(f.Claim.Team), f.Claim.Share, code})
}

// answer answers a CLAIM, in the place of an earlier one of the same subscriber.
func (a *Arbiter) answer(r refusal) {
	i := slices.IndexFunc(a.refusals, func(one refusal) bool {
		return one.subscriber == r.subscriber
	})
	if i >= 0 {
		a.refusals = slices.Delete(a.refusals, i, i+1)
	}
	if len(a.refusals) >= maxAnswers {
		a.stats.Unanswered++
		return
	}
	a.refusals = append(a.refusals, r)
}

// beyond returns the time after which a member holds nothing by a lease that it got at at.
func beyond(at reliable.Time, lease time.Duration) reliable.Time {
	return at.Add(lease + lease/leasePart)
}
