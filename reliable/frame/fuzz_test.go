package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"crier/nack"
)

// FuzzDecode decodes arbitrary datagrams, each twice: unchanged, and with the right tag,
// which lets the fuzzer past the checksum.
func FuzzDecode(f *testing.F) {
	for _, s := range samples() {
		f.Add(write(&s.frame, s.size))
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		packet = packet[:min(len(packet), MaxDatagram)]
		fuzzOne(t, packet)
		fuzzOne(t, retag(packet))
	})
}

// FuzzBody decodes arbitrary bodies behind a valid header of each kind.
func FuzzBody(f *testing.F) {
	for _, s := range samples() {
		packet := write(&s.frame, s.size)
		fields, at := packet[0]&15, headerSize
		if packet[0] == msgpcode.Array16 {
			fields, at = packet[2], at+2
		}
		f.Add(byte(s.frame.Kind), uint16(s.frame.Flags), fields, packet[at:len(packet)-tagSize])
	}
	f.Fuzz(func(t *testing.T, kind byte, flags uint16, fields byte, b []byte) {
		b = b[:min(len(b), MaxDatagram-headerSize-tagSize)]
		f := Frame{Kind: Kind(kind & 127), Flags: Flags(flags), Session: 1}
		if fields > 15 {
			fuzzOne(t, longHead(int(fields), &f).raw(b...).tag())
			return
		}
		fuzzOne(t, head(int(fields), f.Kind, f.Flags, 1, 0).raw(b...).tag())
	})
}

func fuzzOne(t *testing.T, packet []byte) {
	var d Decoder
	f := new(Frame)
	before := bytes.Clone(packet)
	err := d.Decode(packet, f)
	byHand(t, packet)
	if !bytes.Equal(packet, before) {
		t.Fatal("Decode wrote to the datagram")
	}
	// Growing by append leaves a capacity of up to twice the length, and each element
	// took at least two bytes.
	if cap(f.Chunks) > len(packet)+8 || cap(f.Ranges) > len(packet)+8 {
		t.Fatalf("%d bytes made room for %d chunks and %d ranges",
			len(packet), cap(f.Chunks), cap(f.Ranges))
	}
	if err != nil {
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrMalformed) &&
			!errors.Is(err, ErrNewer) {
			t.Fatalf("Decode returned an error that no caller counts: %v", err)
		}
		return
	}
	f.Probe() // must not panic
	invariants(t, f)
	agree(t, f)
}

// byHand checks that plainData and the library parse a datagram to the same frame.
func byHand(t *testing.T, packet []byte) {
	t.Helper()
	body, ok := checkTag(packet)
	byHand, byLibrary := new(Frame), new(Frame)
	if !ok || !plainData(body, byHand) {
		return
	}
	if err := new(Decoder).decode(body, byLibrary); err != nil {
		t.Fatalf("parsed by hand, and by the library: %v\n%x", err, packet)
	}
	if !reflect.DeepEqual(byHand, byLibrary) {
		t.Fatalf("parsed by hand: %v\nby the library: %v\n%x", byHand, byLibrary, packet)
	}
}

// FuzzBuilder compares the frames that a Builder writes by hand with the library's.
func FuzzBuilder(f *testing.F) {
	f.Add(uint64(1), uint32(2), uint64(3), uint64(4), uint64(5), []byte("\x00\x05hello"),
		uint16(255))
	f.Fuzz(func(
		t *testing.T, session uint64, channel uint32, seq, offset, time uint64,
		b []byte, size uint16,
	) {
		buf := make([]byte, 0, MaxDatagram)
		var build Builder
		for range 2 { // the second frame reuses the first one's head
			build.Open(buf, session, channel, seq, offset, time)
			var want Encoder
			want.begin(nil, Data, 0, session, channel)
			want.u64s(seq, offset, time)
			chunks := [][]byte{b, make([]byte, size), {}}
			_ = want.enc.EncodeArrayLen(1<<16 - 1)
			count := 0
			for _, c := range chunks {
				if build.Fits(len(c)) {
					build.Add(c)
					want.bin(c)
					count++
				}
			}
			got := build.Seal(false)
			by := want.w.b
			binary.BigEndian.PutUint16(by[chunksAt+1:], uint16(count))
			if by = appendTag(by, 0); !bytes.Equal(got, by) {
				t.Fatalf("by hand:\n%x\nby the library:\n%x", got, by)
			}
			seq++
		}
	})
}

// invariants checks the promises of docs/PROTOCOL.md about each accepted frame.
func invariants(t *testing.T, f *Frame) {
	t.Helper()
	must := func(ok bool, property string) {
		t.Helper()
		if !ok {
			t.Fatalf("accepted without %s: %v\n%x", property, f, f.Raw)
		}
	}
	view := func(b []byte) bool { return len(b) <= len(f.Raw) && cap(b) == len(b) }
	must(bodyFields(f.Kind) > 0, "a known kind")
	must(f.Flags&criticalFlags&^(Continues|Unfinished|Replay) == 0 &&
		(f.Kind == Data || f.Flags&(Continues|Unfinished) == 0), "known flags only")
	must(f.Flags&Replay == 0 || f.Kind == Data || f.Kind == Heartbeat || f.Kind == Session ||
		f.Kind == Bye || f.Kind == Announce, "a flag of its kind")
	timed := f.Kind != Repair && f.Kind != Nack && f.Kind != Status && f.Kind != Find &&
		f.Kind != Claim && f.Kind != Grant && f.Kind != Team
	must(f.Time <= math.MaxInt64 || !timed, "a time below 2^63")
	switch f.Kind {
	case Data:
		must(f.Seq < math.MaxUint64, "a sequence number that has a successor")
		must(f.EndOffset() >= f.StartOffset() && f.StartOffset() >= f.Offset, "ascending offsets")
		messages := uint64(0)
		for i, c := range f.Chunks {
			first, last := i == 0, i == len(f.Chunks)-1
			must(view(c.Data), "a view")
			if c.Properties != nil {
				must(view(c.Properties) && len(c.Properties) <= MaxProperties, "short properties")
				must(c.Skip == 0 && (!first || f.Flags&Continues == 0), "properties at a start")
				walk(c.Properties)
			}
			if c.Skip > 0 {
				must(c.Skip <= MaxSkip && c.Data == nil && c.Total == 0, "a skip without data")
				messages += c.Skip
			} else {
				messages++
			}
			starts := !first || f.Flags&Continues == 0
			unfinished := last && f.Flags&Unfinished != 0
			must((c.Total > 0) == (starts && unfinished),
				"a length mark exactly where a message starts and doesn't end")
			must(c.Total == 0 || int(c.Total) > len(c.Data) && c.Total <= MaxMessage,
				"a plausible length")
		}
		must(messages == f.Messages, "the number of messages")
		must(f.Flags&(Continues|Unfinished) == 0 || len(f.Chunks) > 0, "a chunk to continue")
	case Repair:
		must(view(f.Inner), "a view")
	case Heartbeat, Bye:
		must(f.OldestSeq <= f.NextSeq && f.OldestOffset <= f.NextOffset,
			"its oldest numbers below its next ones")
		must(f.Interval >= 0 && f.RTT >= 0, "times of at least 0")
	case Session:
		must(len(f.Name) <= MaxName && view(f.Name), "a short name")
		must(f.Wall >= 0, "a wall clock since 1970")
		must(view(f.Properties) && len(f.Properties) > 0 &&
			(msgpcode.IsFixedMap(f.Properties[0]) || f.Properties[0] == msgpcode.Map16), "a map")
		if a := f.Control; a.IsValid() {
			must(a.Port() != 0 && !a.Addr().IsMulticast() && !a.Addr().IsUnspecified() &&
				!a.Addr().Is4In6(), "a unicast address")
		}
		must(f.Groups <= MaxChannels && len(f.Controls) <= MaxControls, "a layout")
		must(!f.Base.IsValid() || f.Base.Addr().IsMulticast() && f.Base.Port() != 0, "a group")
	case Announce:
		a := f.Announce
		must(len(f.Topic) > 0 && len(f.Topic) <= MaxName && view(f.Topic), "a short topic")
		must(len(f.Name) <= MaxName && view(f.Name), "a short name")
		must(len(a.Host) <= MaxName && view(a.Host), "a short name of the host")
		must(a.Partitions <= MaxChannels && a.Groups > 0 && a.Groups <= a.Partitions, "a layout")
		must(!a.Base.IsValid() || a.Base.Addr().IsMulticast() && a.Base.Port() != 0, "a group")
		must(a.Interval >= 0, "times of at least 0")
		must(len(a.Teams) <= MaxAnnouncedTeams, "few teams")
		for _, team := range a.Teams {
			must(len(team.Name) <= MaxName && view(team.Name), "a team's short name")
		}
	case Claim:
		c := f.Claim
		must(len(c.Team) > 0 && len(c.Team) <= MaxName && view(c.Team), "a team")
		must(len(f.Name) <= MaxName && view(f.Name), "a short name")
		must(len(c.Host) <= MaxName && view(c.Host), "a short name of the host")
		must(c.Weight > 0, "a weight")
		all := 0
		for _, e := range c.Entries {
			must(e.Channel < MaxChannels, "a channel")
			for _, list := range [][]nack.Range{e.Ranges, e.Freed, e.Working} {
				all += len(list)
				must(cap(list) == len(list), "ranges that others can't grow into")
				at := uint64(0)
				for _, r := range list {
					must(r.From >= at && r.To > r.From, "ascending ranges")
					at = r.To
				}
			}
		}
		must(9*len(c.Entries)+2*all <= len(f.Raw), "as many entries as bytes")
	case Grant:
		g := f.Grant
		must(len(g.Team) > 0 && len(g.Team) <= MaxName && view(g.Team), "a team")
		must(g.Lease >= 0 && g.WorkTime >= 0, "times of at least 0")
		must(len(g.Passed) <= MaxChannels, "as many places as channels")
		for _, p := range g.Passed {
			must(p.Channel < MaxChannels && p.From <= p.Offset, "a place in a channel")
		}
		must(7*len(g.Entries) <= len(f.Raw), "as many entries as bytes")
		for _, e := range g.Entries {
			must(e.Channel < MaxChannels && (e.To == 0 || e.To > e.From), "offsets of a channel")
		}
	case Team:
		all := f.Team
		must(len(all.Team) > 0 && len(all.Team) <= MaxName && view(all.Team), "a team")
		must(all.Part < all.Parts && all.Lease >= 0, "a part")
		must(9*len(all.Members)+7*len(all.Rows) <= len(f.Raw), "as many entries as bytes")
		for _, m := range all.Members {
			must(len(m.Name) <= MaxName && view(m.Name) && m.Age >= 0, "a member")
		}
		for _, r := range all.Rows {
			must(r.Channel < MaxChannels, "a channel")
		}
	case Nack, Confirm, Gone:
		at := uint64(0)
		for _, r := range f.Ranges {
			must(r.From >= at && r.To > r.From, "ascending ranges")
			at = r.To
		}
		must(f.Held >= 0 && f.Echo <= math.MaxInt64, "times of at least 0")
	case Status:
		must(len(f.Name) <= MaxName && view(f.Name), "a short name")
		must(f.Held >= 0 && f.Echo <= math.MaxInt64, "times of at least 0")
		must(f.Synced <= f.Written, "what is synced below what is written")
		must(len(f.Positions) < MaxChannels, "as many positions as channels")
		for _, p := range f.Positions {
			must(p.Channel < MaxChannels && p.Synced <= p.Written, "a place in a channel")
		}
	case Digest:
		d := f.Digest
		must(f.OldestSeq <= f.NextSeq && d.Position <= f.NextSeq &&
			f.OldestOffset <= f.NextOffset, "ascending numbers")
		must(f.OldestSeq <= d.From && d.From <= d.To && d.To <= f.NextSeq, "a part of it")
		must(len(d.Holder) <= MaxName && view(d.Holder), "a holder's short name")
		must(d.Synced <= d.Written, "what is synced below what is written")
		must(d.Wall >= 0 && d.Heard >= 0, "times of at least 0")
		at := d.From
		for _, r := range f.Ranges {
			must(r.From >= at && r.To > r.From && r.To <= d.To, "ascending ranges")
			at = r.To
		}
		must(len(f.Name) <= MaxName && view(f.Name), "a short name")
		must(len(d.Topic) <= MaxName && view(d.Topic), "a short topic")
		must(len(d.Key) <= MaxKey && view(d.Key), "a short key")
		if d.Prev != nil {
			must(len(d.Prev.Publisher) <= MaxName && view(d.Prev.Publisher), "a short name")
		}
	case Find:
		must(len(f.Name) <= MaxName && view(f.Name), "a short name")
		must(len(f.Find.Topic) <= MaxName && view(f.Find.Topic), "a short topic")
	}
	text := f.String()
	must(len(text) < 4000 && !strings.ContainsAny(text, "\n\r"), "a text of one line")
	must((f.Digest != nil) == (f.Kind == Digest) && (f.Find != nil) == (f.Kind == Find) &&
		(f.Announce != nil) == (f.Kind == Announce) && (f.Claim != nil) == (f.Kind == Claim) &&
		(f.Grant != nil) == (f.Kind == Grant) && (f.Team != nil) == (f.Kind == Team), "the body of its kind alone")
}

// walk reads all of a message's properties, which must not panic, and returns them encoded anew.
func walk(p Properties) (Properties, error) {
	var headers []MessageHeader
	for name, value := range p.Headers() {
		headers = append(headers, MessageHeader{string(name), value})
	}
	for _, h := range headers {
		if _, ok := p.Header(h.Name); !ok {
			panic("no header " + h.Name)
		}
	}
	return AppendProperties(nil, p.Key(), headers)
}

// agree checks that a frame survives encoding and decoding, and that the package and the
// tests' own writer write the same bytes.
func agree(t *testing.T, f *Frame) {
	t.Helper()
	if f.Kind == Repair {
		f.Flags = 0 // AppendRepair sends none
	}
	packet := encode(f)
	if f.Kind != Data {
		if hand := write(f, 0); !bytes.Equal(hand, packet) {
			t.Fatalf("\npackage %x\nby hand %x", packet, hand)
		}
	}
	again := decode(t, packet)
	if f.Chunks == nil {
		again.Chunks = nil
	}
	same(t, again, f)
}
