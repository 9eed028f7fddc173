package frame

import (
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// The keys of properties. SESSION, STATUS, DIGEST and FIND share them.
const (
	keyTopic    = 1
	keyPrev     = 2
	keyReplay   = 3
	keyKey      = 4
	keyLog      = 5
	keyAt       = 6
	keyProposal = 7
	keyPart     = 8
	keyHolder   = 9
)

// properties are the fields that the four kinds have in their maps. A kind that has none of a
// property leaves its field zero. The encoder writes no zero field.
type properties struct {
	topic, key      []byte
	continues       bool // whether there is prev
	prev            Link
	replay          uint64
	log             bool // whether there are written and synced
	written, synced uint64
	at              bool // whether there are atSeq and atOffset
	atSeq, atOffset uint64
	proposal        uint64
	part            bool // whether there are from and to
	from, to        uint64
	holder          []byte
}

// properties checks the structure of a msgpack map, takes its bytes, and reads what it knows.
// Of a key that comes twice, the last value counts.
func (d *Decoder) properties(f *Frame, p *properties) bool {
	start := d.r.at
	pairs, ok := d.mapLen()
	for ; ok && pairs > 0; pairs-- {
		ok = d.property(p)
	}
	f.Properties = d.r.b[start:d.r.at:d.r.at]
	return ok
}

// property reads a key and its value.
func (d *Decoder) property(p *properties) bool {
	at := d.r.at
	key, ok := d.uint()
	if !ok {
		d.r.at = at
		key, value := d.skip(), d.skip()
		return key && value
	}
	switch key {
	case keyTopic:
		return d.bin(&p.topic, MaxName)
	case keyPrev:
		p.continues = true
		return d.link(&p.prev)
	case keyReplay:
		return d.u64s(&p.replay)
	case keyKey:
		return d.bin(&p.key, MaxKey)
	case keyLog:
		p.log = true
		return d.pair(&p.written, &p.synced) && p.synced <= p.written
	case keyAt:
		p.at = true
		return d.pair(&p.atSeq, &p.atOffset)
	case keyProposal:
		return d.u64s(&p.proposal)
	case keyPart:
		p.part = true
		return d.pair(&p.from, &p.to) && p.from <= p.to
	case keyHolder:
		return d.bin(&p.holder, MaxName)
	}
	return d.skip()
}

// mapLen reads the head of a map.
func (d *Decoder) mapLen() (int, bool) {
	c, ok := d.peek()
	switch {
	case !ok:
	case msgpcode.IsFixedMap(c):
		d.r.at++
		return int(c & msgpcode.FixedMapMask), true
	case c == msgpcode.Map16:
		return d.longLen(c)
	}
	return 0, false
}

// list reads the head of an array of at least fields elements, and returns how many more it
// has. A later version may add elements.
func (d *Decoder) list(fields int) (int, bool) {
	n, ok := d.arrayLen()
	return n - fields, ok && n >= fields
}

// skips passes over so many elements.
func (d *Decoder) skips(n int) bool {
	for ; n > 0; n-- {
		if !d.skip() {
			return false
		}
	}
	return true
}

func (d *Decoder) pair(a, b *uint64) bool {
	more, ok := d.list(2)
	return ok && d.u64s(a, b) && d.skips(more)
}

func (d *Decoder) link(l *Link) bool {
	more, ok := d.list(7)
	return ok && d.u64s(&l.Session) && d.u32to(&l.Channel) && d.u64s(&l.Seq, &l.Offset) &&
		d.bin(&l.Topic, MaxName) && d.bin(&l.Publisher, MaxName) && d.bin(&l.Key, MaxKey) &&
		d.skips(more)
}

// link returns the property prev, or nil.
func (p *properties) link() *Link {
	if !p.continues {
		return nil
	}
	l := p.prev
	return &l
}

// title returns the properties of SESSION and DIGEST, for the encoder.
func title(topic, key []byte, prev *Link, replay uint64) properties {
	p := properties{topic: topic, key: key, replay: replay}
	if prev != nil {
		p.continues, p.prev = true, *prev
	}
	return p
}

// properties writes a map that is encoded already, or what p has.
func (e *Encoder) properties(encoded []byte, p *properties) {
	if len(encoded) > 0 {
		_, _ = e.w.Write(encoded)
		return
	}
	n := 0
	for _, has := range [...]bool{len(p.topic) > 0, p.continues, p.replay != 0, len(p.key) > 0,
		p.log, p.at, p.proposal != 0, p.part, len(p.holder) > 0} {
		if has {
			n++
		}
	}
	_ = e.enc.EncodeMapLen(n)
	e.bytesProperty(keyTopic, p.topic, MaxName)
	if l := &p.prev; p.continues {
		_ = e.enc.EncodeUint(keyPrev)
		_ = e.enc.EncodeArrayLen(7)
		e.u64s(l.Session)
		_ = e.enc.EncodeUint32(l.Channel)
		e.u64s(l.Seq, l.Offset)
		e.cut(l.Topic, MaxName)
		e.cut(l.Publisher, MaxName)
		e.cut(l.Key, MaxKey)
	}
	if p.replay != 0 {
		_ = e.enc.EncodeUint(keyReplay)
		e.u64s(p.replay)
	}
	e.bytesProperty(keyKey, p.key, MaxKey)
	e.pairProperty(keyLog, p.log, p.written, p.synced)
	e.pairProperty(keyAt, p.at, p.atSeq, p.atOffset)
	if p.proposal != 0 {
		_ = e.enc.EncodeUint(keyProposal)
		e.u64s(p.proposal)
	}
	e.pairProperty(keyPart, p.part, p.from, p.to)
	e.bytesProperty(keyHolder, p.holder, MaxName)
}

func (e *Encoder) bytesProperty(key uint64, b []byte, limit int) {
	if len(b) > 0 {
		_ = e.enc.EncodeUint(key)
		e.cut(b, limit)
	}
}

func (e *Encoder) pairProperty(key uint64, has bool, a, b uint64) {
	if has {
		_ = e.enc.EncodeUint(key)
		_ = e.enc.EncodeArrayLen(2)
		e.u64s(a, b)
	}
}

// cut writes a bin of at most limit bytes.
func (e *Encoder) cut(b []byte, limit int) { e.bin(b[:min(len(b), limit)]) }
