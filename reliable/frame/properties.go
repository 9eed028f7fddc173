package frame

import (
	"net/netip"

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
	keyLayout   = 10
	keyControls = 11
	keyPlaces   = 12
	keyName     = 13
	keyHost     = 14
	keyRates    = 15
	keyMembers  = 16
	keyRequest  = 17
	keyTeams    = 18
	keyTeamList = 19
)

// Limits of lists in properties.
const (
	// MaxChannels is the greatest number of channels of a session.
	MaxChannels = 256
	// MaxControls is the greatest number of feeds, which have a control address each.
	MaxControls = 4
	// MaxAnnouncedTeams is the greatest number of teams in an ANNOUNCE.
	MaxAnnouncedTeams = 8
)

// properties are the fields that five kinds have in their maps. A kind that has none of a
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
	// groups is 0 where there is no layout. channels is 0 but in DIGEST.
	groups, channels uint32
	base             netip.AddrPort
	// controls and positions are nil in kinds that have none. Positions have written and synced
	// if log is set.
	controls  *[]netip.AddrPort
	positions *[]Progress
	teams     uint64 // of SESSION

	// of ANNOUNCE

	name, host  []byte
	pid         uint64
	rates       bool // whether there are bytes and msgs
	bytes, msgs uint64
	members     uint64
	request     uint64
	announced   *[]AnnouncedTeam // or nil
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
	case keyLayout:
		return d.layout(p)
	case keyControls:
		if p.controls != nil {
			return d.controls(p.controls)
		}
	case keyPlaces:
		if p.positions != nil {
			return d.positions(p.positions)
		}
	case keyName:
		return d.bin(&p.name, MaxName)
	case keyHost:
		return d.host(p)
	case keyRates:
		p.rates = true
		return d.pair(&p.bytes, &p.msgs)
	case keyMembers:
		return d.u64s(&p.members)
	case keyRequest:
		return d.u64s(&p.request)
	case keyTeams:
		return d.u64s(&p.teams)
	case keyTeamList:
		if p.announced != nil {
			return d.announcedTeams(p.announced)
		}
	}
	return d.skip()
}

// layout reads [groups, base], or [groups, base, channels].
func (d *Decoder) layout(p *properties) bool {
	more, ok := d.list(2)
	if !ok || !d.u32to(&p.groups) || p.groups == 0 || p.groups > MaxChannels || !d.group(&p.base) {
		return false
	}
	if p.channels = 0; more > 0 {
		if !d.u32to(&p.channels) || p.channels > MaxChannels {
			return false
		}
		more--
	}
	return d.skips(more)
}

// group reads a multicast address and port, or an empty bin for none.
func (d *Decoder) group(to *netip.AddrPort) bool {
	return d.place(to) && (!to.IsValid() || to.Port() != 0 && to.Addr().IsMulticast())
}

// controls reads an array of addresses.
func (d *Decoder) controls(to *[]netip.AddrPort) bool {
	n, ok := d.arrayLen()
	if !ok || n > MaxControls {
		return false
	}
	for *to = (*to)[:0]; n > 0; n-- {
		var a netip.AddrPort
		if !d.address(&a) {
			return false
		}
		*to = append(*to, a)
	}
	return true
}

// positions reads an array of [channel, position] or [channel, position, written, synced].
func (d *Decoder) positions(to *[]Progress) bool {
	n, ok := d.arrayLen()
	if !ok || n >= MaxChannels {
		return false
	}
	for *to = (*to)[:0]; n > 0; n-- {
		var at Progress
		more, ok := d.list(2)
		channel, ok1 := d.uint()
		position, ok2 := d.uint()
		if !ok || !ok1 || !ok2 || channel >= MaxChannels {
			return false
		}
		at.Channel, at.Position = uint32(channel), position
		if more >= 2 {
			at.Written, ok1 = d.uint()
			at.Synced, ok2 = d.uint()
			if !ok1 || !ok2 || at.Synced > at.Written {
				return false
			}
			more -= 2
		}
		if !d.skips(more) {
			return false
		}
		*to = append(*to, at)
	}
	return true
}

// host reads [name, process].
func (d *Decoder) host(p *properties) bool {
	more, ok := d.list(2)
	return ok && d.bin(&p.host, MaxName) && d.u64s(&p.pid) && d.skips(more)
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
