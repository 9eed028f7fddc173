package journal

import (
	"encoding/binary"

	"crier/nack"
	"crier/reliable"
)

// footerFixed bounds a footer but for its index, its holes and its title: header, totals
// and trailer.
const footerFixed = headSize + 128

// footerOf returns a bound of the size of a segment's footer, with another block.
func (l *Log) footerOf(s *segment) int64 {
	if l.cfg.ByNeed {
		return 0
	}
	n := footerFixed + entrySize*(len(s.index)+2) + 16*(min(len(s.holes), MaxHoles)+2)
	if t := s.tape.title; t != nil {
		p := &t.Prev
		n += 128 + layoutSize + len(t.Topic) + len(t.Publisher) + len(t.Key) + len(p.Topic) +
			len(p.Publisher) + len(p.Key)
	}
	return int64(n)
}

// appendFooter appends the footer of a segment.
func (s *segment) appendFooter(b []byte, seed uint32, synced uint64) []byte {
	b = append(b, make([]byte, headSize)...)
	for _, n := range []uint64{s.first.Seq, s.first.Offset, s.frames, uint64(s.begun),
		uint64(s.recorded)} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	if e := s.ended; e == nil {
		b = append(b, 0, 0)
	} else {
		b = append(b, byte(e.How), byte(e.Cause))
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.index)))
	holes := s.holes[max(0, len(s.holes)-MaxHoles):]
	b = binary.BigEndian.AppendUint32(b, uint32(len(holes)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.holes)-len(holes)+s.moreHoles))
	for _, e := range s.index {
		b = binary.BigEndian.AppendUint64(b, e.Seq)
		b = binary.BigEndian.AppendUint64(b, e.Offset)
		b = binary.BigEndian.AppendUint64(b, uint64(e.time))
		b = binary.BigEndian.AppendUint64(b, uint64(e.at))
	}
	for _, h := range holes {
		b = binary.BigEndian.AppendUint64(b, h.From)
		b = binary.BigEndian.AppendUint64(b, h.To)
	}
	b = appendTitle(b, s.title)
	b = binary.BigEndian.AppendUint32(b, uint32(len(b)+trailerSize))
	b = binary.BigEndian.AppendUint32(b, trailerMagic)
	h := head{version: version, kind: kindFooter, length: uint32(len(b) - headSize), prev: s.crc,
		seq: s.next.Seq, offset: s.next.Offset, end: s.next.Offset, first: s.firstTime,
		span: spanOf(s.firstTime, s.lastTime), lag: lagOf(s.next.Seq, synced)}
	h.put(b)
	sealBlock(seed, b, nil)
	return b
}

// fromFooter fills in a segment from its footer. It reports whether that was possible.
func (s *segment) fromFooter(b *block) bool {
	c := cutter{b: b.payload}
	s.first = Mark{c.u64(), c.u64()}
	s.frames = c.u64()
	s.begun, s.recorded = int64(c.u64()), int64(c.u64())
	how, cause := reliable.End(c.u8()), reliable.Cause(c.u8())
	entries, holes, more := int(c.u32()), int(c.u32()), c.u32()
	if c.short || s.first.Seq > b.seq || entries > len(c.b)/entrySize {
		return false
	}
	s.index = make([]entry, entries)
	low, at := s.first.Seq, int64(0)
	for i := range s.index {
		e := entry{Mark{c.u64(), c.u64()}, int64(c.u64()), int64(c.u64())}
		if e.at < at || e.at >= b.at || e.Seq < low || e.Seq >= b.seq {
			return false
		}
		s.index[i], low, at = e, e.Seq, e.at+headSize
	}
	if holes > len(c.b)/16 {
		return false
	}
	for range holes {
		r := nack.Range{From: c.u64(), To: c.u64()}
		if r.From < s.first.Seq || r.To <= r.From || r.To > b.seq {
			return false
		}
		s.holes = append(s.holes, r)
	}
	s.moreHoles = int(more)
	s.title = c.title()
	s.next = Mark{b.seq, b.offset}
	s.firstTime, s.lastTime = b.first, b.last()
	if how != reliable.EndOpen {
		s.ended = &End{Seq: b.seq, Offset: b.offset, How: how, Cause: cause}
	}
	s.size, s.crc, s.sealed, s.claimed = b.at+b.size(), b.crc, true, b.synced()
	return !c.short
}
