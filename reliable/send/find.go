package send

import (
	"net/netip"
	"sort"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/store"
)

// finds holds the FINDs that wait for the publisher's own DIGEST: where a message is that it
// still holds.
type finds struct {
	list    []find
	most    int // of list
	shares  shares
	refused uint64
}

type find struct {
	to      netip.AddrPort
	stream  *Stream
	request uint64
	what    frame.What
	value   uint64
}

// maxFinds is how many FINDs one address may ask at once: some 20 KiB. If there are more streams,
// their number is. All together ask twice as many at once, and findRate times as many a second;
// others ask again.
const maxFinds, findRate = 64, 4

func newFinds(streams int, seed uint64) finds {
	most := max(maxFinds, streams)
	return finds{most: 2 * most, shares: newShares(uint64(findRate*most), uint64(2*most), seed)}
}

// handleFind takes a FIND that was sent to this publisher.
func (s *Sender) handleFind(now reliable.Time, from netip.AddrPort, st *Stream, f *frame.Frame) {
	q := &s.finds
	if len(q.list) >= q.most || !q.shares.take(now, from.Addr(), 1) {
		q.refused++
		return
	}
	q.list = append(q.list, find{from, st, f.Request, f.Find.What, f.Find.Value})
}

// nextDigest makes b of the next DIGEST that answers a FIND.
func (s *Sender) nextDigest(now reliable.Time, b *outgoing) bool {
	if len(s.finds.list) == 0 {
		return false
	}
	q := s.finds.list[0]
	s.finds.list = append(s.finds.list[:0], s.finds.list[1:]...)
	s.control.batch(q.to, q.stream.digestFrame(now, &q), b)
	return true
}

// digestFrame describes what the stream's store holds, and the place that was asked for.
func (st *Stream) digestFrame(now reliable.Time, q *find) frame.Frame {
	s := st.session
	f := st.beatFrame(now, frame.Digest, 0)
	f.Flags = frame.Live
	if st.closed() && !st.Pending() {
		f.Flags |= frame.Final | frame.Ended
	}
	f.Responder, f.Request, f.Name = s.cfg.Session, q.request, []byte(s.cfg.Name)
	groups, base := s.cfg.told()
	d := &frame.DigestBody{
		Topic: []byte(s.cfg.Topic), Channels: uint32(len(s.streams)), Groups: groups, Base: base,
		Role: frame.Publisher, Version: f.Time, Position: f.NextSeq, From: f.OldestSeq,
		To: f.NextSeq, Wall: s.cfg.Wall, FirstSeq: s.cfg.FirstSeq,
		FirstOffset: s.cfg.first(st.channel), Prev: st.prev, Replay: uint64(s.cfg.Replay),
	}
	switch d.At = true; q.what {
	case frame.FindOffset:
		d.AtSeq = st.seqOf(f.OldestSeq, f.NextSeq, q.value)
	case frame.FindTime:
		d.AtSeq = st.seqAt(f.OldestSeq, f.NextSeq, q.value)
	case frame.FindOldest:
		d.AtSeq = f.OldestSeq
	default:
		d.AtSeq = f.NextSeq
	}
	d.AtOffset = st.store.Start(d.AtSeq)
	f.Digest = d
	return f
}

// seqOf returns the frame in which a message starts, within [from, to), or from if it starts
// before.
func (st *Stream) seqOf(from, to, offset uint64) uint64 {
	n := sort.Search(int(to-from), func(i int) bool {
		return st.store.Start(from+uint64(i)+1) > offset
	})
	return from + uint64(n)
}

// seqAt returns the first frame of a time or later, in nanoseconds since 1970, within [from, to).
// Only frames in memory can tell: where that is before them, it is the oldest.
func (st *Stream) seqAt(from, to, wall uint64) uint64 {
	low := max(from, st.store.InMemory())
	n := sort.Search(int(to-min(low, to)), func(i int) bool {
		at, ok := st.timeOf(low + uint64(i))
		return !ok || uint64(max(st.session.cfg.Wall, 0))+at >= wall
	})
	if n == 0 {
		return from
	}
	return low + uint64(n)
}

// timeOf returns the time in a frame that is in memory.
func (st *Stream) timeOf(seq uint64) (uint64, bool) {
	if st.store.Look(seq) != store.InMemory {
		return 0, false
	}
	c := &st.session.control
	if c.decode.Decode(st.store.Frame(seq), &c.scratch) != nil {
		return 0, false
	}
	return c.scratch.Time, true
}
