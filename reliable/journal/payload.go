package journal

import (
	"encoding/binary"
	"net/netip"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/topic"
)

// The payloads of blocks that hold no frames. More fields may follow those that are known.

const (
	holeSize = 9
	endSize  = 2
	// maxWord bounds a name in a title, in bytes.
	maxWord = 1024

	// layoutSize bounds a layout, in bytes.
	layoutSize = 4 + 2 + 64

	// The first byte of a title that is known: without the layout of a topic, and with it.
	titled  = 1
	laidOut = 2
)

// appendHole appends the payload of a hole up to a number.
func appendHole(b []byte, to uint64, cause reliable.Cause) []byte {
	return append(binary.BigEndian.AppendUint64(b, to), byte(cause))
}

// hole returns the hole in a block.
func (b *block) hole() Hole {
	return Hole{
		Frames:  nack.Range{From: b.seq, To: b.next()},
		Offsets: nack.Range{From: b.offset, To: b.end},
		Cause:   reliable.Cause(b.payload[8]),
	}
}

func appendEnd(b []byte, e *End) []byte { return append(b, byte(e.How), byte(e.Cause)) }

// ended returns the end in a block.
func (b *block) ended() *End {
	return &End{Seq: b.seq, Offset: b.offset, How: reliable.End(b.payload[0]),
		Cause: reliable.Cause(b.payload[1])}
}

func appendWord(b []byte, s string) []byte {
	s = s[:min(len(s), maxWord)]
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

// appendSession appends the payload of SESSION: the tape, when the segment was begun or
// the title became known, and the title.
func appendSession(b []byte, key Key, wall int64, t *reliable.Title) []byte {
	b = binary.BigEndian.AppendUint64(b, key.Session)
	b = binary.BigEndian.AppendUint32(b, key.Channel)
	b = binary.BigEndian.AppendUint64(b, uint64(wall))
	return appendTitle(b, t)
}

func appendTitle(b []byte, t *reliable.Title) []byte {
	if t == nil {
		return append(b, 0)
	}
	if t.Layout == (topic.Layout{}) {
		b = append(b, titled)
	} else {
		b = append(b, laidOut)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(t.Wall))
	b = binary.BigEndian.AppendUint64(b, t.FirstSeq)
	b = binary.BigEndian.AppendUint64(b, t.FirstOffset)
	b = binary.BigEndian.AppendUint64(b, uint64(t.Replay))
	b = appendWord(b, t.Topic)
	b = appendWord(b, t.Publisher)
	b = appendWord(b, t.Key)
	p := &t.Prev
	b = binary.BigEndian.AppendUint64(b, uint64(p.Session))
	b = binary.BigEndian.AppendUint32(b, p.Channel)
	b = binary.BigEndian.AppendUint64(b, p.Seq)
	b = binary.BigEndian.AppendUint64(b, p.Offset)
	b = appendWord(b, p.Topic)
	b = appendWord(b, p.Publisher)
	b = appendWord(b, p.Key)
	if l := &t.Layout; *l != (topic.Layout{}) {
		b = binary.BigEndian.AppendUint16(b, uint16(l.Partitions))
		b = binary.BigEndian.AppendUint16(b, uint16(l.Groups))
		base := ""
		if l.Base.IsValid() {
			base = l.Base.String()
		}
		b = appendWord(b, base)
	}
	return b
}

// A cutter takes values off the front of bytes. After the first that isn't there, all are
// zero.
type cutter struct {
	b     []byte
	short bool
}

func (c *cutter) take(n int) []byte {
	if n > len(c.b) {
		c.short, c.b = true, nil
		return nil
	}
	taken := c.b[:n]
	c.b = c.b[n:]
	return taken
}

func (c *cutter) u8() (n uint8) {
	if b := c.take(1); b != nil {
		n = b[0]
	}
	return n
}

func (c *cutter) u16() (n uint16) {
	if b := c.take(2); b != nil {
		n = binary.BigEndian.Uint16(b)
	}
	return n
}

func (c *cutter) u32() (n uint32) {
	if b := c.take(4); b != nil {
		n = binary.BigEndian.Uint32(b)
	}
	return n
}

func (c *cutter) u64() (n uint64) {
	if b := c.take(8); b != nil {
		n = binary.BigEndian.Uint64(b)
	}
	return n
}

func (c *cutter) word() string { return string(c.take(int(c.u16()))) }

// session takes the payload of SESSION. The title is nil if it wasn't known.
func (c *cutter) session() (key Key, wall int64, t *reliable.Title) {
	key = Key{Session: c.u64(), Channel: c.u32()}
	wall = int64(c.u64())
	return key, wall, c.title()
}

func (c *cutter) title() *reliable.Title {
	kind := c.u8()
	if kind != titled && kind != laidOut {
		return nil
	}
	t := &reliable.Title{
		Wall: int64(c.u64()), FirstSeq: c.u64(), FirstOffset: c.u64(),
		Replay: reliable.SessionID(c.u64()),
		Topic:  c.word(), Publisher: c.word(), Key: c.word(),
		Prev: reliable.Link{
			Session: reliable.SessionID(c.u64()), Channel: c.u32(), Seq: c.u64(), Offset: c.u64(),
			Topic: c.word(), Publisher: c.word(), Key: c.word(),
		},
	}
	if kind == laidOut {
		t.Layout = c.layout()
	}
	if c.short {
		return nil
	}
	return t
}

func (c *cutter) layout() topic.Layout {
	l := topic.Layout{Partitions: int(c.u16()), Groups: int(c.u16())}
	if base := c.word(); base != "" {
		at, err := netip.ParseAddrPort(base)
		if err != nil {
			c.short = true
		}
		l.Base = at
	}
	return l
}
