package frame

import (
	"encoding/binary"
	"net/netip"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"crier/nack"
)

const (
	headerFields = 5
	// headerSize is the size of the header that starts every frame, in bytes: the array's
	// head, version, kind, flags, session, channel.
	headerSize = 1 + 1 + 1 + 3 + 9 + 5
	// dataOverhead is the size of a DATA frame without its chunks.
	dataOverhead = headerSize + 3*9 + 3 + tagSize
	// repairOverhead is the size of a REPAIR without the DATA datagram.
	repairOverhead = headerSize + 2*9 + 3 + tagSize
)

// DataSize returns the size of a full DATA frame for datagrams of at most size bytes, such
// as 1,401 for 1,472. A REPAIR of that frame fits in a datagram, even after the tags of
// both grow from 4 to 16 bytes.
func DataSize(size int) int { return size - repairOverhead - 2*tagGrowth }

// RepairSize returns the greatest size of a REPAIR of a DATA frame of data bytes.
func RepairSize(data int) int { return data + repairOverhead }

// DataRoom returns the number of bytes for chunks, heads included, in a full DATA frame
// for datagrams of at most size bytes.
func DataRoom(size int) int { return DataSize(size) - dataOverhead }

// writer is a slice that the library appends to.
type writer struct{ b []byte }

func (w *writer) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

func (w *writer) WriteByte(c byte) error {
	w.b = append(w.b, c)
	return nil
}

// Encoder appends frames to slices. The zero value is ready for use. An Encoder is not
// safe for concurrent use. Writing to a slice can't fail, so it ignores the library's
// errors.
type Encoder struct {
	w   writer
	enc *msgpack.Encoder
}

// Append appends f to dst. It takes any kind but DATA and REPAIR. It cuts names and topics to
// MaxName and keys to MaxKey, and writes negative times as 0. Properties must be a msgpack map
// or empty. Ranges must be ascending and disjoint. Kinds that have a body must have it.
func (e *Encoder) Append(dst []byte, f *Frame) []byte {
	start := len(dst)
	optional := 0
	if f.Report > 0 && (f.Kind == Heartbeat || f.Kind == Bye) {
		optional = 1
	}
	e.beginWith(dst, optional, f.Kind, f.Flags, f.Session, f.Channel)
	switch f.Kind {
	case Heartbeat, Bye:
		e.u64s(f.Time, f.NextSeq, f.NextOffset, f.OldestSeq, f.OldestOffset, nanos(f.Interval))
		_ = e.enc.EncodeUint32(f.Group)
		e.u64s(nanos(f.RTT))
		if f.Report > 0 {
			e.u64s(f.Report)
		}
	case Session:
		e.session(f)
	case Nack:
		e.u64s(f.Subscriber, f.Request, f.Echo, nanos(f.Held))
		e.ranges(f.Ranges)
	case Status:
		e.status(f)
	case Confirm:
		e.u64s(f.Responder, f.Time)
		e.ranges(f.Ranges)
	case Gone:
		e.u64s(f.Responder, f.Request, f.Time, f.OldestSeq, f.OldestOffset)
		e.ranges(f.Ranges)
	case Digest:
		e.digest(f)
		e.ranges(f.Ranges)
	case Find:
		e.find(f)
	case Announce:
		e.announce(f)
	case Claim:
		e.claim(f)
	case Grant:
		e.grant(f)
	case Team:
		e.team(f)
	}
	return e.end(start)
}

// session writes the fields of SESSION. What needs properties is apart from Append: they are
// large, and other kinds would pay for their place on the stack.
//
//go:noinline
func (e *Encoder) session(f *Frame) {
	e.u64s(f.Time, nanos(f.Wall), f.FirstSeq, f.FirstOffset)
	e.address(f.Control)
	_ = e.enc.EncodeUint32(f.Channels)
	e.cut(f.Name, MaxName)
	p := title(f.Topic, f.Key, f.Prev, f.Replay)
	p.groups, p.base, p.controls = f.Groups, f.Base, &f.Controls
	if f.Teams {
		p.teams = 1
	}
	e.properties(f.Properties, &p)
}

// status writes the fields of STATUS.
//
//go:noinline
func (e *Encoder) status(f *Frame) {
	e.u64s(f.Subscriber, f.Request, f.Echo, nanos(f.Held))
	e.cut(f.Name, MaxName)
	e.u64s(f.Position, f.Room)
	e.properties(f.Properties, &properties{
		log: f.Recorder, written: f.Written, synced: f.Synced, positions: &f.Positions,
	})
}

// AppendStatus appends a STATUS to dst, with as many of f's positions as fit in size bytes. Where
// others are left, it makes f the next part, of the first channel that is left, and more is true:
// the caller appends the parts one by one. f must have no encoded Properties.
func (e *Encoder) AppendStatus(dst []byte, f *Frame, size int) (b []byte, more bool) {
	// The bare frame has a short head of the map, and none of the positions.
	const headGrowth = 1 + 3
	positions := f.Positions
	f.Positions = nil
	left := size - tagGrowth - headGrowth - (len(e.Append(dst, f)) - len(dst))
	fit := 0
	for ; fit < len(positions); fit++ {
		if left -= progressSize(&positions[fit], f.Recorder); left < 0 {
			break
		}
	}
	f.Positions = positions[:fit]
	b = e.Append(dst, f)
	if fit == len(positions) {
		return b, false
	}
	next := &positions[fit]
	f.Channel, f.Position = next.Channel, next.Position
	f.Written, f.Synced = next.Written, next.Synced
	f.Positions = positions[fit+1:]
	return b, true
}

// progressSize returns the size of an encoded Progress.
func progressSize(p *Progress, log bool) int {
	n := 1 + uintSize(uint64(p.Channel)) + uintSize(p.Position)
	if log {
		n += uintSize(p.Written) + uintSize(p.Synced)
	}
	return n
}

// AppendRepair appends a REPAIR that contains a DATA datagram.
func (e *Encoder) AppendRepair(
	dst []byte, session uint64, channel uint32, responder, request uint64, data []byte,
) []byte {
	start := len(dst)
	e.begin(dst, Repair, 0, session, channel)
	e.u64s(responder, request)
	e.bin(data)
	return e.end(start)
}

// FitRanges returns the number of ranges that fit in one NACK, CONFIRM or GONE of size
// bytes. The first range always counts as fitting.
func FitRanges(kind Kind, ranges []nack.Range, size int) int {
	// least is the size of the frame without its ranges and the fields before them.
	const least = headerSize + 3 + tagSize + tagGrowth
	return max(fitRanges(ranges, size-least-9*(bodyFields(kind)-1)), min(len(ranges), 1))
}

// fitRanges returns the number of ranges that fit in left bytes.
func fitRanges(ranges []nack.Range, left int) int {
	at := uint64(0)
	for i, r := range ranges {
		left -= uintSize(r.From-at) + uintSize(r.Len())
		if left < 0 {
			return i
		}
		at = r.To
	}
	return len(ranges)
}

func uintSize(v uint64) int {
	switch {
	case v <= uint64(msgpcode.PosFixedNumHigh):
		return 1
	case v < 1<<8:
		return 2
	case v < 1<<16:
		return 3
	case v < 1<<32:
		return 5
	}
	return 9
}

func (e *Encoder) begin(dst []byte, kind Kind, flags Flags, session uint64, channel uint32) {
	e.beginWith(dst, 0, kind, flags, session, channel)
}

// beginWith starts a frame that also has optional fields.
func (e *Encoder) beginWith(
	dst []byte, optional int, kind Kind, flags Flags, session uint64, channel uint32,
) {
	if e.enc == nil {
		e.enc = msgpack.NewEncoder(&e.w)
	}
	e.w.b = dst
	_ = e.enc.EncodeArrayLen(headerFields + bodyFields(kind) + optional + 1)
	_ = e.enc.EncodeUint(Version)
	_ = e.enc.EncodeUint(uint64(kind))
	_ = e.enc.EncodeUint16(uint16(flags))
	_ = e.enc.EncodeUint64(session)
	_ = e.enc.EncodeUint32(channel)
}

func (e *Encoder) end(start int) []byte {
	b := appendTag(e.w.b, start)
	e.w.b = nil
	return b
}

func (e *Encoder) u64s(vs ...uint64) {
	for _, v := range vs {
		_ = e.enc.EncodeUint64(v)
	}
}

// nanos converts a time to the wire's unsigned nanoseconds.
func nanos[T ~int64](t T) uint64 { return uint64(max(t, 0)) }

func (e *Encoder) bin(b []byte) {
	_ = e.enc.EncodeBytesLen(len(b))
	_, _ = e.w.Write(b)
}

func (e *Encoder) address(a netip.AddrPort) {
	if !a.IsValid() {
		e.bin(nil)
		return
	}
	var b [18]byte
	n := copy(b[:], a.Addr().AsSlice())
	binary.BigEndian.PutUint16(b[n:], a.Port())
	e.bin(b[:n+2])
}

func (e *Encoder) ranges(ranges []nack.Range) {
	_ = e.enc.EncodeArrayLen(2 * len(ranges))
	var at uint64
	for _, r := range ranges {
		_ = e.enc.EncodeUint(r.From - at)
		_ = e.enc.EncodeUint(r.Len())
		at = r.To
	}
}
