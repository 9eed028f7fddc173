// Package watch asks publishers about their teams. It knows no sockets and no clocks.
package watch

import (
	"net/netip"
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// Wait is how long a publisher may take to answer.
const Wait = 1400 * time.Millisecond

const (
	// again is the time after which one that hasn't answered is asked again.
	again = 200 * time.Millisecond
	// maxParts bounds the parts of an answer.
	maxParts = 1024
)

// A Target is a publisher to ask.
type Target struct {
	// Addr is its own address.
	Addr netip.AddrPort
	// Session is that which is meant, or 0 for whichever it has.
	Session reliable.SessionID
}

// An Answer is what a publisher says of a team.
type Answer struct {
	Target
	// Refused says why there is nothing to tell, or is 0.
	Refused frame.Refusal
	Share   reliable.Share
	Lease   time.Duration
	// GivenUp and Redelivered count messages.
	GivenUp, Redelivered uint64
	Members              []Member
	Rows                 []Row
}

// A Member is one of the team's.
type Member struct {
	Name         string
	Addr         netip.AddrPort
	Weight, Room uint32
	// Outstanding is the number of messages that it works on, and Done of those that it did.
	Outstanding uint32
	Done        uint64
	// Age is the time since the publisher heard of it.
	Age time.Duration
}

// A Row is what is done of a partition.
type Row struct {
	Partition uint32
	// Owner is the index of its member, or -1.
	Owner int
	Epoch uint64
	// Done is the offset below which all is done, and Newest that of the next message.
	Done, Newest uint64
	Attempt      uint32
	State        frame.GrantState
}

// A Watcher asks. It is not safe for concurrent use.
type Watcher struct {
	id      uint64
	team    []byte
	forget  bool
	over    reliable.Time
	request uint64
	asked   []*asked
	body    frame.ClaimBody
	encode  frame.Encoder
	out     []byte
	sending bool
}

// asked is a Target that is asked.
type asked struct {
	Target
	due     reliable.Time
	request uint64 // the first that counts: an answer to any from it on is taken
	parts   map[uint64][]*frame.TeamBody
	answer  *Answer
}

// New returns a Watcher, whose id is random.
func New(id uint64) *Watcher { return &Watcher{id: id | 1} }

// Ask begins to ask about a team, or to have it forgotten, and forgets earlier answers.
func (w *Watcher) Ask(now reliable.Time, team string, forget bool, targets []Target) {
	w.team, w.forget, w.over = []byte(team), forget, now.Add(Wait)
	w.asked = w.asked[:0]
	for _, t := range targets {
		w.asked = append(w.asked, &asked{Target: t, due: now, request: w.request + 1,
			parts: make(map[uint64][]*frame.TeamBody)})
	}
}

// Over reports whether all have answered, or the time is over.
func (w *Watcher) Over(now reliable.Time) bool {
	return now >= w.over ||
		!slices.ContainsFunc(w.asked, func(a *asked) bool { return a.answer == nil })
}

// Answers returns the answers, in the order of the targets, and those that didn't answer.
func (w *Watcher) Answers() (answers []Answer, silent []Target) {
	for _, a := range w.asked {
		if a.answer == nil {
			silent = append(silent, a.Target)
			continue
		}
		answers = append(answers, *a.answer)
	}
	return answers, silent
}

// Handle takes a frame.
func (w *Watcher) Handle(_ reliable.Time, from netip.AddrPort, f *frame.Frame) {
	t := f.Team
	if f.Kind != frame.Team || t == nil || string(t.Team) != string(w.team) ||
		t.Parts == 0 || t.Parts > maxParts || t.Part >= t.Parts {
		return
	}
	for _, a := range w.asked {
		if a.Addr == from && (a.Session == 0 || uint64(a.Session) == f.Session) &&
			a.answer == nil && f.Request >= a.request && f.Request <= w.request {
			a.take(f)
			return
		}
	}
}

// take takes a part of an answer. Parts of one answer belong together.
func (a *asked) take(f *frame.Frame) {
	t := f.Team
	parts := a.parts[f.Request]
	if parts == nil {
		parts = make([]*frame.TeamBody, t.Parts)
		a.parts[f.Request] = parts
	}
	if len(parts) != int(t.Parts) || parts[t.Part] != nil {
		return
	}
	parts[t.Part] = clone(t)
	if slices.Contains(parts, nil) {
		return
	}
	a.answer = assemble(a.Target, parts)
	a.answer.Session = reliable.SessionID(f.Session)
	a.parts = nil
}

// clone copies what Decode may use again.
func clone(t *frame.TeamBody) *frame.TeamBody {
	c := *t
	c.Members, c.Rows = slices.Clone(t.Members), slices.Clone(t.Rows)
	for i := range c.Members {
		c.Members[i].Name = slices.Clone(c.Members[i].Name)
	}
	return &c
}

// assemble joins the parts of an answer.
func assemble(of Target, parts []*frame.TeamBody) *Answer {
	first := parts[0]
	a := &Answer{Target: of, Refused: first.Refused, Share: first.Share, Lease: first.Lease,
		GivenUp: first.GivenUp, Redelivered: first.Redelivered}
	index := make(map[uint32]int)
	for _, t := range parts {
		for i := range t.Members {
			m := &t.Members[i]
			index[m.Index] = len(a.Members)
			a.Members = append(a.Members, Member{Name: string(m.Name), Addr: m.Address,
				Weight: m.Weight, Room: m.Room, Outstanding: m.Outstanding, Done: m.Done,
				Age: m.Age})
		}
	}
	for _, t := range parts {
		for _, r := range t.Rows {
			row := Row{Partition: r.Channel, Owner: -1, Epoch: r.Epoch, Done: r.Done,
				Newest: r.Newest, Attempt: r.Attempt, State: r.State}
			if at, ok := index[r.Owner-1]; ok && r.Owner > 0 {
				row.Owner = at
			}
			a.Rows = append(a.Rows, row)
		}
	}
	return a
}

// Advance lets time pass.
func (w *Watcher) Advance(reliable.Time) {}

// Deadline returns when to call Advance, and then Next.
func (w *Watcher) Deadline() reliable.Time {
	at := reliable.Never
	for _, a := range w.asked {
		if a.answer == nil {
			at = min(at, a.due)
		}
	}
	if at >= w.over {
		return reliable.Never
	}
	return at
}

// Next returns the next datagram to send.
func (w *Watcher) Next(now reliable.Time) (reliable.Batch, bool) {
	if w.sending || now >= w.over {
		return reliable.Batch{}, false
	}
	for _, a := range w.asked {
		if a.answer != nil || a.due > now {
			continue
		}
		a.due = now.Add(again)
		w.request++
		w.body = frame.ClaimBody{Team: w.team, Share: frame.Watch, Weight: 1, Forget: w.forget}
		f := frame.Frame{Kind: frame.Claim, Session: uint64(a.Session), Subscriber: w.id,
			Request: w.request, Claim: &w.body}
		w.out = w.encode.Append(w.out[:0], &f)
		w.sending = true
		return reliable.Batch{To: a.Addr, Data: w.out, Segment: len(w.out)}, true
	}
	return reliable.Batch{}, false
}

// Sent hands a batch back.
func (w *Watcher) Sent(reliable.Batch) { w.sending = false }
