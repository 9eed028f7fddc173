package inquest

import (
	"net/netip"
	"testing"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// FuzzInquest gives an inquest DIGESTs made of arbitrary numbers: what it names lost, no listed
// member has, and the ranges are counted.
func FuzzInquest(f *testing.F) {
	f.Add([]byte("\x01\x00\x10\x20\x30\x00\x40\x05\x06\x02\x00\x00\x50\x60\x00\x60\x01\x02\x03"))
	f.Fuzz(func(t *testing.T, b []byte) {
		next := func() uint64 {
			if len(b) == 0 {
				return 0
			}
			n := uint64(b[0])
			b = b[1:]
			return n
		}
		q := New(0, Config{ID: 1, Role: frame.Peer, Session: session})
		q.Update(0, &Own{Oldest: Place{10, 100}, Next: Place{200, 2000}, Position: Place{20, 200},
			Absent: seqs(20, 30, 50, 90)})
		now := reliable.Time(0)
		for len(b) > 0 {
			d := &frame.DigestBody{Role: frame.Role(2 + next()%2), Version: next(), Position: next(),
				At: true, AtSeq: next(), Proposal: next() % 2}
			g := &frame.Frame{Kind: frame.Digest, Session: session, Digest: d,
				Responder: 2 + next()%4,
				Flags:     frame.Flags(next()) & (frame.Full | frame.Live | frame.Final),
				OldestSeq: next(), NextSeq: next() * next()}
			d.From, d.To = g.OldestSeq+next(), min(g.NextSeq, g.OldestSeq+next()*8)
			at := d.From
			for range next() % 4 {
				r := nack.Range{From: at + next(), To: at + next()}
				if g.Ranges = append(g.Ranges, r); r.To > at {
					at = r.To
				}
			}
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(next() % 3)}), 7)
			q.Hear(now, from, g)
			now += reliable.Time(next()) * milli
			q.Advance(now)
			var out frame.Frame
			q.Digest(now, &out)
			n := 0
			for i := range q.table.ids {
				m := q.table.member(i)
				n += m.ranges()
				for _, u := range m.unknown() {
					if u.From < m.oldest || u.To > m.next || countIn(m.absent(), u.From, u.To) > 0 {
						t.Fatalf("unknown %v, absent %v of [%d, %d)", u, m.absent(), m.oldest, m.next)
					}
				}
				for _, r := range q.find.nobody {
					if m.state == listed && !q.course.stale && q.course.cert == nil &&
						m.lacks(r.From, r.To) < r.Len() {
						t.Fatalf("member %d has some of %v", m.id, r)
					}
				}
			}
			if n != q.table.ranges || n != q.table.room.ranges {
				t.Fatalf("%d ranges, and %d are counted", n, q.table.ranges)
			}
		}
	})
}
