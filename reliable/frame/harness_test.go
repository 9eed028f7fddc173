package frame

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"crier/nack"
)

// The tests write frames in two ways: with the package, and with wire, which follows
// docs/PROTOCOL.md by hand and uses no library. The two must agree.

// wire is a partial frame.
type wire []byte

// head returns the header of a frame of so many fields, tag included.
func head(fields int, kind Kind, flags Flags, session uint64, channel uint32) wire {
	w := wire{0x90 | byte(fields), Version, byte(kind)}
	return w.u16(uint16(flags)).u64(session).u32(channel)
}

// longHead returns the header of a frame of more than 15 fields.
func longHead(fields int, f *Frame) wire {
	short := head(0, f.Kind, f.Flags, f.Session, f.Channel)
	return wire{}.array16(fields).raw(short[1:]...)
}

func (w wire) raw(b ...byte) wire { return append(w, b...) }

func (w wire) u16(v uint16) wire { return binary.BigEndian.AppendUint16(append(w, 0xcd), v) }

func (w wire) u32(v uint32) wire { return binary.BigEndian.AppendUint32(append(w, 0xce), v) }

func (w wire) u64(vs ...uint64) wire {
	for _, v := range vs {
		w = binary.BigEndian.AppendUint64(append(w, 0xcf), v)
	}
	return w
}

// uint appends an integer in its shortest encoding.
func (w wire) uint(v uint64) wire {
	switch {
	case v < 1<<7:
		return append(w, byte(v))
	case v < 1<<8:
		return append(w, 0xcc, byte(v))
	case v < 1<<16:
		return w.u16(uint16(v))
	case v < 1<<32:
		return w.u32(uint32(v))
	}
	return w.u64(v)
}

func (w wire) bin(b []byte) wire {
	if len(b) < 256 {
		w = append(w, 0xc4, byte(len(b)))
	} else {
		w = binary.BigEndian.AppendUint16(append(w, 0xc5), uint16(len(b)))
	}
	return append(w, b...)
}

func (w wire) address(a netip.AddrPort) wire {
	if !a.IsValid() {
		return w.bin(nil)
	}
	return w.bin(binary.BigEndian.AppendUint16(a.Addr().AsSlice(), a.Port()))
}

// list appends an array's head as short as it goes.
func (w wire) list(n int) wire {
	if n < 16 {
		return append(w, 0x90|byte(n))
	}
	return w.array16(n)
}

// array16 appends an array's head of three bytes.
func (w wire) array16(n int) wire {
	return binary.BigEndian.AppendUint16(append(w, 0xdc), uint16(n))
}

func (w wire) ranges(ranges []nack.Range) wire {
	w = w.list(2 * len(ranges))
	at := uint64(0)
	for _, r := range ranges {
		w = w.uint(r.From - at).uint(r.To - r.From)
		at = r.To
	}
	return w
}

// tag appends the checksum and returns the frame.
func (w wire) tag() []byte {
	sum := crc32.Checksum(w, crc32.MakeTable(crc32.Castagnoli))
	return binary.BigEndian.AppendUint32(append(w, 0xc4, 4), sum)
}

// write encodes a frame by hand. It pads a DATA frame with nil to size bytes, if size isn't
// 0.
func write(f *Frame, size int) []byte {
	switch f.Kind {
	case Data:
		w := head(10, f.Kind, f.Flags, f.Session, f.Channel).u64(f.Seq, f.Offset, f.Time)
		count := len(w) + 1
		w = w.array16(0)
		n := 0
		for _, c := range f.Chunks {
			if c.Skip > 0 {
				w = w.u64(c.Skip)
			} else {
				if c.Total > 0 {
					w = w.u32(c.Total)
					n++
				}
				if c.Properties != nil {
					w = w.raw(0x92)
				}
				w = w.bin(c.Data).raw(c.Properties...)
			}
			n++
		}
		for len(w)+6 < size {
			w = append(w, 0xc0)
			n++
		}
		binary.BigEndian.PutUint16(w[count:], uint16(n))
		return w.tag()
	case Repair:
		return head(9, f.Kind, f.Flags, f.Session, f.Channel).
			u64(f.Responder, f.Request).bin(f.Inner).tag()
	case Heartbeat, Bye:
		fields := 14
		if f.Report > 0 {
			fields = 15
		}
		w := head(fields, f.Kind, f.Flags, f.Session, f.Channel).
			u64(f.Time, f.NextSeq, f.NextOffset, f.OldestSeq, f.OldestOffset, uint64(f.Interval)).
			u32(f.Group).u64(uint64(f.RTT))
		if f.Report > 0 {
			w = w.u64(f.Report)
		}
		return w.tag()
	case Session:
		return head(14, f.Kind, f.Flags, f.Session, f.Channel).
			u64(f.Time, uint64(f.Wall), f.FirstSeq, f.FirstOffset).address(f.Control).
			u32(f.Channels).bin(f.Name).raw(mapOf(f)...).tag()
	case Nack:
		return head(11, f.Kind, f.Flags, f.Session, f.Channel).
			u64(f.Subscriber, f.Request, f.Echo, uint64(f.Held)).ranges(f.Ranges).tag()
	case Status:
		return head(14, f.Kind, f.Flags, f.Session, f.Channel).
			u64(f.Subscriber, f.Request, f.Echo, uint64(f.Held)).bin(f.Name).
			u64(f.Position, f.Room).raw(mapOf(f)...).tag()
	case Confirm:
		return head(9, f.Kind, f.Flags, f.Session, f.Channel).
			u64(f.Responder, f.Time).ranges(f.Ranges).tag()
	case Gone:
		return head(12, f.Kind, f.Flags, f.Session, f.Channel).
			u64(f.Responder, f.Request, f.Time, f.OldestSeq, f.OldestOffset).ranges(f.Ranges).tag()
	case Digest:
		d := f.Digest
		return longHead(23, f).u64(f.Responder, f.Request, f.Time, d.Version, f.OldestSeq,
			f.OldestOffset, d.Position, f.NextSeq, f.NextOffset, uint64(d.Wall), d.FirstSeq,
			d.FirstOffset, uint64(d.Heard)).u32(uint32(d.Role)).bin(f.Name).raw(mapOf(f)...).
			ranges(f.Ranges).tag()
	case Claim:
		c := f.Claim
		w := head(12, f.Kind, f.Flags, f.Session, f.Channel).
			u64(f.Subscriber, f.Request, c.Granted).bin(c.Team).raw(mapOf(f)...).
			list(len(c.Entries))
		for _, e := range c.Entries {
			w = w.raw(0x99).uint(uint64(e.Channel)).uint(e.Epoch).uint(uint64(e.State)).
				uint(e.Seq).uint(e.Done).uint(e.Received).ranges(e.Ranges).ranges(e.Freed).
				ranges(e.Working)
		}
		return w.tag()
	case Grant:
		g := f.Grant
		w := head(12, f.Kind, f.Flags, f.Session, f.Channel).
			u64(f.Subscriber, f.Request, g.Stamp).bin(g.Team).raw(mapOf(f)...).
			list(len(g.Entries))
		for _, e := range g.Entries {
			w = w.raw(0x97).uint(uint64(e.Channel)).uint(e.Epoch).uint(uint64(e.State)).
				uint(e.Seq).uint(e.From).uint(e.To).uint(uint64(e.Attempt))
		}
		return w.tag()
	case Team:
		t := f.Team
		w := head(13, f.Kind, f.Flags, f.Session, f.Channel).u64(f.Request).u32(t.Part).
			u32(t.Parts).bin(t.Team).raw(mapOf(f)...).list(len(t.Members))
		for _, m := range t.Members {
			w = w.raw(0x99).bin(m.Name).uint(m.Subscriber).address(m.Address).
				uint(uint64(m.Index)).uint(uint64(m.Weight)).uint(uint64(m.Room)).
				uint(uint64(m.Outstanding)).uint(m.Done).uint(uint64(m.Age))
		}
		w = w.list(len(t.Rows))
		for _, r := range t.Rows {
			w = w.raw(0x97).uint(uint64(r.Channel)).uint(uint64(r.Owner)).uint(r.Epoch).
				uint(r.Done).uint(r.Newest).uint(uint64(r.Attempt)).uint(uint64(r.State))
		}
		return w.tag()
	case Announce:
		a := f.Announce
		return head(14, f.Kind, f.Flags, f.Session, f.Channel).u64(f.Time, uint64(f.Wall)).
			address(f.Control).bin(f.Topic).raw(0x92).u32(a.Partitions).u32(a.Groups).
			address(a.Base).u64(uint64(a.Interval)).raw(mapOf(f)...).tag()
	case Find:
		return head(12, f.Kind, f.Flags, f.Session, f.Channel).u64(f.Subscriber, f.Request).
			u32(uint32(f.Find.What)).u64(f.Find.Value).bin(f.Name).raw(mapOf(f)...).tag()
	}
	return nil
}

// mapOf returns the frame's properties, encoded by hand unless they are already.
func mapOf(f *Frame) wire {
	if len(f.Properties) > 0 {
		return f.Properties
	}
	n, w := 0, wire{}
	add := func(has bool, value func(w wire) wire) {
		if has {
			n++
			w = value(w)
		}
	}
	pair := func(key byte, has bool, a, b uint64) {
		add(has, func(w wire) wire { return w.raw(key, 0x92).u64(a, b) })
	}
	var topic, key []byte
	var prev *Link
	var replay uint64
	d := &DigestBody{}
	switch f.Kind {
	case Session:
		topic, key, prev, replay = f.Topic, f.Key, f.Prev, f.Replay
	case Digest:
		d = f.Digest
		topic, key, prev, replay = d.Topic, d.Key, d.Prev, d.Replay
	case Find:
		topic, key = f.Find.Topic, f.Find.Key
	}
	add(len(topic) > 0, func(w wire) wire { return w.raw(1).bin(topic) })
	add(prev != nil, func(w wire) wire {
		return w.raw(2, 0x97).u64(prev.Session).u32(prev.Channel).u64(prev.Seq, prev.Offset).
			bin(prev.Topic).bin(prev.Publisher).bin(prev.Key)
	})
	add(replay != 0, func(w wire) wire { return w.raw(3).u64(replay) })
	add(len(key) > 0, func(w wire) wire { return w.raw(4).bin(key) })
	pair(5, f.Kind == Status && f.Recorder, f.Written, f.Synced)
	pair(5, d.Written > 0, d.Written, d.Synced)
	pair(6, d.At, d.AtSeq, d.AtOffset)
	add(d.Proposal > 0, func(w wire) wire { return w.raw(7).u64(d.Proposal) })
	pair(8, f.Kind == Digest && (d.From != f.OldestSeq || d.To != max(f.OldestSeq, d.Position)),
		d.From, d.To)
	add(len(d.Holder) > 0, func(w wire) wire { return w.raw(9).bin(d.Holder) })
	switch f.Kind {
	case Session:
		add(f.Groups > 0, func(w wire) wire {
			return w.raw(10, 0x92).u32(f.Groups).address(f.Base)
		})
	case Digest:
		add(d.Groups > 0 && d.Channels == 0, func(w wire) wire {
			return w.raw(10, 0x92).u32(d.Groups).address(d.Base)
		})
		add(d.Groups > 0 && d.Channels > 0, func(w wire) wire {
			return w.raw(10, 0x93).u32(d.Groups).address(d.Base).u32(d.Channels)
		})
	}
	add(f.Kind == Session && len(f.Controls) > 0, func(w wire) wire {
		w = w.raw(11).list(len(f.Controls))
		for _, a := range f.Controls {
			w = w.address(a)
		}
		return w
	})
	add(f.Kind == Status && len(f.Positions) > 0, func(w wire) wire {
		w = w.raw(12).list(len(f.Positions))
		for _, p := range f.Positions {
			if f.Recorder {
				w = w.list(4).uint(uint64(p.Channel)).uint(p.Position)
				w = w.uint(p.Written).uint(p.Synced)
			} else {
				w = w.list(2).uint(uint64(p.Channel)).uint(p.Position)
			}
		}
		return w
	})
	short := func(key byte, v uint64) {
		add(v != 0, func(w wire) wire { return w.raw(key).uint(v) })
	}
	if c := f.Claim; f.Kind == Claim {
		add(len(f.Name) > 0, func(w wire) wire { return w.raw(0).bin(f.Name) })
		short(1, uint64(c.Share))
		add(c.Weight > 1, func(w wire) wire { return w.raw(2).uint(uint64(c.Weight)) })
		short(3, uint64(c.Room))
		add(len(c.Host) > 0, func(w wire) wire { return w.raw(4).bin(c.Host) })
		short(5, uint64(c.PID))
		short(6, uint64(c.Window))
		add(c.Oldest, func(w wire) wire { return w.raw(7, 1) })
		add(c.Forget, func(w wire) wire { return w.raw(8, 1) })
	}
	if g := f.Grant; f.Kind == Grant {
		short(0, uint64(g.Lease))
		short(1, uint64(g.Members))
		short(2, uint64(g.Refused))
		short(3, uint64(g.Share))
		short(5, uint64(g.WorkTime))
		add(len(g.Passed) > 0, func(w wire) wire {
			w = w.raw(6).list(len(g.Passed))
			for _, p := range g.Passed {
				w = w.raw(0x93).uint(uint64(p.Channel)).uint(p.From).uint(p.Offset)
			}
			return w
		})
		add(g.Finished, func(w wire) wire { return w.raw(7, 1) })
	}
	if t := f.Team; f.Kind == Team {
		short(0, uint64(t.Lease))
		short(1, uint64(t.Share))
		short(2, t.GivenUp)
		short(3, t.Redelivered)
		short(4, uint64(t.Refused))
	}
	if a := f.Announce; f.Kind == Announce {
		add(len(f.Name) > 0, func(w wire) wire { return w.raw(13).bin(f.Name) })
		add(len(a.Host) > 0 || a.PID > 0, func(w wire) wire {
			return w.raw(14, 0x92).bin(a.Host).u64(uint64(a.PID))
		})
		pair(15, a.Bytes > 0 || a.Messages > 0, a.Bytes, a.Messages)
		add(a.Subscribers > 0, func(w wire) wire { return w.raw(16).u64(uint64(a.Subscribers)) })
		add(f.Request > 0, func(w wire) wire { return w.raw(17).u64(f.Request) })
		add(len(a.Teams) > 0, func(w wire) wire {
			w = w.raw(19).list(len(a.Teams))
			for _, t := range a.Teams {
				w = w.raw(0x94).bin(t.Name).uint(uint64(t.Share)).uint(uint64(t.Members)).
					uint(t.Lag)
			}
			return w
		})
	}
	add(f.Kind == Session && f.Teams, func(w wire) wire { return w.raw(18).u64(1) })
	return append(wire{0x80 | byte(n)}, w...)
}

// encode encodes a decoded frame with the package. It encodes DATA by hand, since a
// Builder takes messages and not chunks.
func encode(f *Frame) []byte {
	var e Encoder
	switch f.Kind {
	case Data:
		return write(f, len(f.Raw))
	case Repair:
		return e.AppendRepair(nil, f.Session, f.Channel, f.Responder, f.Request, f.Inner)
	}
	return e.Append(nil, f)
}

// retag replaces the last bytes of a datagram by the right tag.
func retag(packet []byte) []byte {
	return wire(packet[:max(0, len(packet)-tagSize):max(0, len(packet)-tagSize)]).tag()
}

// decode decodes a valid frame.
func decode(t testing.TB, packet []byte) *Frame {
	t.Helper()
	var d Decoder
	f := new(Frame)
	if err := d.Decode(packet, f); err != nil {
		t.Fatalf("%v\n%x", err, packet)
	}
	return f
}

// same fails unless two frames are equal apart from their raw bytes.
func same(t testing.TB, got, want *Frame) {
	t.Helper()
	g, w := *got, *want
	g.Raw, w.Raw, g.spare, w.spare = nil, nil, nil, nil
	if !reflect.DeepEqual(&g, &w) {
		t.Fatalf("\n got %+v\nwant %+v", g, w)
	}
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// propertiesOf returns those of a message with a key of so many bytes, and so many headers.
func propertiesOf(key, headers int) Properties {
	list := make([]MessageHeader, headers)
	for i := range list {
		list[i] = MessageHeader{strings.Repeat("n", 24+i), []byte{0, byte(i)}[:i%3]}
	}
	p, err := AppendProperties(nil, []byte(strings.Repeat("k", key)), list)
	if err != nil {
		panic(err)
	}
	return p
}

type sample struct {
	name  string
	frame Frame
	// size is the padded size of a DATA frame, or 0 for no padding.
	size int
}

const sampleSession = 0x1122334455667788

// samples returns a frame of each kind, and of each form of DATA.
func samples() []sample {
	data := func(flags Flags, chunks ...Chunk) Frame {
		f := Frame{Kind: Data, Flags: flags, Session: sampleSession, Seq: 7, Offset: 12,
			Time: 1500000, Chunks: chunks}
		for _, c := range chunks {
			f.Messages += max(c.Skip, 1)
		}
		return f
	}
	inner := data(0, Chunk{Data: []byte("hi")})
	position := Frame{
		Session: sampleSession, Time: 2 << 30, NextSeq: 900, NextOffset: 4000, OldestSeq: 100,
		OldestOffset: 420, Interval: 40 * time.Millisecond, Group: 12, RTT: 180 * time.Microsecond,
	}
	heartbeat, bye := position, position
	heartbeat.Kind, bye.Kind = Heartbeat, Bye
	ranges := []nack.Range{{From: 7, To: 8}, {From: 10, To: 300}, {From: 300, To: 301},
		{From: 1 << 40, To: 1<<40 + 70000}}
	session := Frame{
		Kind: Session, Session: sampleSession, Time: 1, Wall: 1700000000123456789,
		FirstSeq: 1, FirstOffset: 0, Name: []byte("trades"),
		Control: netip.MustParseAddrPort("10.1.2.3:7701"), Channels: 1,
		Properties: []byte{0x81, 0xa1, 'k', 0x2a},
	}
	paced := heartbeat
	paced.Report = 64
	session6 := session
	session6.Control = netip.MustParseAddrPort("[2001:db8::1]:7701")
	session6.Properties = []byte{0x80}
	mapped := func(f Frame) Frame {
		f.Properties = mapOf(&f)
		return f
	}
	prev := &Link{Session: 1 << 60, Seq: 18, Offset: 4711, Topic: []byte("md.eu"),
		Publisher: []byte("trades"), Key: []byte{}}
	continued := session
	continued.Properties, continued.Topic, continued.Key = nil, []byte("md.eu"), []byte{1, 2, 3}
	continued.Prev, continued.Replay = prev, 9
	digest := Frame{
		Kind: Digest, Flags: Live, Session: sampleSession, Responder: 0xfeed, Request: 7,
		Time: 61e6, OldestSeq: 5, OldestOffset: 9, NextSeq: 900, NextOffset: 4000,
		Name: []byte("trades"), Ranges: ranges[:3],
		Digest: &DigestBody{
			Role: Recorder, Version: 3, Position: 890, Written: 890, Synced: 800, At: true,
			AtSeq: 6, AtOffset: 11, Proposal: 1 << 50, Wall: 1700000000123456789, FirstSeq: 1,
			FirstOffset: 2, Heard: 40 * time.Millisecond, From: 5, To: 890,
			Topic: []byte("md.eu"), Key: []byte{1, 2, 3}, Prev: prev, Replay: 9,
		},
	}
	part, over, survivor, bereft := digest, digest, digest, digest
	part.Digest = &DigestBody{Role: Peer, Version: 4, Position: 890, From: 7, To: 301}
	over.Flags, over.Ranges, over.Name = Final|Ended|Full, nil, []byte{}
	over.Digest = &DigestBody{Role: Publisher, Position: 900, From: 5, To: 900}
	survivor.Flags, survivor.Request, survivor.Ranges = 0, 0, ranges[:2]
	survivor.Digest = &DigestBody{Role: Peer, Version: 4, Position: 8, From: 5, To: 900,
		Proposal: 1 << 60, Holder: []byte("desk-4")}
	bereft.Flags, bereft.Request, bereft.Ranges = Full, 0, nil // it holds nothing
	bereft.OldestSeq, bereft.OldestOffset = 900, 4000
	bereft.Digest = &DigestBody{Role: Peer, Version: 4, Position: 8, From: 900, To: 900}
	spread := session
	spread.Properties, spread.Topic, spread.Key, spread.Channels = nil, []byte("orders"), nil, 40
	spread.Groups, spread.Channel = 16, 7
	based := spread
	based.Base = netip.MustParseAddrPort("239.1.2.3:9000")
	based.Controls = []netip.AddrPort{netip.MustParseAddrPort("10.1.2.3:7701"), {},
		netip.MustParseAddrPort("[2001:db8::1]:7701")}
	laidOut := digest
	laidOut.Digest = &DigestBody{Role: Recorder, Version: 4, Position: 8, From: 5, To: 8,
		Topic: []byte("orders"), Groups: 16, Channels: 40}
	laidOut.Ranges = ranges[:1]
	status := Frame{Kind: Status, Session: sampleSession, Channel: 1, Subscriber: 0xabcdef,
		Name: []byte("desk-4"), Position: 17, Room: 1 << 25,
		Positions: []Progress{{Channel: 3, Position: 4}, {Channel: 200, Position: 1 << 40}}}
	recorded := status
	recorded.Recorder, recorded.Written, recorded.Synced = true, 17, 12
	recorded.Positions = []Progress{{3, 400, 400, 70000}, {255, 1 << 40, 1 << 40, 1 << 39}}
	recorded.Positions[0].Synced = 300
	for c := range uint32(20) {
		recorded.Positions = append(recorded.Positions, Progress{Channel: c + 10})
	}
	announce := Frame{Kind: Announce, Session: sampleSession, Time: 61e6, Wall: 1700000000123456789,
		Control: netip.MustParseAddrPort("10.1.2.3:7701"), Topic: []byte("orders"),
		Name: []byte("risk1"), Announce: &AnnounceBody{Partitions: 40, Groups: 16,
			Interval: time.Second, Host: []byte("desk-4"), PID: 4711, Bytes: 1 << 30,
			Messages: 1200000, Subscribers: 9}}
	farewell := announce
	farewell.Request, farewell.Name, farewell.Flags = 5, nil, Replay
	farewell.Announce = &AnnounceBody{Partitions: 1, Groups: 1,
		Base: netip.MustParseAddrPort("[ff15::1]:7700")}
	worked := announce
	worked.Announce = &AnnounceBody{Partitions: 1, Groups: 1, Teams: []AnnouncedTeam{
		{Name: []byte("risk"), Share: ByPartition, Members: 4}, {[]byte("audit"), ByMessage, 1, 3112}}}
	teamed := spread
	teamed.Teams = true
	claim := Frame{Kind: Claim, Session: sampleSession, Subscriber: 0xabcdef, Request: 7,
		Name: []byte("desk-4"), Claim: &ClaimBody{Granted: 3e9, Team: []byte("risk"),
			Share: ByPartition, Weight: 2, Room: 8, Window: 16384, Oldest: true,
			Host: []byte("host4"), PID: 4711, Entries: []ClaimEntry{
				{Channel: 3, Epoch: 1700000000123, Seq: 70, Done: 4711, Received: 4720,
					Ranges: []nack.Range{{From: 4712, To: 4713}, {From: 4715, To: 1 << 40}}},
				{Channel: 255, State: Ready, Received: math.MaxUint64,
					Freed:   []nack.Range{{From: 0, To: 300}},
					Working: []nack.Range{{From: 1, To: 2}, {From: 2, To: 4}}},
				{Channel: 4, Epoch: 1, State: Released}}}}
	watch := Frame{Kind: Claim, Session: sampleSession, Subscriber: 0xabcdef, Request: 7,
		Claim: &ClaimBody{Team: []byte("risk"), Weight: 1, Forget: true}}
	left := Frame{Kind: Claim, Flags: Leaving, Session: sampleSession, Subscriber: 1, Request: 8,
		Name: []byte("a"), Claim: &ClaimBody{Team: []byte("t"), Share: ByMessage, Weight: 1}}
	grant := Frame{Kind: Grant, Session: sampleSession, Subscriber: 0xabcdef, Request: 7,
		Grant: &GrantBody{Stamp: 3e9, Team: []byte("risk"), Share: ByPartition,
			Lease: 2 * time.Second, Members: 3, Entries: []GrantEntry{
				{Channel: 3, Epoch: 1700000000123, Seq: 70, From: 4711, To: 4720, Attempt: 2},
				{Channel: 3, Epoch: 1700000000123, Seq: 70, From: 4720, Attempt: 1},
				{Channel: 4, Epoch: 1, State: Prepare}, {Channel: 5, State: GiveBack}}}}
	each := Frame{Kind: Grant, Session: sampleSession, Subscriber: 0xabcdef, Request: 7,
		Grant: &GrantBody{Stamp: 1, Team: []byte("mail"), Share: ByMessage, Lease: time.Second,
			WorkTime: 30 * time.Second, Members: 200, Passed: []ChannelOffset{{0, 5, 17}, {9, 0, 4}}}}
	for i := range uint64(20) {
		each.Grant.Entries = append(each.Grant.Entries, GrantEntry{Epoch: 1 << 40, Seq: 3,
			From: 2 * i, To: 2*i + 1, Attempt: 1})
	}
	atEnd := Frame{Kind: Grant, Session: sampleSession, Subscriber: 1, Request: 9,
		Grant: &GrantBody{Stamp: 3, Team: []byte("t"), Share: ByPartition, Lease: time.Second,
			Members: 2, Finished: true}}
	refused := Frame{Kind: Grant, Session: sampleSession, Subscriber: 1, Request: 8,
		Grant: &GrantBody{Stamp: 2, Team: []byte("t"), Refused: NameTaken}}
	team := Frame{Kind: Team, Session: sampleSession, Request: 9, Team: &TeamBody{
		Team: []byte("risk"), Share: ByPartition, Lease: 2 * time.Second, Parts: 2, GivenUp: 3,
		Redelivered: 300, Members: []TeamMember{
			{Name: []byte("desk-4"), Subscriber: 0xabcdef,
				Address: netip.MustParseAddrPort("10.1.2.3:5000"), Weight: 2, Room: 8,
				Outstanding: 5, Done: 1 << 40, Age: 150 * time.Millisecond},
			{Name: []byte{}, Index: 1}},
		Rows: []TeamRow{{Channel: 3, Owner: 1, Epoch: 1700000000123, Done: 4711, Newest: 4720,
			Attempt: 2}, {Channel: 4, Newest: 9, State: Prepare}}}}
	noTeam := Frame{Kind: Team, Session: sampleSession, Request: 9,
		Team: &TeamBody{Team: []byte("t"), Parts: 1, Refused: NoTeam}}
	replayed, replays := bye, data(Replay|Unfinished, Chunk{Data: []byte("abc"), Total: 9})
	replayed.Flags = Replay
	bare := session
	bare.Control, bare.Properties, bare.Name = netip.AddrPort{}, []byte{0x80}, []byte{}
	return []sample{
		{"data",
			data(0, Chunk{Data: []byte("hello")}, Chunk{Data: []byte{}},
				Chunk{Data: make([]byte, 300)}), 0},
		{"data empty", data(0), 0},
		{"data padded", data(0, Chunk{Data: []byte("hello")}), 128},
		{"data skip",
			data(0, Chunk{Data: []byte("a")}, Chunk{Skip: 5000}, Chunk{Data: []byte("b")}), 0},
		{"data starts",
			data(Unfinished, Chunk{Data: []byte("x")},
				Chunk{Data: []byte("abc"), Total: 1 << 20}), 0},
		{"data goes on", data(Continues|Unfinished, Chunk{Data: []byte("defgh")}), 0},
		{"data ends", data(Continues, Chunk{Data: []byte("ij")}, Chunk{Data: []byte("next")}), 0},
		{"data ends and starts",
			data(Continues|Unfinished, Chunk{Data: []byte("ij")},
				Chunk{Data: []byte{}, Total: 1}), 0},
		{"data of a replay", replays, 0},
		{"bye of a replay", replayed, 0},
		{"data with properties",
			data(0, Chunk{Data: []byte("plain")},
				Chunk{Data: []byte("hello"), Properties: propertiesOf(5, 2)},
				Chunk{Data: []byte{}, Properties: propertiesOf(0, 20)},
				Chunk{Data: make([]byte, 300), Properties: propertiesOf(255, 0)}), 0},
		{"data with properties starts",
			data(Continues|Unfinished, Chunk{Data: []byte("ij")},
				Chunk{Data: []byte("abc"), Total: 1 << 20, Properties: propertiesOf(8, 1)}), 400},
		{"repair",
			Frame{Kind: Repair, Session: sampleSession, Channel: 3, Responder: sampleSession,
				Request: 99, Inner: write(&inner, 0)}, 0},
		{"heartbeat", heartbeat, 0},
		{"heartbeat of a paced session", paced, 0},
		{"bye", bye, 0},
		{"session", session, 0},
		{"session over IPv6", session6, 0},
		{"session without a name", bare, 0},
		{"session that continues", mapped(continued), 0},
		{"session of a topic", mapped(spread), 0},
		{"session of a topic by a base, with feeds", mapped(based), 0},
		{"nack",
			Frame{Kind: Nack, Session: sampleSession, Subscriber: 0xabcdef, Request: 1<<32 | 5,
				Echo: 1500, Held: time.Millisecond, Ranges: ranges}, 0},
		{"status",
			Frame{Kind: Status, Flags: WantSession, Session: sampleSession, Subscriber: 0xabcdef,
				Request: 6, Echo: 1500, Held: 3, Name: []byte("desk-4"), Position: 17,
				Room: 1 << 25, Properties: []byte{0x81, 77, 0x2a}}, 0},
		{"status leaving",
			Frame{Kind: Status, Flags: Leaving, Session: sampleSession, Subscriber: 0xabcdef,
				Name: []byte{}, Position: 17, Properties: []byte{0x80}}, 0},
		{"status of a recorder",
			mapped(Frame{Kind: Status, Flags: Contested, Session: sampleSession, Echo: 1500,
				Subscriber: 0xabcdef, Name: []byte("rec"), Position: 17, Recorder: true,
				Written: 17, Synced: 12}), 0},
		{"status of three channels", mapped(status), 0},
		{"status of a recorder in many channels", mapped(recorded), 0},
		{"confirm",
			Frame{Kind: Confirm, Session: sampleSession, Responder: sampleSession, Time: 61e6,
				Ranges: ranges}, 0},
		{"gone",
			Frame{Kind: Gone, Session: sampleSession, Responder: sampleSession, Request: 5,
				Time: 61e6, OldestSeq: 400, OldestOffset: 1700, Ranges: ranges}, 0},
		{"digest", mapped(digest), 0},
		{"digest in parts", mapped(part), 0},
		{"digest of the end", mapped(over), 0},
		{"digest of a survivor", mapped(survivor), 0},
		{"digest of one that holds nothing", mapped(bereft), 0},
		{"digest of a topic", mapped(laidOut), 0},
		{"announce", mapped(announce), 0},
		{"announce of an end", mapped(farewell), 0},
		{"announce of teams", mapped(worked), 0},
		{"session that grants to teams", mapped(teamed), 0},
		{"claim", mapped(claim), 0},
		{"claim that watches", mapped(watch), 0},
		{"claim of one that leaves", mapped(left), 0},
		{"grant", mapped(grant), 0},
		{"grant by message", mapped(each), 0},
		{"grant refused", mapped(refused), 0},
		{"grant finished", mapped(atEnd), 0},
		{"team", mapped(team), 0},
		{"team that isn't there", mapped(noTeam), 0},
		{"find of topics",
			mapped(Frame{Kind: Find, Subscriber: 0xabcdef, Request: 3, Name: []byte{},
				Find: &FindBody{What: FindTopics, Value: 1e9, Topic: []byte("quotes.*")}}), 0},
		{"find",
			mapped(Frame{Kind: Find, Subscriber: 0xabcdef, Request: 3, Name: []byte("trades"),
				Find: &FindBody{What: FindTime, Value: 1700000000123456789,
					Topic: []byte("md.eu"), Key: []byte{1, 2, 3}}}), 0},
		{"find of one session",
			mapped(Frame{Kind: Find, Session: sampleSession, Channel: 2, Subscriber: 0xabcdef,
				Request: 3, Name: []byte{}, Find: &FindBody{What: FindEnd}}), 0},
	}
}
