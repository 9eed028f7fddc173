package receive

import (
	"net/netip"
	"time"

	"crier/reliable"
)

// A Life is what is known of a session.
type Life struct {
	// To is where its publisher takes frames, and valid once it was heard.
	To netip.AddrPort
	// Topic is its topic, and Publisher the publisher's name, as far as SESSION was heard.
	Topic, Publisher string
	Known            bool
	// Teams says that the publisher grants work to teams, by its SESSION.
	Teams bool
	// Partitions is their number, as far as is known.
	Partitions int
	// FromStart says that it began after the Receiver joined: all of its messages count here.
	FromStart bool
	// Heard is when its publisher was last heard, and SilentAt when it is silent unless it is
	// heard before.
	Heard, SilentAt reliable.Time
	// Ended says that it has said BYE of all that was heard.
	Ended bool
}

// Life returns what is known of a session, and false if it isn't followed.
func (r *Receiver) Life(session uint64) (Life, bool) {
	s := r.table.byID[session]
	if s == nil || s.place.away {
		return Life{}, false
	}
	l := Life{To: s.to(), Known: s.title.known, Teams: s.teams,
		Partitions: s.partitions(), FromStart: s.join.fromStart,
		Heard: s.heard, SilentAt: s.silentAt(),
		Ended: s.all(func(st *stream) bool { return st.phase == left || st.phase == ended })}
	if t := s.title.told; t != nil {
		l.Topic, l.Publisher = t.Topic, t.Publisher
	}
	return l, true
}

// Describe makes ev an event about a stream, at this time, with the fields that all of them have.
func (r *Receiver) Describe(ev *reliable.Run, session uint64, channel uint32,
	kind reliable.EventKind) {
	if st := r.streamOf(session, channel); st != nil {
		st.event(ev, kind, r.now)
		return
	}
	*ev = reliable.Run{}
	ev.Kind, ev.Partition, ev.Session = kind, channel, reliable.SessionID(session)
	ev.Received = r.cfg.Epoch.Add(time.Duration(r.now))
	if s := r.session(session); s != nil {
		ev.Group, ev.Source = s.group, s.source
		if t := s.title.told; t != nil {
			ev.Publisher = t.Publisher
		}
	}
}

// Lives returns the ids of the sessions that are followed, in the order in which they were first
// heard.
func (r *Receiver) Lives(to []uint64) []uint64 {
	for _, s := range r.table.list {
		to = append(to, s.id)
	}
	return to
}

// Speaks reports whether the publisher of a session speaks from an address.
func (r *Receiver) Speaks(session uint64, from netip.AddrPort) bool {
	s := r.table.byID[session]
	return s != nil && s.speaks(from)
}

// Attest says that the publisher of a session counts as heard until a time, though it says nothing
// more to groups that are joined: it answers otherwise. Streams that are silent are taken up again.
// Only for a Receiver with a Gate.
func (r *Receiver) Attest(now reliable.Time, session uint64, until reliable.Time) {
	s := r.table.byID[session]
	if s == nil || s.place.away || r.cfg.Gate == nil || until <= s.attested {
		return
	}
	r.Keep()
	r.tick(now)
	if s.attested = until; s.phases[silent]+s.phases[orphaned] > 0 {
		for _, st := range s.streams {
			if st.deserted() {
				st.resume(now)
			}
		}
		r.enliven(s)
	}
}

// Conclude says that nothing more is wanted of a session once all of its streams have ended: its
// groups are left. Only for a Receiver with a Gate.
func (r *Receiver) Conclude(now reliable.Time, session uint64) {
	s := r.table.byID[session]
	if s == nil || s.place.away || s.concluded {
		return
	}
	r.tick(now)
	if s.concluded = true; s.member.joined && s.over() {
		r.topics.part(s)
	}
}

// A Place is where a stream stands.
type Place struct {
	// Taken says that it is taken: see Receiver.Take.
	Taken bool
	// Next is the offset of the message that is delivered next, in the frame Seq or after it.
	Seq, Next uint64
	// Received is the offset behind the last message before which none is missing, and Newest that
	// behind the last one that is known to exist.
	Received, Newest uint64
	// Ready says that all is here that was known when it was taken, or that there is room for.
	Ready bool
	// Ends says that its publisher said BYE, and it has yet to be told. Over says that nothing
	// more is told of it.
	Ends, Over bool
}

// Place returns where a stream stands, and false if nothing was heard of it.
func (r *Receiver) Place(session uint64, channel uint32) (Place, bool) {
	st := r.streamOf(session, channel)
	if st == nil || !st.cursor.known {
		return Place{}, false
	}
	p := Place{Taken: !st.taken.off, Seq: st.win.next, Next: st.cursor.offset,
		Newest: st.stats.NextOffset, Ends: st.phase == left, Over: st.over()}
	p.Received = p.Newest
	first, missing := st.asked.firstMissing()
	if missing {
		p.Received = min(st.beginning().Offset, p.Newest)
	}
	p.Ready = p.Taken && !st.taken.unheard &&
		(!missing || first >= min(st.taken.known, st.room.edge()))
	return p, true
}
