package frame

import (
	"encoding/binary"
	"math"
	"net/netip"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"crier/nack"
)

// Decoder decodes datagrams. The zero value is ready for use. A Decoder is not safe for
// concurrent use.
type Decoder struct {
	r   reader
	dec *msgpack.Decoder
	// touched is a sink for the loads of DecodeAgain. Its value has no meaning.
	touched byte
}

// maxTime is the longest time on the wire, in nanoseconds. A longer one is malformed.
const maxTime = uint64(math.MaxInt64)

// Decode parses one datagram into f. The byte slices of f become views of the datagram,
// and its Chunks and Ranges are reused. The error is ErrDamaged, ErrMalformed or ErrNewer;
// the content of f is then undefined.
func (d *Decoder) Decode(packet []byte, f *Frame) error {
	body, ok := checkTag(packet)
	if !ok {
		return ErrDamaged
	}
	return d.parse(packet, body, f)
}

// DecodeAgain is Decode for a copy of a datagram that was decoded before. It doesn't
// verify the checksum.
//
// The copy may have left the processor's caches since. Each chunk's place depends on the
// one before, so parsing would miss the cache once for each line, in turn. DecodeAgain
// reads all lines first, which lets the misses overlap.
func (d *Decoder) DecodeAgain(packet []byte, f *Frame) error {
	const line = 64
	for i := 0; i < len(packet); i += line {
		d.touched += packet[i]
	}
	return d.parse(packet, packet[:len(packet)-tagSize], f)
}

func (d *Decoder) parse(packet, body []byte, f *Frame) error {
	f.Raw, f.Immutable, f.Data, f.Arrived = packet, false, nil, 0
	f.GroupIndex, f.Feed = 0, 0
	f.Digest, f.Find, f.Announce = nil, nil, nil
	f.Claim, f.Grant, f.Team = nil, nil, nil
	if plainData(body, f) {
		return nil
	}
	return d.decode(body, f)
}

// decode parses a frame without its tag by the library's primitives.
func (d *Decoder) decode(body []byte, f *Frame) error {
	if d.dec == nil {
		d.dec = msgpack.NewDecoder(&d.r)
	}
	d.r.reset(body)
	n, err := d.header(f)
	if err != nil {
		return err
	}
	fields := bodyFields(f.Kind)
	if n < headerFields+fields+1 {
		return ErrMalformed
	}
	if !d.body(f) {
		return ErrMalformed
	}
	extra := n - headerFields - fields - 1
	if f.Kind == Heartbeat || f.Kind == Bye {
		if f.Report = 0; extra > 0 && d.optional(&f.Report) {
			extra--
		}
	}
	for ; extra > 0; extra-- {
		if !d.skip() {
			return ErrMalformed
		}
	}
	if d.r.left() != 0 {
		return ErrMalformed
	}
	return nil
}

// bodyFields returns the number of elements between the header and the tag of a frame of
// kind k, without those that a later version may add. It returns 0 for an unknown kind.
func bodyFields(k Kind) int {
	switch k {
	case Data:
		return 4
	case Repair:
		return 3
	case Heartbeat, Bye, Session:
		return 8
	case Nack:
		return 5
	case Status:
		return 8
	case Confirm:
		return 3
	case Gone, Find, Claim, Grant:
		return 6
	case Digest:
		return 17
	case Announce:
		return 8
	case Team:
		return 7
	}
	return 0
}

// optional reads a trailing field if it is a uint 64, the only type that this version
// knows there.
func (d *Decoder) optional(to *uint64) bool {
	code, ok := d.peek()
	return ok && code == msgpcode.Uint64 && d.u64s(to)
}

// header parses the fields that start every frame, and returns the array's length.
func (d *Decoder) header(f *Frame) (int, error) {
	n, ok := d.arrayLen()
	if !ok {
		return 0, ErrMalformed
	}
	version, ok := d.fix()
	if !ok {
		return 0, ErrMalformed
	}
	if version != Version {
		return 0, ErrNewer
	}
	kind, ok1 := d.fix()
	flags, ok2 := d.u16()
	session, ok3 := d.u64()
	channel, ok4 := d.u32()
	if !ok1 || !ok2 || !ok3 || !ok4 || n < headerFields+1 {
		return 0, ErrMalformed
	}
	f.Kind, f.Flags, f.Session, f.Channel = Kind(kind), Flags(flags), session, channel
	known := Flags(0)
	switch f.Kind {
	case Data:
		known = dataFlags
	case Heartbeat, Session, Bye, Announce:
		known = Replay
	}
	if bodyFields(f.Kind) == 0 || f.Flags&criticalFlags&^known != 0 {
		return 0, ErrNewer
	}
	return n, nil
}

// body parses the fields of the frame's kind.
func (d *Decoder) body(f *Frame) bool {
	switch f.Kind {
	case Data:
		return d.u64s(&f.Seq, &f.Offset) && d.time(&f.Time) && d.chunks(f)
	case Repair:
		return d.u64s(&f.Responder, &f.Request) && d.bin(&f.Inner, MaxDatagram)
	case Heartbeat, Bye:
		return d.time(&f.Time) &&
			d.u64s(&f.NextSeq, &f.NextOffset, &f.OldestSeq, &f.OldestOffset) &&
			d.duration(&f.Interval) && d.u32to(&f.Group) && d.duration(&f.RTT) &&
			f.OldestSeq <= f.NextSeq && f.OldestOffset <= f.NextOffset
	case Session:
		return d.time(&f.Time) && d.wall(&f.Wall) && d.u64s(&f.FirstSeq, &f.FirstOffset) &&
			d.address(&f.Control) && d.u32to(&f.Channels) &&
			d.bin(&f.Name, MaxName) && d.session(f)
	case Nack:
		return d.u64s(&f.Subscriber, &f.Request) && d.time(&f.Echo) &&
			d.duration(&f.Held) && d.ranges(f)
	case Status:
		return d.u64s(&f.Subscriber, &f.Request) && d.time(&f.Echo) && d.duration(&f.Held) &&
			d.bin(&f.Name, MaxName) && d.u64s(&f.Position, &f.Room) && d.status(f)
	case Confirm:
		return d.u64s(&f.Responder) && d.time(&f.Time) && d.ranges(f)
	case Gone:
		return d.u64s(&f.Responder, &f.Request) && d.time(&f.Time) &&
			d.u64s(&f.OldestSeq, &f.OldestOffset) && d.ranges(f)
	case Digest:
		return d.digest(f)
	case Find:
		return d.find(f)
	case Announce:
		return d.announce(f)
	case Claim:
		return d.claim(f)
	case Grant:
		return d.grant(f)
	case Team:
		return d.team(f)
	}
	return false
}

// session reads the properties of SESSION.
func (d *Decoder) session(f *Frame) bool {
	f.Controls = f.Controls[:0]
	p := properties{controls: &f.Controls}
	ok := d.properties(f, &p)
	f.Topic, f.Key, f.Prev, f.Replay = p.topic, p.key, nil, p.replay
	f.Groups, f.Base, f.Teams = p.groups, p.base, p.teams != 0
	if ok {
		f.Prev = p.link()
	}
	return ok
}

// status reads the properties of STATUS.
func (d *Decoder) status(f *Frame) bool {
	f.Positions = f.Positions[:0]
	p := properties{positions: &f.Positions}
	ok := d.properties(f, &p)
	f.Recorder, f.Written, f.Synced = p.log, p.written, p.synced
	return ok
}

// chunks parses the chunk array of a DATA frame.
func (d *Decoder) chunks(f *Frame) bool {
	n, ok := d.arrayLen()
	if !ok || n > d.r.left() { // each element takes at least one byte
		return false
	}
	f.Chunks, f.Messages = f.Chunks[:0], 0
	var total uint32
	for ; n > 0; n-- {
		code, ok := d.peek()
		if !ok {
			return false
		}
		switch code {
		case msgpcode.Bin8, msgpcode.Bin16:
			var c Chunk
			if !d.bin(&c.Data, MaxDatagram) {
				return false
			}
			c.Total, total = total, 0
			f.Chunks = append(f.Chunks, c)
			f.Messages++
			continue
		case msgpcode.Nil:
			if d.dec.DecodeNil() != nil {
				return false
			}
		case msgpcode.Uint32: // the length mark of the next message
			if total != 0 || !d.u32to(&total) || total == 0 || total > MaxMessage {
				return false
			}
			continue
		case msgpcode.Uint64:
			var skip uint64
			if skip, ok = d.u64(); !ok || skip == 0 || skip > MaxSkip {
				return false
			}
			f.Chunks = append(f.Chunks, Chunk{Skip: skip})
			f.Messages += skip
		case msgpcode.FixedArrayLow | 2: // a message with properties
			var c Chunk
			if _, ok = d.arrayLen(); !ok || !d.bin(&c.Data, MaxDatagram) ||
				!d.messageProperties(&c.Properties) {
				return false
			}
			c.Total, total = total, 0
			f.Chunks = append(f.Chunks, c)
			f.Messages++
			continue
		default:
			return false
		}
		if total != 0 { // a length mark must precede a message
			return false
		}
	}
	return total == 0 && f.consistent()
}

// consistent reports whether a DATA frame's numbers, flags and chunks agree.
func (f *Frame) consistent() bool {
	if f.Seq == math.MaxUint64 || f.Messages > math.MaxUint64-f.Offset {
		return false
	}
	last := len(f.Chunks) - 1
	if f.Flags&(Continues|Unfinished) != 0 && last < 0 {
		return false
	}
	for i := range f.Chunks {
		c := &f.Chunks[i]
		starts := i > 0 || f.Flags&Continues == 0
		unfinished := i == last && f.Flags&Unfinished != 0
		if (c.Total != 0) != (starts && unfinished) {
			return false
		}
		if c.Skip != 0 && (!starts || unfinished) {
			return false
		}
		if c.Total != 0 && len(c.Data) >= int(c.Total) {
			return false
		}
		if c.Properties != nil && !starts {
			return false
		}
	}
	return true
}

// ranges parses the ranges of a frame.
func (d *Decoder) ranges(f *Frame) bool {
	f.Ranges = f.Ranges[:0]
	return d.moreRanges(&f.Ranges)
}

// moreRanges parses ascending, disjoint ranges, and appends them. Each is a pair: the distance
// from the end of the previous range, and a length.
func (d *Decoder) moreRanges(to *[]nack.Range) bool {
	n, ok := d.arrayLen()
	if !ok || n > d.r.left() || n%2 != 0 {
		return false
	}
	var at uint64
	for ; n > 0; n -= 2 {
		skip, ok1 := d.uint()
		length, ok2 := d.uint()
		from := at + skip
		past := from + length
		if !ok1 || !ok2 || length == 0 || from < at || past < from {
			return false
		}
		*to = append(*to, nack.Range{From: from, To: past})
		at = past
	}
	return true
}

// address reads a unicast address and port, or an empty bin for none.
func (d *Decoder) address(to *netip.AddrPort) bool {
	if !d.place(to) {
		return false
	}
	if !to.IsValid() {
		return true
	}
	// Subscribers send NACKs to this address: it must not be a group.
	addr := to.Addr()
	return to.Port() != 0 && !addr.IsUnspecified() && !addr.IsMulticast() && addr != broadcast
}

// place reads an address and port: an empty bin for none, or 4 or 16 bytes of address and 2 bytes
// of port.
func (d *Decoder) place(to *netip.AddrPort) bool {
	var b []byte
	if !d.bin(&b, 18) {
		return false
	}
	*to = netip.AddrPort{}
	if len(b) == 0 {
		return true
	}
	if len(b) != 6 && len(b) != 18 {
		return false
	}
	addr, _ := netip.AddrFromSlice(b[:len(b)-2])
	*to = netip.AddrPortFrom(addr.Unmap(), binary.BigEndian.Uint16(b[len(b)-2:]))
	return true
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

func (d *Decoder) time(to *uint64) bool {
	v, ok := d.u64()
	*to = v
	return ok && v <= maxTime
}

func (d *Decoder) wall(to *int64) bool {
	v, ok := d.u64()
	*to = int64(v)
	return ok && v <= maxTime
}

func (d *Decoder) duration(to *time.Duration) bool {
	v, ok := d.u64()
	*to = time.Duration(v)
	return ok && v <= maxTime
}
