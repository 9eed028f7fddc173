package journal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"crier/nack"
	"crier/reliable"
)

// A plan is what one write appends to a segment: whole blocks. Its memory is used again
// and again, so that appending brings no garbage.
type plan struct {
	// pieces are the blocks' headers and sizes, in front, and their frames.
	pieces [][]byte
	front  []byte
	blocks []planned
	// size is that of the blocks, and crc the checksum of the last one.
	size int64
	crc  uint32
	end  Mark
	// record is the first of the job's records that is not in the plan.
	record int
}

// A planned is a block of a plan.
type planned struct {
	head
	next uint64
	at   int64
	end  *End
}

// The errors of records that don't fit together.
var (
	errBefore = errors.New("a record begins before the end of its tape")
	errSizes  = errors.New("a record's sizes don't fit its frames")
	errLarge  = errors.New("a record is too large for a block")
)

func isFull(err error) bool { return errors.Is(err, ErrNoSpace) }

// check reports a record that is not whole, or not next.
func check(next uint64, r *Record) error {
	if r.End != nil {
		return nil
	}
	if r.Frames.From < next {
		return fmt.Errorf("%w: frames %v, and the tape goes on at %d", errBefore, r.Frames, next)
	}
	if r.Hole != nil {
		if r.Frames.Len() == 0 {
			return fmt.Errorf("%w: a hole without frames", errSizes)
		}
		return nil
	}
	if len(r.Sizes) > MaxFrames || len(r.Data) > MaxBlock {
		return fmt.Errorf("%w: frames %v, %d bytes", errLarge, r.Frames, len(r.Data))
	}
	left := len(r.Data)
	for _, n := range r.Sizes {
		if left -= int(n); n <= 0 || n > 0xffff || left < 0 {
			return fmt.Errorf("%w: frames %v", errSizes, r.Frames)
		}
	}
	if left != 0 || uint64(len(r.Sizes)) != r.Frames.Len() || len(r.Sizes) == 0 {
		return fmt.Errorf("%w: frames %v", errSizes, r.Frames)
	}
	return nil
}

// append writes records to the end of a tape. It may write some of them, and fail. told is
// an error that did no harm.
func (l *Log) append(t *tape, records []Record, wall int64) (told, err error) {
	if len(t.segs) == 0 && (l.cfg.ByNeed || t.next == (Mark{})) {
		t.next = Mark{records[0].Frames.From, records[0].Offset}
	}
	next := t.next.Seq
	for i := range records {
		if err := check(next, &records[i]); err != nil {
			return nil, err
		}
		next = max(next, records[i].Frames.To)
	}
	for len(records) > 0 {
		s := t.last()
		if s != nil && l.isOld(s, wall) {
			if err := l.seal(t, s, wall); err != nil {
				return told, err
			}
			s = nil
		}
		if s == nil {
			if s, err = l.begin(t, wall); err != nil {
				return told, err
			}
		}
		if l.fill(t, s, records, wall); l.plan.record == 0 && l.plan.end == t.next {
			if err := l.seal(t, s, wall); err != nil { // it is full
				return told, err
			}
			continue
		}
		err := l.flush(t, s, wall)
		switch {
		case err == nil:
			records = records[l.plan.record:]
			continue
		case isFull(err):
			return told, err
		}
		l.abandon(t, s)
		if told != nil {
			return nil, err
		}
		told = err // the file may be at fault: once more, in a new one
	}
	return told, nil
}

// fill makes the plan of what of the records fits in a segment.
func (l *Log) fill(t *tape, s *segment, records []Record, wall int64) {
	p := &l.plan
	p.clear(t, s)
	if s.size == 0 || s.title != t.title {
		l.addSession(t, s, wall)
	}
	for p.record < len(records) && len(p.pieces) < maxPieces {
		r := &records[p.record]
		gap := nack.Range{From: p.end.Seq, To: r.Frames.From}
		switch {
		case gap.Len() > 0: // the caller left it out
			h := Hole{gap, nack.Range{From: p.end.Offset, To: r.Offset}, reliable.CauseGone}
			if !l.addHole(t, s, &h, r.First, r.First, wall) {
				return
			}
			continue
		case r.End != nil:
			if !l.addEnd(t, s, r, wall) {
				return
			}
		case r.Hole != nil:
			h := Hole{r.Frames, nack.Range{From: r.Offset, To: r.EndOffset}, r.Hole.Cause}
			if !l.addHole(t, s, &h, r.First, r.Last, wall) {
				return
			}
		case !l.addFrames(t, s, r, wall):
			return
		}
		p.record++
	}
}

// clear begins a plan.
func (p *plan) clear(t *tape, s *segment) {
	p.pieces, p.front, p.blocks = p.pieces[:0], p.front[:0], p.blocks[:0]
	p.size, p.crc, p.end, p.record = 0, s.crc, t.next, 0
}

// maxPieces bounds the pieces of one write.
const maxPieces = 256

// fits reports whether a block of so many bytes has room in a segment, behind the plan.
// One always has.
func (l *Log) fits(s *segment, block int64) bool {
	p := &l.plan
	if len(s.index) == 0 && s.ended == nil && (len(p.blocks) == 0 || len(p.blocks) == 1 &&
		p.blocks[0].kind == kindSession) {
		return true
	}
	return s.size+p.size+block+l.footerOf(s) <= l.cfg.Segment
}

// put adds a block to the plan whose payload begins with what front has behind the header
// from a place on, and goes on with data.
func (l *Log) put(t *tape, s *segment, h head, from int, next uint64, data []byte) *planned {
	p := &l.plan
	front := p.front[from:len(p.front):len(p.front)]
	h.version, h.prev, h.lag = version, p.crc, lagOf(h.seq, t.synced)
	h.length = uint32(len(front) - headSize + len(data))
	h.put(front)
	h.crc = sealBlock(t.seed, front, data)
	p.pieces = append(p.pieces, front)
	if len(data) > 0 {
		p.pieces = append(p.pieces, data)
	}
	p.blocks = append(p.blocks, planned{head: h, next: next, at: s.size + p.size})
	p.size += headSize + int64(h.length)
	p.crc = h.crc
	p.end = Mark{next, h.end}
	return &p.blocks[len(p.blocks)-1]
}

// open begins the front of a block.
func (p *plan) open() (from int) {
	from = len(p.front)
	p.front = append(p.front, make([]byte, headSize)...)
	return from
}

func (l *Log) addSession(t *tape, s *segment, wall int64) {
	p := &l.plan
	from := p.open()
	p.front = appendSession(p.front, t.key, wall, t.title)
	m := s.next
	l.put(t, s, head{kind: kindSession, seq: m.Seq, offset: m.Offset, end: m.Offset, first: wall},
		from, m.Seq, nil)
}

// times returns the times of a record, so that they never fall.
func (t *tape) times(first, last, wall int64) (int64, int64) {
	if first == 0 {
		first = wall
	}
	first = max(first, t.lastTime)
	return first, max(first, last)
}

func (l *Log) addHole(t *tape, s *segment, h *Hole, first, last, wall int64) bool {
	if !l.fits(s, headSize+holeSize) {
		return false
	}
	l.putHole(t, s, h, first, last, wall)
	return true
}

func (l *Log) putHole(t *tape, s *segment, h *Hole, first, last, wall int64) {
	p := &l.plan
	from := p.open()
	p.front = appendHole(p.front, h.Frames.To, h.Cause)
	first, last = t.times(first, last, wall)
	l.put(t, s, head{kind: kindHole, seq: h.Frames.From, offset: h.Offsets.From,
		end: h.Offsets.To, first: first, span: spanOf(first, last)}, from, h.Frames.To, nil)
}

func (l *Log) addEnd(t *tape, s *segment, r *Record, wall int64) bool {
	if !l.fits(s, headSize+endSize) {
		return false
	}
	p := &l.plan
	end := &End{Seq: p.end.Seq, Offset: p.end.Offset, How: r.End.How, Cause: r.End.Cause}
	from := p.open()
	p.front = appendEnd(p.front, end)
	first, _ := t.times(r.First, r.Last, wall)
	b := l.put(t, s, head{kind: kindEnd, seq: end.Seq, offset: end.Offset, end: end.Offset,
		first: first}, from, end.Seq, nil)
	b.end = end
	return true
}

// addFrames adds a block of a record's frames.
func (l *Log) addFrames(t *tape, s *segment, r *Record, wall int64) bool {
	if !l.fits(s, BlockSize(len(r.Sizes), len(r.Data))) {
		return false
	}
	p := &l.plan
	from := p.open()
	for _, frame := range r.Sizes {
		p.front = binary.BigEndian.AppendUint16(p.front, uint16(frame))
	}
	first, last := t.times(r.First, r.Last, wall)
	l.put(t, s, head{kind: kindData, count: uint16(len(r.Sizes)), seq: r.Frames.From,
		offset: r.Offset, end: r.EndOffset, first: first, span: spanOf(first, last)},
		from, r.Frames.To, r.Data)
	return true
}

// flush writes the plan, and takes it into the account. It drops old segments for room.
func (l *Log) flush(t *tape, s *segment, wall int64) error {
	p := &l.plan
	f, err := l.open(s)
	if err != nil {
		return err
	}
	if err := l.makeRoom(s, p.size); err != nil {
		return err
	}
	for {
		if err = f.Append(s.size, p.pieces...); err == nil {
			break
		}
		_ = f.Truncate(s.size) // what was written of it must not be taken for more
		if !isFull(err) {
			return err
		}
		switch dropped := l.dropOldest(s); {
		case dropped == errOnly:
			return err
		case dropped != nil:
			return errors.Join(err, dropped)
		}
		l.room.squeezed = true
	}
	l.touch(t)
	l.dirtied(t, s, wall)
	for i := range p.blocks {
		b := &p.blocks[i]
		if b.kind == kindHole {
			t.lack(nack.Range{From: b.seq, To: b.next})
		}
		s.add(&b.head, b.at, b.next)
		switch b.kind {
		case kindSession:
			s.title = t.title
		case kindEnd:
			if s.ended = b.end; b.end.How == reliable.EndOpen {
				s.ended = nil
			}
			t.ended = s.ended
		default:
			t.ended = nil
			t.lastTime = max(t.lastTime, b.last())
			t.next = Mark{b.next, b.head.end}
		}
	}
	s.recorded = max(s.recorded, wall)
	t.bytes += p.size
	l.bytes += p.size
	return nil
}
