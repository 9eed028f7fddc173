package send

import (
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rate"
	"crier/reliable/repair"
	"crier/reliable/store"
)

// A Stream is one channel of a session: a sequence space whose messages have an order. It
// packs them into frames, keeps the frames for as long as subscribers may need them, and
// repairs them.
type Stream struct {
	session *Sender
	slot    slot
	cfg     *Config
	channel uint32
	limit   *rate.Limit

	// group is the index of the group that its frames go to.
	group    int
	audience audience
	prev     *frame.Link
	packer   packer
	store    *store.Buffer
	window   window
	pace     pacekeeper
	account  account
	recorded recorded
	repairer *repair.Repairer
	unsent   unsent
	beats    heartbeats
	byes     byes
	turns    turns

	// Frames below wide may be larger than the datagrams that the network takes.
	wide  uint64
	tally tally
}

// A tally counts the messages and frames of a stream; see Stats.
type tally struct {
	accepted, acceptedBytes            uint64
	dropped, droppedBytes              uint64
	frames, tooLarge, refused, unknown uint64
}

// newStream returns a stream of s in which nothing was sent yet.
func newStream(s *Sender, channel uint32) *Stream {
	cfg := &s.cfg
	first, prev := cfg.first(channel), cfg.prev(channel)
	st := &Stream{session: s, cfg: cfg, channel: channel, limit: s.limit,
		group: cfg.Layout.Index(channel), audience: audience{channel: channel},
		prev: prev.Wire()}
	st.audience.overflow.member = &s.members.overflow
	kept := store.Config{
		Bytes: cfg.ringBytes(), Stride: frame.DataSize(cfg.Datagram),
		First: cfg.FirstSeq, Offset: first, Memory: cfg.ring(channel),
		Disk: cfg.share(cfg.Retention.Disk), Key: journal.Key{Session: cfg.Session, Channel: channel},
	}
	if cfg.Record.On {
		kept.Title, kept.Disk = cfg.title(channel), cfg.share(cfg.Record.Room)
		kept.Wait, kept.Sync = cfg.Record.Wait, cfg.Record.Sync
	}
	st.store = store.New(kept)
	st.packer = packer{
		store: st.store, session: cfg.Session, channel: channel, start: cfg.Start,
		wait: cfg.BatchWait, uneven: cfg.Uneven, nextOffset: first,
		due: reliable.Never, size: cfg.Datagram, ring: cfg.ringName(),
		build: frame.Builder{Always: cfg.flags()},
	}
	st.window = window{
		cfg: cfg, gather: &s.gather, store: st.store, limit: s.limit,
	}
	st.account = account{cfg: cfg, audience: &st.audience, departed: &s.members.departed,
		store: st.store, packer: &st.packer, stopped: reliable.Never}
	st.recorded.audience = &st.audience
	st.pace = pacekeeper{cfg: cfg, audience: &st.audience, account: &st.account, store: st.store,
		window: &st.window, events: &s.events, teams: teampace{teams: &s.teams}}
	st.repairer = repair.New(repair.Config{
		Session: cfg.Session, Channel: channel, Responder: cfg.Session, Start: cfg.Start,
		Datagram: cfg.Datagram, Marks: st.store.Marks(), Budget: s.budget, Limit: s.limit,
	}, st.store)
	st.beats.start(cfg.Start)
	st.byes = byes{due: reliable.Never, said: reliable.Never}
	return st
}

// advance lets time pass.
func (st *Stream) advance(now reliable.Time) {
	st.repairer.Advance(now)
	if st.window.full && st.pace.evict(now) {
		st.pace.refloor(now)
	}
}

// deadline returns when advance, and then next, must be called.
func (st *Stream) deadline(now reliable.Time) reliable.Time {
	at, data := st.beats.due, reliable.Never // data is when the next data, or repair, may go
	switch waits := st.slot.queue == gathering && st.ripe(now); {
	case waits: // for its driver, and the heartbeat for it
		at = at.Add(reliable.HeartbeatData)
	case st.limit.Bounds() && st.store.Sent() != st.store.Next():
		data = now
	case st.packer.filling():
		data = st.packer.due
	case st.closed() && !st.Pending():
		at = st.byes.due
	}
	if st.window.full {
		at = min(at, st.pace.stallDue())
	}
	at = min(at, st.store.Due())
	data = min(data, st.repairer.Deadline(now))
	switch {
	case st.slot.queue == limited: // which the session's deadline counts
		return at
	case st.limit.Bounds() && data != reliable.Never:
		data = max(data, st.limit.Ready())
	}
	return min(at, data)
}

// closed reports whether the session was closed: no message is accepted.
func (st *Stream) closed() bool { return st.session.closing.on }

// close ends the stream of a session that was closed.
func (st *Stream) close(now reliable.Time) { st.byes.start(now) }

// ended reports whether all of a closed stream was sent, and its end.
func (st *Stream) ended() bool { return st.byes.said != reliable.Never && !st.Pending() }

// finished reports whether a closed stream that has ended has nothing left to do. Its session
// stops repairing at end.
func (st *Stream) finished(now, end reliable.Time) bool {
	return now >= end && !st.pace.owes(now, st.session.closing.at)
}

// mayAsk reports whether a subscriber may yet ask for frames, though it asks for none
// now: it hasn't heard the end, or has no room for all frames that it has not delivered.
// If only NACKs counted, a subscriber that is a second behind would lose the rest.
func (st *Stream) mayAsk(status *frame.Frame, position uint64) bool {
	if status.Echo < st.session.clock.wire(st.session.closing.at) {
		return true
	}
	lacks := st.store.Next() - min(st.store.Next(), position)
	return status.Room/uint64(max(st.store.Stride(), reliable.MinHeld)) < lacks
}

// Partition returns the stream's partition, which is its channel.
func (st *Stream) Partition() uint32 { return st.channel }
