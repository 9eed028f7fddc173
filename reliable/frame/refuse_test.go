package frame

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"testing"
)

// body returns a frame with b between header and tag. The header counts b as fields
// elements.
func body(kind Kind, flags Flags, fields int, b []byte) []byte {
	return head(5+fields+1, kind, flags, 1, 0).raw(b...).tag()
}

// data returns the fields of a DATA frame with a chunk array.
func data(chunks ...byte) []byte { return wire{}.u64(1, 2, 3).raw(chunks...) }

// dataFrame returns a DATA frame with a chunk array.
func dataFrame(flags Flags, chunks ...byte) []byte { return body(Data, flags, 4, data(chunks...)) }

// nested returns a map whose only value is depth arrays, each in the one before, with end
// in the innermost.
func nested(depth int, array []byte, end ...byte) []byte {
	return append(append([]byte{0x81, 77}, bytes.Repeat(array, depth)...), end...)
}

func TestRefused(t *testing.T) {
	const (
		bad   = "malformed"
		newer = "newer"
		good  = "accepted"
	)
	u64 := func(vs ...uint64) wire { return wire{}.u64(vs...) }
	empty := data(0x90)
	rest := dataFrame(0, 0x90)[1 : 20+27+1]
	beat := func(next, offset, oldest, oldestOffset uint64) wire {
		return u64(1, next, offset, oldest, oldestOffset, 4).u32(5).u64(6)
	}
	session := func(control []byte, properties ...byte) []byte {
		return body(Session, 0, 8,
			u64(1, 2, 3, 4).bin(control).u32(1).bin(nil).raw(properties...))
	}
	property := func(of ...byte) []byte { return session(nil, append([]byte{0x81}, of...)...) }
	link := func(fields byte) wire {
		return wire{2, 0x90 | fields}.u64(1).u32(2).u64(3, 4).bin(nil).bin(nil).bin(nil)
	}
	status := func(of ...byte) []byte {
		return body(Status, 0, 8, u64(1, 2, 3, 4).bin(nil).u64(5, 6).raw(of...))
	}
	// digest has its position at 20 and its next sequence number at 30; its oldest is 10.
	digest := func(properties wire, ranges ...byte) []byte {
		return longHead(23, &Frame{Kind: Digest, Session: 1}).
			u64(1, 2, 3, 4, 10, 11, 20, 30, 40, 5, 6, 7, 8).u32(2).bin(nil).raw(properties...).
			raw(ranges...).tag()
	}
	numbers := func(role uint32, vs ...uint64) []byte {
		return longHead(23, &Frame{Kind: Digest, Session: 1}).u64(vs...).u32(role).bin(nil).
			raw(0x80, 0x90).tag()
	}
	find := func(what uint32, properties ...byte) []byte {
		return body(Find, 0, 6, u64(1, 2).u32(what).u64(3).bin(nil).raw(properties...))
	}
	nack := func(ranges ...byte) []byte {
		return body(Nack, 0, 5, u64(1, 2, 3, 4).raw(ranges...))
	}
	group, host := []byte{239, 1, 2, 3, 30, 20}, []byte{10, 0, 0, 1, 30, 20}
	layout := func(groups uint32, base []byte) wire { return wire{10, 0x92}.u32(groups).bin(base) }
	keyed := func(key int) wire { // a message with a key of so many bytes and 3 headers
		w := wire{0x91, 0x92, 0xc4, 0, 0x82, 0}.bin(make([]byte, key)).raw(1, 0x83)
		for _, name := range []byte("abc") {
			w = w.raw(0xa1, name).bin(make([]byte, 255))
		}
		return w
	}
	controls := func(n int) wire {
		return append(wire{11, 0x90 | byte(n)}, bytes.Repeat(wire{}.bin(host), n)...)
	}
	announce := func(topic string, channels, groups uint32, base []byte, interval uint64,
		properties ...byte) []byte {
		return body(Announce, 0, 8, u64(1, 2).bin(nil).bin([]byte(topic)).raw(0x92).u32(channels).
			u32(groups).bin(base).u64(interval).raw(properties...))
	}
	claim := func(properties wire, entries ...byte) []byte {
		return body(Claim, 0, 6, u64(1, 2, 3).bin([]byte("t")).raw(properties...).raw(entries...))
	}
	grant := func(properties wire, entries ...byte) []byte {
		return body(Grant, 0, 6, u64(1, 2, 3).bin([]byte("t")).raw(properties...).raw(entries...))
	}
	team := func(part, parts uint32, properties wire, lists ...byte) []byte {
		return body(Team, 0, 7, u64(1).u32(part).u32(parts).bin([]byte("t")).raw(properties...).
			raw(lists...))
	}
	cases := []struct {
		name   string
		packet []byte
		want   string
	}{
		// The header.
		{"a good DATA frame", dataFrame(0, 0x91, 0xc4, 0), good},
		{"a map instead of an array", wire{0x8a}.raw(rest...).tag(), bad},
		{"an array with 32 bits of length", wire{0xdd, 0, 0, 0, 10}.raw(rest...).tag(), bad},
		{"an array with 16 bits of length", wire{0xdc, 0, 10}.raw(rest...).tag(), good},
		{"version 0", wire{0x9a, 0, 1}.u16(0).u64(1).u32(0).raw(empty...).tag(), newer},
		{"version 2", wire{0x9a, 2, 1}.u16(0).u64(1).u32(0).raw(empty...).tag(), newer},
		{"version 2, all else unknown",
			wire{0x92, 2}.raw(bytes.Repeat([]byte{0xc0}, 30)...).tag(), newer},
		{"version as nil", wire{0x9a, 0xc0, 1}.u16(0).u64(1).u32(0).raw(empty...).tag(), bad},
		{"version as -1", wire{0x9a, 0xff, 1}.u16(0).u64(1).u32(0).raw(empty...).tag(), bad},
		{"version in two bytes",
			wire{0x9a, 0xcc, 1, 1}.u16(0).u64(1).u32(0).raw(empty...).tag(), bad},
		{"version as a string",
			wire{0x9a, 0xa1, '1', 1}.u16(0).u64(1).u32(0).raw(empty...).tag(), bad},
		{"kind 0", body(0, 0, 4, data(0x90)), newer},
		{"kind 10, parity", body(10, 0, 4, data(0x90)), newer},
		{"kind 127", body(127, 0, 4, data(0x90)), newer},
		{"kind as nil", wire{0x9a, 1, 0xc0}.u16(0).u64(1).u32(0).raw(empty...).tag(), bad},
		{"kind in two bytes", wire{0x9a, 1, 0xcc, 1}.u16(0).u64(1).u32(0).raw(empty...).tag(), bad},
		{"flags in one byte", wire{0x9a, 1, 1, 0}.u64(1).u32(0).raw(empty...).tag(), bad},
		{"flags in four bytes", wire{0x9a, 1, 1}.u32(0).u64(1).u32(0).raw(empty...).tag(), bad},
		{"session in four bytes", wire{0x9a, 1, 1}.u16(0).u32(1).u32(0).raw(empty...).tag(), bad},
		{"session as a negative",
			wire{0x9a, 1, 1}.u16(0).raw(0xd3).raw(bytes.Repeat([]byte{0xff}, 8)...).
				u32(0).raw(empty...).tag(), bad},
		{"session as nil", wire{0x9a, 1, 1}.u16(0).raw(0xc0).u32(0).raw(empty...).tag(), bad},
		{"channel in eight bytes", wire{0x9a, 1, 1}.u16(0).u64(1).u64(0).raw(empty...).tag(), bad},
		{"an unknown flag that may be ignored", dataFrame(0x0080, 0x90), good},
		{"an unknown critical flag", dataFrame(0x0400, 0x90), newer},
		{"a replay", dataFrame(Replay, 0x90), good},
		{"a replay's HEARTBEAT", body(Heartbeat, Replay, 8, beat(4, 4, 1, 1)), good},
		{"a replay's BYE", body(Bye, Replay, 8, beat(4, 4, 1, 1)), good},
		{"a replay's REPAIR", body(Repair, Replay, 3, u64(1, 2).bin(dataFrame(0, 0x90))), newer},
		{"a replay's STATUS", body(Status, Replay, 8, u64(1, 2, 3, 4).bin(nil).u64(5, 6).raw(0x80)),
			newer},
		{"a flag of DATA elsewhere", body(Heartbeat, Continues, 8, beat(4, 4, 1, 1)), newer},
		{"the highest critical flag", body(Heartbeat, 0x8000, 8, beat(4, 4, 1, 1)), newer},
		{"fewer elements than the kind has", body(Data, 0, 3, data()), bad},
		{"fewer elements than are there", body(Data, 0, 3, data(0x90)), bad},
		{"an element more than is there", body(Data, 0, 5, data(0x90)), bad},
		{"bytes after the last element", dataFrame(0, 0x90, 0xc0), bad},
		{"a trailing field", body(Data, 0, 5, data(0x90, 0xc0)), good},
		{"trailing fields of many types", body(Confirm, 0, 9, wire{}.u64(1, 2).raw(
			0x90, 0xc2, 0xa3, 'a', 'b', 'c', 0x92, 1, 0x81, 2, 3, 0xc7, 2, 9, 1, 2, 0xd8, 1,
			0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
			0xcb, 0, 0, 0, 0, 0, 0, 0, 0)), good},
		{"a trailing field that never ends", body(Data, 0, 5, data(0x90, 0x91)), bad},
		{"a trailing bin longer than the datagram",
			body(Data, 0, 5, data(0x90, 0xc5, 0xff, 0xff, 1)), bad},
		{"a trailing bin with 32 bits of length",
			body(Data, 0, 5, data(0x90, 0xc6, 0, 0, 0, 1, 7)), bad},
		{"a trailing string with 32 bits of length",
			body(Data, 0, 5, data(0x90, 0xdb, 0xff, 0xff, 0xff, 0xff)), bad},
		{"a trailing array with 32 bits of length",
			body(Data, 0, 5, data(0x90, 0xdd, 0xff, 0xff, 0xff, 0xff)), bad},
		{"a trailing map with 32 bits of length",
			body(Data, 0, 5, data(0x90, 0xdf, 0x7f, 0xff, 0xff, 0xff)), bad},
		{"a trailing extension with 32 bits of length",
			body(Data, 0, 5, data(0x90, 0xc9, 0xff, 0xff, 0xff, 0xff, 1)), bad},
		{"a trailing byte that msgpack never uses", body(Data, 0, 5, data(0x90, 0xc1)), bad},

		// DATA.
		{"chunks as nil", dataFrame(0, 0xc0), bad},
		{"chunks as a bin", dataFrame(0, 0xc4, 0), bad},
		{"more chunks than bytes", dataFrame(0, 0xdc, 0xff, 0xff, 0xc0), bad},
		{"a string for a chunk", dataFrame(0, 0x91, 0xa1, 'x'), bad},
		{"a chunk longer than the datagram", dataFrame(0, 0x91, 0xc4, 9, 1), bad},
		{"a chunk with 32 bits of length", dataFrame(0, 0x91, 0xc6, 0, 0, 0, 1, 1), bad},
		{"a chunk that claims 4 GiB", dataFrame(0, 0x91, 0xc6, 0xff, 0xff, 0xff, 0xff), bad},
		{"a chunk with a head of 16 bits that 8 would do", dataFrame(0, 0x91, 0xc5, 0, 1, 7), good},
		{"a small number for a chunk", dataFrame(0, 0x91, 0x05), bad},
		{"a negative skip",
			dataFrame(0, 0x91, 0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), bad},
		{"a skip of nothing", dataFrame(0, wire{0x91}.u64(0)...), bad},
		{"the longest skip", dataFrame(0, wire{0x91}.u64(MaxSkip)...), good},
		{"a longer skip", dataFrame(0, wire{0x91}.u64(MaxSkip+1)...), bad},
		{"a skip past the last offset",
			body(Data, 0, 4, u64(1, math.MaxUint64-4, 3).raw(0x91).u64(5)), bad},
		{"a skip up to the last offset",
			body(Data, 0, 4, u64(1, math.MaxUint64-5, 3).raw(0x91).u64(5)), good},
		{"the last sequence number", body(Data, 0, 4, u64(math.MaxUint64, 2, 3).raw(0x90)), bad},
		{"the one before", body(Data, 0, 4, u64(math.MaxUint64-1, 2, 3).raw(0x90)), good},
		{"a time past 2^63", body(Data, 0, 4, u64(1, 2, 1<<63).raw(0x90)), bad},
		{"a message with properties",
			dataFrame(0, 0x91, 0x92, 0xc4, 1, 7, 0x81, 0, 0xc4, 1, 'k'), good},
		{"an empty map of properties", dataFrame(0, 0x91, 0x92, 0xc4, 1, 7, 0x80), good},
		{"long heads of properties", dataFrame(0, 0x91, 0x92, 0xc4, 1, 7, 0xde, 0, 2, 0, 0xc5, 0, 1,
			'k', 1, 0xde, 0, 1, 0xda, 0, 1, 'n', 0xc5, 0, 0), good},
		{"unknown properties", dataFrame(0, 0x91, 0x92, 0xc4, 1, 7, 0x82, 0, 0xc4, 0, 9, 0xa1, 'x'),
			good},
		{"properties with text for a key", dataFrame(0, 0x91, 0x92, 0xc4, 1, 7, 0x81, 0xa1, 'k', 1),
			bad},
		{"properties that are no map", dataFrame(0, 0x91, 0x92, 0xc4, 1, 7, 0x90), bad},
		{"properties that descend", dataFrame(0, 0x91, 0x92, 0xc4, 1, 7, 0x82, 1, 0x80, 0, 0xc4, 0),
			bad},
		{"two keys", dataFrame(0, 0x91, 0x92, 0xc4, 1, 7, 0x82, 0, 0xc4, 0, 0, 0xc4, 0), bad},
		{"a key as text", dataFrame(0, 0x91, 0x92, 0xc4, 1, 7, 0x81, 0, 0xa1, 'k'), bad},
		{"a key of 256 bytes",
			dataFrame(0, wire{0x91, 0x92, 0xc4, 0, 0x81, 0}.bin(make([]byte, 256))...), bad},
		{"a header", dataFrame(0, 0x91, 0x92, 0xc4, 0, 0x81, 1, 0x81, 0xa1, 'n', 0xc4, 0), good},
		{"a header without a name", dataFrame(0, 0x91, 0x92, 0xc4, 0, 0x81, 1, 0x81, 0xa0, 0xc4, 0),
			bad},
		{"a header with a broken name",
			dataFrame(0, 0x91, 0x92, 0xc4, 0, 0x81, 1, 0x81, 0xa1, 0xff, 0xc4, 0), bad},
		{"a header with a broken name beside a key", dataFrame(0, 0x91, 0x92, 0xc4, 0,
			0x82, 0, 0xc4, 1, 'k', 1, 0x81, 0xa1, 0xff, 0xc4, 0), bad},
		{"a key and headers of 1,024 bytes", dataFrame(0, keyed(241)...), good},
		{"a key and headers of 1,025 bytes", dataFrame(0, keyed(242)...), bad},
		{"a header whose name is a bin",
			dataFrame(0, 0x91, 0x92, 0xc4, 0, 0x81, 1, 0x81, 0xc4, 1, 'n', 0xc4, 0), bad},
		{"a header whose value is text",
			dataFrame(0, 0x91, 0x92, 0xc4, 0, 0x81, 1, 0x81, 0xa1, 'n', 0xa1, 'v'), bad},
		{"32 headers", dataFrame(0, wire{0x91, 0x92, 0xc4, 0, 0x81, 1, 0xde, 0, 32}.
			raw(bytes.Repeat([]byte{0xa1, 'n', 0xc4, 0}, 32)...)...), good},
		{"33 headers", dataFrame(0, wire{0x91, 0x92, 0xc4, 0, 0x81, 1, 0xde, 0, 33}.
			raw(bytes.Repeat([]byte{0xa1, 'n', 0xc4, 0}, 33)...)...), bad},
		{"properties of 1,024 bytes", dataFrame(0, wire{0x91, 0x92, 0xc4, 0}.
			raw(0x81, 1, 0x81, 0xa1, 'n').bin(make([]byte, 1024-8))...), good},
		{"properties of 1,025 bytes", dataFrame(0, wire{0x91, 0x92, 0xc4, 0}.
			raw(0x81, 1, 0x81, 0xa1, 'n').bin(make([]byte, 1025-8))...), bad},
		{"properties of a message that continues",
			dataFrame(Continues, 0x91, 0x92, 0xc4, 1, 7, 0x80), bad},
		{"properties of one that starts and is unfinished",
			dataFrame(Unfinished, wire{0x92}.u32(9).raw(0x92, 0xc4, 1, 7, 0x80)...), good},
		{"properties of a message that is cut", dataFrame(0, 0x91, 0x92, 0xc4, 1, 7, 0x81, 0), bad},
		{"three elements in a chunk", dataFrame(0, 0x91, 0x93, 0xc4, 1, 7, 0x80, 0xc0), bad},
		{"properties before the message", dataFrame(0, 0x91, 0x92, 0x80, 0xc4, 1, 7), bad},
		{"continues, without a chunk", dataFrame(Continues, 0x90), bad},
		{"continues, with padding only", dataFrame(Continues, 0x91, 0xc0), bad},
		{"continues with a skip", dataFrame(Continues, wire{0x91}.u64(3)...), bad},
		{"unfinished, without a chunk", dataFrame(Unfinished, 0x90), bad},
		{"unfinished, with a skip", dataFrame(Unfinished, wire{0x91}.u64(3)...), bad},
		{"unfinished, without its length", dataFrame(Unfinished, 0x91, 0xc4, 1, 7), bad},
		{"a length, but not unfinished", dataFrame(0, wire{0x92}.u32(9).bin([]byte{1})...), bad},
		{"a length without a message", dataFrame(Unfinished, wire{0x91}.u32(9)...), bad},
		{"a length at the end", dataFrame(0, wire{0x92}.bin([]byte{1}).u32(9)...), bad},
		{"a length before padding",
			dataFrame(Unfinished, wire{0x93}.u32(9).raw(0xc0).bin([]byte{1})...), bad},
		{"a length before a skip",
			dataFrame(Unfinished, wire{0x93}.u32(9).u64(1).bin([]byte{1})...), bad},
		{"two lengths", dataFrame(Unfinished, wire{0x93}.u32(9).u32(9).bin([]byte{1})...), bad},
		{"a length of 0", dataFrame(Unfinished, wire{0x92}.u32(0).bin(nil)...), bad},
		{"the greatest length",
			dataFrame(Unfinished, wire{0x92}.u32(MaxMessage).bin([]byte{1})...), good},
		{"a greater length",
			dataFrame(Unfinished, wire{0x92}.u32(MaxMessage+1).bin([]byte{1})...), bad},
		{"a length that is all there already",
			dataFrame(Unfinished, wire{0x92}.u32(1).bin([]byte{1})...), bad},
		{"a length in the middle",
			dataFrame(Unfinished, wire{0x93}.u32(9).bin([]byte{1}).bin([]byte{1})...), bad},

		// REPAIR.
		{"a string in a REPAIR", body(Repair, 0, 3, u64(1, 2).raw(0xa1, 'x')), bad},
		{"a REPAIR that claims 4 GiB",
			body(Repair, 0, 3, u64(1, 2).raw(0xc6, 0xff, 0xff, 0xff, 0xff)), bad},
		{"an empty REPAIR", body(Repair, 0, 3, u64(1, 2).bin(nil)), good},

		// HEARTBEAT and BYE.
		{"a good HEARTBEAT", body(Heartbeat, 0, 8, beat(9, 9, 9, 9)), good},
		{"oldest above next", body(Heartbeat, 0, 8, beat(8, 9, 9, 9)), bad},
		{"oldest offset above next", body(Bye, 0, 8, beat(9, 8, 9, 9)), bad},
		{"an interval past 2^63",
			body(Heartbeat, 0, 8, u64(1, 9, 9, 9, 9, 1<<63).u32(1).u64(1)), bad},
		{"a group in eight bytes", body(Heartbeat, 0, 8, u64(1, 9, 9, 9, 9, 1, 1, 1)), bad},

		// SESSION.
		{"a good SESSION", session(nil, 0x80), good},
		{"a wall clock past 2^63",
			body(Session, 0, 8, u64(1, 1<<63, 3, 4).bin(nil).u32(1).bin(nil).raw(0x80)), bad},
		{"an address of 5 bytes", session(make([]byte, 5), 0x80), bad},
		{"an address of 19 bytes", session(make([]byte, 19), 0x80), bad},
		{"an address", session([]byte{10, 0, 0, 1, 0, 9}, 0x80), good},
		{"an address without a port", session([]byte{10, 0, 0, 1, 0, 0}, 0x80), bad},
		{"the address 0.0.0.0", session([]byte{0, 0, 0, 0, 0, 9}, 0x80), bad},
		{"the address of a group", session([]byte{239, 0, 0, 1, 0, 9}, 0x80), bad},
		{"the broadcast address", session([]byte{255, 255, 255, 255, 0, 9}, 0x80), bad},
		{"the broadcast address, mapped",
			session(append(make([]byte, 10), 255, 255, 255, 255, 255, 255, 0, 9), 0x80), bad},
		{"the address of a group over IPv6",
			session([]byte{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9}, 0x80), bad},
		{"a name of 256 bytes",
			body(Session, 0, 8,
				u64(1, 2, 3, 4).bin(nil).u32(1).bin(make([]byte, 256)).raw(0x80)), bad},
		{"properties as an array", session(nil, 0x90), bad},
		{"properties as nil", session(nil, 0xc0), bad},
		{"properties cut short", session(nil, 0x82, 1, 2, 3), bad},
		{"properties with 16 bits of length", session(nil, 0xde, 0, 1, 77, 2), good},
		{"properties that claim 65,535 pairs", session(nil, 0xde, 0xff, 0xff, 77, 2), bad},
		{"properties that claim 4 Gi pairs", session(nil, 0xdf, 0xff, 0xff, 0xff, 0xff), bad},
		{"properties nested 200 deep", session(nil, nested(200, []byte{0x91}, 1)...), good},
		{"properties nested 60,000 deep", session(nil, nested(60000, []byte{0x91}, 1)...), good},
		{"properties nested without end", session(nil, nested(60000, []byte{0x91})...), bad},
		{"properties nested, each a promise of 65,535",
			session(nil, nested(20000, []byte{0xdc, 0xff, 0xff})...), bad},

		// NACK, CONFIRM, GONE.
		{"a good NACK", nack(0x92, 5, 1), good},
		{"no ranges", nack(0x90), good},
		{"ranges as nil", nack(0xc0), bad},
		{"half a range", nack(0x93, 5, 1, 1), bad},
		{"half a range, and a number after", nack(0x93, 5, 1, 1, 1), bad},
		{"a range of nothing", nack(0x92, 5, 0), bad},
		{"a negative distance", nack(0x92, 0xff, 1), bad},
		{"a negative length", nack(0x92, 5, 0xd0, 0xff), bad},
		{"a length as nil", nack(0x92, 5, 0xc0), bad},
		{"a length as a string", nack(0x92, 5, 0xa1, 1), bad},
		{"a length as a float", nack(0x92, 5, 0xca, 0, 0, 0, 0), bad},
		{"ranges that touch", nack(0x94, 5, 1, 0, 1), good},
		{"all sequence numbers", nack(wire{0x92, 0}.u64(math.MaxUint64)...), good},
		{"a range past the last sequence number", nack(wire{0x92, 1}.u64(math.MaxUint64)...), bad},
		{"a distance past it", nack(wire{0x94, 1, 1}.u64(math.MaxUint64).raw(1)...), bad},
		{"more ranges than bytes", nack(0xdc, 0xff, 0xfe, 1, 1), bad},
		{"an echo past 2^63", body(Nack, 0, 5, u64(1, 2, 1<<63, 4).raw(0x90)), bad},
		{"held for longer than 2^63", body(Nack, 0, 5, u64(1, 2, 3, 1<<63).raw(0x90)), bad},
		{"no properties", property(77, 0), good},
		{"a key that is text", property(0xa1, 'k', 2), good},
		{"a key below 0", property(0xff, 2), good},
		{"a key of 64 bits", session(nil, wire{0x81}.u64(77).raw(2)...), good},
		{"a topic", property(1, 0xc4, 1, 'x'), good},
		{"a topic as text", property(1, 0xa1, 'x'), bad},
		{"a topic of 256 bytes", property(wire{1}.bin(make([]byte, 256))...), bad},
		{"a key of 32 bytes", property(wire{4}.bin(make([]byte, 32))...), good},
		{"a key of 33 bytes", property(wire{4}.bin(make([]byte, 33))...), bad},
		{"a session before", property(link(7)...), good},
		{"a session before with a field less", property(link(6)...), bad},
		{"a session before with a field more", property(link(8).raw(0xc0)...), good},
		{"a session before without that field", property(link(8)...), bad},
		{"a session before, as a number", property(wire{2}.u64(1)...), bad},
		{"a replay in one byte", property(3, 1), bad},
		{"the same key twice",
			session(nil, wire{0x82, 3}.u64(1).raw(3).u64(2)...), good},
		{"a recorder's STATUS", status(wire{0x81, 5, 0x92}.u64(9, 8)...), good},
		{"a recorder's STATUS that is synced beyond what is written",
			status(wire{0x81, 5, 0x92}.u64(8, 9)...), bad},
		{"a recorder's STATUS with one number", status(wire{0x81, 5, 0x91}.u64(8)...), bad},

		// Layouts and positions.
		{"a layout", property(layout(16, nil)...), good},
		{"a layout with a base", property(layout(256, group)...), good},
		{"a layout that grew", property(wire{10, 0x94}.u32(1).bin(nil).u32(9).raw(0xc0)...), good},
		{"a layout without groups", property(layout(0, nil)...), bad},
		{"a layout of 257 groups", property(layout(257, nil)...), bad},
		{"a layout on an address of one host", property(layout(1, host)...), bad},
		{"a layout on port 0", property(layout(1, []byte{239, 0, 0, 1, 0, 0})...), bad},
		{"a layout on half an address", property(layout(1, []byte{239, 0, 0, 1, 0})...), bad},
		{"a layout without its base", property(wire{10, 0x91}.u32(1)...), bad},
		{"four controls", property(controls(4)...), good},
		{"a control that is where it comes from", property(11, 0x91, 0xc4, 0), good},
		{"five controls", property(controls(5)...), bad},
		{"a control that is a group", property(wire{11, 0x91}.bin(group)...), bad},
		{"positions", status(0x81, 12, 0x92, 0x92, 0, 0, 0x92, 0xcc, 255, 0xcd, 1, 0), good},
		{"positions of a recorder", status(0x81, 12, 0x91, 0x95, 3, 9, 8, 8, 0xc0), good},
		{"a position in three elements", status(0x81, 12, 0x91, 0x93, 3, 9, 8), good},
		{"a position alone", status(0x81, 12, 0x91, 0x91, 3), bad},
		{"a position in channel 256", status(0x81, 12, 0x91, 0x92, 0xcd, 1, 0, 9), bad},
		{"a position with more synced than written", status(0x81, 12, 0x91, 0x94, 3, 9, 8, 9), bad},
		{"256 positions", status(append(wire{0x81, 12}.array16(256),
			bytes.Repeat([]byte{0x92, 1, 2}, 256)...)...), bad},
		{"positions where none belong", property(12, 0xc0), good},

		// ANNOUNCE.
		{"an ANNOUNCE", announce("t", 16, 4, group, 1, 0x80), good},
		{"an ANNOUNCE without a topic", announce("", 16, 4, group, 1, 0x80), bad},
		{"an ANNOUNCE without channels", announce("t", 0, 0, nil, 1, 0x80), bad},
		{"an ANNOUNCE of 257 channels", announce("t", 257, 4, nil, 1, 0x80), bad},
		{"an ANNOUNCE of more groups than channels", announce("t", 4, 5, nil, 1, 0x80), bad},
		{"an ANNOUNCE on an address of one host", announce("t", 4, 4, host, 1, 0x80), bad},
		{"an ANNOUNCE with a negative interval", announce("t", 4, 4, nil, 1<<63, 0x80), bad},
		{"an ANNOUNCE of a process past 32 bits",
			announce("t", 4, 4, nil, 1, wire{0x81, 14, 0x92}.bin(nil).u64(1<<32)...), bad},
		{"an ANNOUNCE of a replay", body(Announce, Replay, 8, u64(1, 2).bin(nil).bin([]byte("t")).
			raw(0x92).u32(1).u32(1).bin(nil).u64(0).raw(0x80)), good},

		{"an ANNOUNCE of a team", announce("t", 4, 4, nil, 1,
			wire{0x81, 19, 0x91, 0x94}.bin([]byte("a")).raw(1, 2, 3)...), good},
		{"an ANNOUNCE of a team with a field less", announce("t", 4, 4, nil, 1,
			wire{0x81, 19, 0x91, 0x93}.bin([]byte("a")).raw(1, 2)...), bad},
		{"an ANNOUNCE of 9 teams", announce("t", 4, 4, nil, 1, wire{0x81, 19, 0x99}.
			raw(bytes.Repeat([]byte{0x94, 0xc4, 0, 1, 2, 3}, 9)...)...), bad},
		{"teams where none belong", property(19, 0xc0), good},

		// CLAIM, GRANT and TEAM.
		{"a CLAIM", claim(wire{0x80}, 0x90), good},
		{"a CLAIM of an entry", claim(wire{0x80}, 0x91, 0x99, 0, 1, 2, 3, 4, 5, 0x90, 0x90, 0x90),
			good},
		{"an entry that grew", claim(wire{0x80}, 0x91, 0x9a, 0, 1, 2, 3, 4, 5, 0x90, 0x90, 0x90,
			0xc0), good},
		{"an entry with a field less", claim(wire{0x80}, 0x91, 0x98, 0, 1, 2, 3, 4, 5, 0x90, 0x90),
			bad},
		{"an entry of channel 256",
			claim(wire{0x80}, 0x91, 0x99, 0xcd, 1, 0, 1, 2, 3, 4, 5, 0x90, 0x90, 0x90), bad},
		{"an entry in state 256",
			claim(wire{0x80}, 0x91, 0x99, 0, 1, 0xcd, 1, 0, 3, 4, 5, 0x90, 0x90, 0x90), bad},
		{"an entry with long numbers", claim(wire{0x80}, wire{0x91, 0x99}.u64(0, 1, 2, 3, 4, 5).
			raw(0x92).u64(7, 9).raw(0x90, 0x90)...), good},
		{"an entry with half a range",
			claim(wire{0x80}, 0x91, 0x99, 0, 1, 2, 3, 4, 5, 0x91, 1, 0x90, 0x90), bad},
		{"an entry with an empty range",
			claim(wire{0x80}, 0x91, 0x99, 0, 1, 2, 3, 4, 5, 0x90, 0x92, 1, 0, 0x90), bad},
		{"an entry below 0", claim(wire{0x80}, 0x91, 0x99, 0, 0xff, 2, 3, 4, 5, 0x90, 0x90, 0x90),
			bad},
		{"more entries than bytes", claim(wire{0x80}, 0xdc, 0xff, 0xff, 0x99), bad},
		{"more ranges than bytes",
			claim(wire{0x80}, 0x91, 0x99, 0, 1, 2, 3, 4, 5, 0xdc, 0xff, 0xfe, 1, 1), bad},
		{"a CLAIM without a team",
			body(Claim, 0, 6, u64(1, 2, 3).bin(nil).raw(0x80, 0x90)), bad},
		{"a CLAIM of a team of 256 bytes",
			body(Claim, 0, 6, u64(1, 2, 3).bin(make([]byte, 256)).raw(0x80, 0x90)), bad},
		{"a CLAIM of a grant past 2^63",
			body(Claim, 0, 6, u64(1, 2, 1<<63).bin([]byte("t")).raw(0x80, 0x90)), bad},
		{"a CLAIM of one that leaves",
			body(Claim, Leaving, 6, u64(1, 2, 3).bin([]byte("t")).raw(0x80, 0x90)), good},
		{"a CLAIM of a replay",
			body(Claim, Replay, 6, u64(1, 2, 3).bin([]byte("t")).raw(0x80, 0x90)), newer},
		{"a CLAIM with unknown properties", claim(wire{0x82, 99, 0xc0, 0xa1, 'k', 0x91, 1}, 0x90),
			good},
		{"a CLAIM with a weight", claim(wire{0x81, 2}.u32(1<<32-1), 0x90), good},
		{"a CLAIM with a weight of 0", claim(wire{0x81, 2, 0}, 0x90), bad},
		{"a CLAIM with a weight of 2^32", claim(wire{0x81, 2}.u64(1<<32), 0x90), bad},
		{"a CLAIM with a share of 256", claim(wire{0x81, 1}.u16(256), 0x90), bad},
		{"a CLAIM with a name as text", claim(wire{0x81, 0, 0xa1, 'x'}, 0x90), bad},
		{"a CLAIM that begins elsewhere", claim(wire{0x81, 7, 2}, 0x90), bad},
		{"a CLAIM to forget twice", claim(wire{0x81, 8, 2}, 0x90), bad},
		{"a CLAIM without its entries", claim(wire{0x80}), bad},

		{"a GRANT", grant(wire{0x80}, 0x90), good},
		{"a GRANT of all", grant(wire{0x80}, 0x91, 0x97, 0, 1, 0, 3, 4, 0, 1), good},
		{"a GRANT of a message", grant(wire{0x80}, 0x91, 0x97, 0, 1, 0, 3, 4, 5, 1), good},
		{"a GRANT of nothing", grant(wire{0x80}, 0x91, 0x97, 0, 1, 0, 3, 4, 4, 1), bad},
		{"a GRANT that ends before it begins",
			grant(wire{0x80}, 0x91, 0x97, 0, 1, 0, 3, 4, 3, 1), bad},
		{"a GRANT that grew", grant(wire{0x80}, 0x91, 0x98, 0, 1, 0, 3, 4, 5, 1, 0xc0), good},
		{"a GRANT with a field less", grant(wire{0x80}, 0x91, 0x96, 0, 1, 0, 3, 4, 5), bad},
		{"a GRANT of channel 256",
			grant(wire{0x80}, 0x91, 0x97, 0xcd, 1, 0, 1, 0, 3, 4, 5, 1), bad},
		{"a GRANT of attempt 2^32",
			grant(wire{0x80}, wire{0x91, 0x97, 0, 1, 0, 3, 4, 5}.u64(1<<32)...), bad},
		{"a GRANT with a lease past 2^63", grant(wire{0x81, 0}.u64(1<<63), 0x90), bad},
		{"a GRANT with what was passed", grant(wire{0x81, 6, 0x91, 0x94, 0, 1, 1, 0xc0}, 0x90), good},
		{"a GRANT with less passed than nothing", grant(wire{0x81, 6, 0x91, 0x93, 0, 2, 1}, 0x90), bad},
		{"a GRANT that passes in 257 channels", grant(wire{0x81, 6}.array16(257).
			raw(bytes.Repeat([]byte{0x93, 0, 1, 2}, 257)...), 0x90), bad},
		{"a stamp past 2^63",
			body(Grant, 0, 6, u64(1, 2, 1<<63).bin([]byte("t")).raw(0x80, 0x90)), bad},
		{"a flag of CLAIM in GRANT",
			body(Grant, Leaving, 6, u64(1, 2, 3).bin([]byte("t")).raw(0x80, 0x90)), good},

		{"a TEAM", team(0, 1, wire{0x80}, 0x90, 0x90), good},
		{"a TEAM in no parts", team(0, 0, wire{0x80}, 0x90, 0x90), bad},
		{"a part behind the last", team(2, 2, wire{0x80}, 0x90, 0x90), bad},
		{"a TEAM without its rows", team(0, 1, wire{0x80}, 0x90), bad},
		{"a TEAM with a member", team(0, 1, wire{0x80},
			0x91, 0x99, 0xc4, 1, 'm', 1, 0xc4, 0, 2, 3, 4, 5, 6, 7, 0x90), good},
		{"a TEAM with a member at a group", team(0, 1, wire{0x80}, wire{0x91, 0x99, 0xc4, 1, 'm', 1}.
			bin(group).raw(2, 3, 4, 5, 6, 7, 0x90)...), bad},
		{"a TEAM with a member of age 2^63", team(0, 1, wire{0x80},
			wire{0x91, 0x99, 0xc4, 1, 'm', 1, 0xc4, 0, 2, 3, 4, 5, 6}.u64(1<<63).raw(0x90)...), bad},
		{"a TEAM with a row", team(0, 1, wire{0x80}, 0x90, 0x91, 0x97, 1, 2, 3, 4, 5, 6, 7), good},
		{"a TEAM with a row of channel 256",
			team(0, 1, wire{0x80}, 0x90, 0x91, 0x97, 0xcd, 1, 0, 2, 3, 4, 5, 6, 7), bad},
		{"a TEAM with a refusal of 256", team(0, 1, wire{0x81, 4}.u16(256), 0x90, 0x90), bad},

		// DIGEST and FIND.
		{"a good DIGEST", digest(wire{0x80}, 0x92, 10, 2), good},
		{"a DIGEST without its ranges", digest(wire{0x80}), bad},
		{"a DIGEST that lacks what is before its oldest", digest(wire{0x80}, 0x92, 9, 2), bad},
		{"a DIGEST that lacks all", digest(wire{0x80}, 0x92, 10, 10), good},
		{"a DIGEST that lacks what is after its position", digest(wire{0x80}, 0x92, 10, 11), bad},
		{"a part of a DIGEST",
			digest(wire{0x81, 8, 0x92}.u64(12, 18), 0x92, 12, 6), good},
		{"a part that lacks what is before it",
			digest(wire{0x81, 8, 0x92}.u64(12, 18), 0x92, 11, 6), bad},
		{"a part that lacks what is after it",
			digest(wire{0x81, 8, 0x92}.u64(12, 18), 0x92, 12, 7), bad},
		{"a part before the oldest", digest(wire{0x81, 8, 0x92}.u64(9, 18), 0x90), bad},
		{"a part up to the next frame", digest(wire{0x81, 8, 0x92}.u64(12, 30), 0x90), good},
		{"a part after the next frame", digest(wire{0x81, 8, 0x92}.u64(12, 31), 0x90), bad},
		{"a part that ends before it begins", digest(wire{0x81, 8, 0x92}.u64(13, 12), 0x90), bad},
		{"a DIGEST of a role of 255", numbers(255, 1, 2, 3, 4, 1, 1, 2, 3, 4, 5, 6, 7, 8), good},
		{"a DIGEST of a role of 256", numbers(256, 1, 2, 3, 4, 1, 1, 2, 3, 4, 5, 6, 7, 8), bad},
		{"a DIGEST with its oldest above its position",
			numbers(1, 1, 2, 3, 4, 3, 1, 2, 3, 4, 5, 6, 7, 8), good},
		{"a DIGEST with its oldest above the next",
			numbers(1, 1, 2, 3, 4, 4, 1, 2, 3, 4, 5, 6, 7, 8), bad},
		{"a part above the position",
			digest(wire{0x81, 8, 0x92}.u64(25, 30), 0x92, 26, 2), good},
		{"a holder's name", digest(wire{0x81, 9}.bin([]byte("desk-4")), 0x90), good},
		{"a holder's name as text", digest(wire{0x81, 9, 0xa1, 'x'}, 0x90), bad},
		{"a holder's name of 256 bytes", digest(wire{0x81, 9}.bin(make([]byte, 256)), 0x90), bad},
		{"a proposal", digest(wire{0x81, 7}.u64(1), 0x90), good},
		{"a proposal in one byte", digest(wire{0x81, 7, 1}, 0x90), bad},
		{"a DIGEST with its position above the next",
			numbers(1, 1, 2, 3, 4, 1, 1, 4, 3, 4, 5, 6, 7, 8), bad},
		{"a DIGEST with its oldest offset above the next",
			numbers(1, 1, 2, 3, 4, 1, 5, 2, 3, 4, 5, 6, 7, 8), bad},
		{"a DIGEST with a time past 2^63",
			numbers(1, 1, 2, 1<<63, 4, 1, 1, 2, 3, 4, 5, 6, 7, 8), bad},
		{"a DIGEST with a wall clock past 2^63",
			numbers(1, 1, 2, 3, 4, 1, 1, 2, 3, 4, 1<<63, 6, 7, 8), bad},
		{"a DIGEST heard longer ago than 2^63",
			numbers(1, 1, 2, 3, 4, 1, 1, 2, 3, 4, 5, 6, 7, 1<<63), bad},
		{"a good FIND", find(5, 0x80), good},
		{"a FIND for something new", find(255, 0x80), good},
		{"a FIND for something of 9 bits", find(256, 0x80), bad},
		{"a FIND without properties", find(5), bad},
		{"a FIND with a topic as text", find(5, 0x81, 1, 0xa1, 'x'), bad},

		{"a subscriber in one byte", body(Nack, 0, 5, wire{1}.u64(2, 3, 4).raw(0x90)), bad},
	}
	var d Decoder
	var f Frame
	for _, c := range cases[:len(cases):len(cases)] {
		if long := longChunks(c.packet); long != nil {
			c.name, c.packet = c.name+", as publishers write it", long
			cases = append(cases, c)
		}
	}
	for _, c := range cases {
		got := good
		switch err := d.Decode(c.packet, &f); {
		case errors.Is(err, ErrMalformed):
			got = bad
		case errors.Is(err, ErrNewer):
			got = newer
		case err != nil:
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s\n%x", c.name, got, c.want, c.packet[:min(len(c.packet), 100)])
		}
	}
}

// longChunks returns a frame of DATA whose chunks have a head of one byte with one of three, which
// is what plainData knows; nil for another frame.
func longChunks(packet []byte) []byte {
	if len(packet) < dataHead || packet[0] != 0x9a || packet[2] != byte(Data) ||
		packet[chunksAt]&0xf0 != 0x90 {
		return nil
	}
	long := append(bytes.Clone(packet[:chunksAt]), 0xdc, 0, packet[chunksAt]&15)
	return retag(append(long, packet[chunksAt+1:]...))
}

// Lengths that would make the msgpack library allocate 4 GiB, or recurse until the stack
// overflows, cost nothing.
func TestNothingIsAllocatedOnASendersWord(t *testing.T) {
	claims := [][]byte{
		{0xc6, 0xff, 0xff, 0xff, 0xff}, // bin of 4 GiB
		{0xdb, 0xff, 0xff, 0xff, 0xff}, // string
		{0xdd, 0xff, 0xff, 0xff, 0xff}, // array
		{0xdf, 0xff, 0xff, 0xff, 0xff}, // map
		{0xc9, 0xff, 0xff, 0xff, 0xff, 1},
		{0xdc, 0xff, 0xff}, {0xde, 0xff, 0xff}, {0xc5, 0xff, 0xff}, {0xda, 0xff, 0xff},
		{0xc8, 0xff, 0xff, 1},
	}
	var packets [][]byte
	for _, s := range samples() {
		whole := write(&s.frame, s.size)
		for at := range len(whole) - tagSize {
			for _, c := range claims {
				w := wire(bytes.Clone(whole[:at])).raw(c...)
				packets = append(packets, w.raw(whole[at:len(whole)-tagSize]...).tag())
			}
		}
	}
	var d Decoder
	var f Frame
	_ = d.Decode(packets[0], &f)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, p := range packets {
		_ = d.Decode(p, &f)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 96<<10 {
		t.Errorf("%d datagrams made Decode allocate %d bytes", len(packets), n)
	}
}

// A Frame's memory is bounded, whatever the datagram contains.
func TestMemoryIsBoundedByTheDatagram(t *testing.T) {
	chunks := wire{}.u64(1, 2, 3).array16(32700).raw(bytes.Repeat([]byte{0xc4, 0}, 32700)...)
	ranges := wire{}.u64(1, 2).array16(65400).raw(bytes.Repeat([]byte{1}, 65400)...)
	head := wire{}.u64(1, 2, 3).bin([]byte("t")).raw(0x80)
	entry := []byte{0x99, 0, 1, 2, 3, 4, 5, 0x90, 0x90, 0x90}
	claims := append(head.array16(6500), bytes.Repeat(entry, 6500)...)
	grants := append(head.array16(8000), bytes.Repeat([]byte{0x97, 0, 1, 2, 3, 4, 5, 6}, 8000)...)
	var f Frame
	var d Decoder
	for _, packet := range [][]byte{body(Data, 0, 4, chunks), body(Confirm, 0, 3, ranges),
		body(Claim, 0, 6, claims), body(Grant, 0, 6, grants)} {
		if err := d.Decode(packet[:min(len(packet), MaxDatagram)], &f); err != nil {
			t.Fatal(err)
		}
	}
	n := 40*cap(f.Chunks) + 16*cap(f.Ranges) + 136*cap(f.spare.claim.Entries) +
		48*cap(f.spare.grant.Entries)
	if n > 6<<20 {
		t.Errorf("the frame holds %d bytes", n)
	}
}
