package directory

import (
	"iter"
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// ListenerConfig configures a Listener.
type ListenerConfig struct {
	// ID is the random id of whoever asks. Required.
	ID uint64
	// Seed makes the numbers of questions random.
	Seed uint64
	// Start is when the Listener begins: it listens already, and asks then.
	Start reliable.Time
	// Pattern selects the topics.
	Pattern topic.Pattern
	// Spread is the time over which answers are to spread. Publishers make it longer if they are
	// many.
	Spread time.Duration
	// Events says that Poll is called for what is found, and what is gone.
	Events bool
}

// A Listener keeps a table of the publishers whose topics match a pattern.
type Listener struct {
	cfg    ListenerConfig
	roster roster
	dice   dice
	asking asking
	// topics counts the rows of each topic.
	topics  map[string]int
	rows    int
	version uint64
	events  []Event

	out struct {
		taken  bool
		encode frame.Encoder
		arena  []byte
	}
	stats ListenerStats
}

// Event tells that a publisher was found, or is gone.
type Event struct {
	// Gone says that the publisher has ended, or wasn't heard for long. Ended says which.
	Gone, Ended bool
	Row         Row
}

// maxEvents bounds the events that wait.
const maxEvents = 1024

// NewListener returns a Listener that knows nothing yet.
func NewListener(cfg ListenerConfig) (*Listener, error) {
	if cfg.ID == 0 {
		return nil, config.Errorf("ID", "a listener needs an id that is not 0")
	}
	if cfg.Pattern == (topic.Pattern{}) {
		return nil, config.Errorf("Pattern", "a listener needs a pattern: use * for all topics")
	}
	l := &Listener{cfg: cfg, roster: newRoster(), dice: newDice(cfg.Seed),
		topics: map[string]int{}}
	l.Ask(cfg.Start)
	return l, nil
}

// Ask asks all publishers again, such as after the network was away.
func (l *Listener) Ask(now reliable.Time) { l.asking.begin(now) }

// Handle takes a decoded frame that came from the group of the directory, or to the Listener's own
// address.
func (l *Listener) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if f.Kind != frame.Announce {
		return
	}
	switch {
	case f.Request == 0:
		l.stats.Heard++
	case l.asking.asked(f.Request):
		l.stats.Answers++
	default:
		l.stats.Unasked++
		return
	}
	if f.Announce.Interval == 0 {
		if p := l.roster.find(f.Session); p != nil && p.from == from {
			l.remove(p.row, true)
			l.roster.remove(f.Session)
		}
		return
	}
	if p := l.roster.find(f.Session); p == nil && !l.sound(f) {
		l.stats.Malformed++
		return
	}
	p, v := l.roster.hear(now, f.Session, from, f.Feed, f.Announce.Interval)
	switch v {
	case foreign:
		l.stats.Foreign++
	case crowded:
		l.stats.Crowded++
	case fresh:
		l.add(now, from, p, f)
	case known:
		if p.row != nil && string(f.Topic) == p.row.Topic {
			p.row.take(now, from, f)
			l.version++
		}
	}
}

// sound reports whether there can be a publisher that announces this.
func (l *Listener) sound(f *frame.Frame) bool {
	_, ok := layoutOf(f.Announce)
	return ok && topic.Check(string(f.Topic)) == nil
}

// add adds the row of a publisher that is new, if its topic matches.
func (l *Listener) add(now reliable.Time, from netip.AddrPort, p *peer, f *frame.Frame) {
	name := string(f.Topic)
	if !l.cfg.Pattern.Match(name) {
		return
	}
	layout, _ := layoutOf(f.Announce)
	p.row = &Row{Session: reliable.SessionID(f.Session), Topic: name, Layout: layout, First: now}
	p.row.take(now, from, f)
	l.rows++
	l.version++
	l.topics[name]++
	l.tell(Event{Row: *p.row})
}

// remove removes a row, if there is one.
func (l *Listener) remove(row *Row, ended bool) {
	if row == nil {
		return
	}
	l.rows--
	l.version++
	if l.topics[row.Topic]--; l.topics[row.Topic] == 0 {
		delete(l.topics, row.Topic)
	}
	l.tell(Event{Gone: true, Ended: ended, Row: *row})
}

// tell adds an event.
func (l *Listener) tell(e Event) {
	if !l.cfg.Events {
		return
	}
	if len(l.events) >= maxEvents {
		l.stats.EventsLost++
		return
	}
	l.events = append(l.events, e)
}

// Poll moves up to len(to) events to to, and returns their number.
func (l *Listener) Poll(to []Event) int {
	n := copy(to, l.events)
	l.events = append(l.events[:0], l.events[n:]...)
	return n
}

// Advance lets time pass.
func (l *Listener) Advance(now reliable.Time) {
	l.roster.sweep(now, func(row *Row) { l.remove(row, false) })
	l.asking.advance(now, l.roster.size(), l.dice)
}

// Deadline returns when to call Advance, and then Next.
func (l *Listener) Deadline() reliable.Time {
	if l.out.taken {
		return reliable.Never
	}
	at := l.asking.due
	if l.roster.size() > 0 {
		at = min(at, l.roster.swept.Add(sweepEvery))
	}
	return at
}

// Next returns the next datagram to send, if there is one: a FIND to the group. Sent hands it back.
func (l *Listener) Next(now reliable.Time) (reliable.Batch, bool) {
	l.Advance(now)
	if l.out.taken || !l.asking.ready {
		return reliable.Batch{}, false
	}
	l.asking.ready = false
	l.stats.Asked++
	l.out.taken = true
	l.out.arena = l.out.encode.Append(l.out.arena[:0], &frame.Frame{
		Kind: frame.Find, Subscriber: l.cfg.ID, Request: l.asking.request[0],
		Find: &frame.FindBody{What: frame.FindTopics, Value: uint64(l.cfg.Spread),
			Topic: []byte(l.cfg.Pattern.String())},
	})
	return reliable.Batch{Data: l.out.arena, Segment: len(l.out.arena)}, true
}

// Sent hands a batch back.
func (l *Listener) Sent(reliable.Batch) { l.out.taken = false }

// Rows yields the table's rows, in no particular order. They are valid until the next call.
func (l *Listener) Rows() iter.Seq[*Row] {
	return func(yield func(*Row) bool) {
		for i := range l.roster.list {
			if row := l.roster.list[i].row; row != nil && !yield(row) {
				return
			}
		}
	}
}

// Lives reports whether a publisher of a topic is known.
func (l *Listener) Lives(topic string) bool { return l.topics[topic] > 0 }

// Version grows with each change of the table.
func (l *Listener) Version() uint64 { return l.version }

// Stats returns the counters so far.
func (l *Listener) Stats() ListenerStats {
	s := l.stats
	s.Publishers, s.Rows = l.roster.size(), l.rows
	return s
}
