package frame

import (
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"crier/nack"
)

// claimOf returns a CLAIM of so many entries, each with so many ranges of a kind.
func claimOf(entries, ranges, freed, working int) *Frame {
	f := &Frame{Kind: Claim, Session: 1, Subscriber: 2, Name: []byte("desk-4"),
		Claim: &ClaimBody{Team: []byte("hedge"), Share: ByMessage, Weight: 1, Room: 8}}
	list := func(n int, step uint64) (list []nack.Range) {
		for i := range uint64(n) {
			list = append(list, nack.Range{From: 5 + i*step, To: 6 + i*step})
		}
		return list
	}
	for i := range entries {
		f.Claim.Entries = append(f.Claim.Entries, ClaimEntry{Channel: uint32(i % MaxChannels),
			Epoch: 1 << 40, State: ClaimState(i % 4), Seq: uint64(i), Done: uint64(i) << i,
			Received: math.MaxUint64, Ranges: list(ranges, 3), Freed: list(freed, 300),
			Working: list(working, 1<<33)})
	}
	return f
}

// The parts of a CLAIM fit in their datagrams, are full but for the last, and tell of all.
func TestClaimInParts(t *testing.T) {
	var e Encoder
	for _, size := range []int{MinDatagram, 1452, 1472, MaxDatagram} {
		for _, n := range [][4]int{{}, {1, 0, 0, 0}, {256, 0, 0, 0}, {1, 5000, 0, 0}, {3, 0, 900, 9},
			{40, 3, 2, 1}, {2, 700, 700, 700}, {256, 1, 1, 1}} {
			name := fmt.Sprintf("%v in %d bytes", n, size)
			f, want := claimOf(n[0], n[1], n[2], n[3]), claimOf(n[0], n[1], n[2], n[3])
			var got []ClaimEntry
			sum, parts := 0, 0
			for more := true; more; parts++ {
				var packet []byte
				f.Request = uint64(parts)
				packet, more = e.AppendClaim(nil, f, size)
				if len(packet)+tagGrowth > size {
					t.Fatalf("%s: a part of %d bytes", name, len(packet))
				}
				if more && len(packet)+tagGrowth < size-40 {
					t.Fatalf("%s: a part of %d bytes, and more behind it", name, len(packet))
				}
				part := decode(t, packet)
				if part.Request != uint64(parts) || string(part.Name) != "desk-4" {
					t.Fatalf("%s: %v", name, part)
				}
				for i, c := range part.Claim.Entries {
					if c.bare() && n[1]+n[2]+n[3] > 0 {
						t.Fatalf("%s: an entry without its ranges: %v", name, part)
					}
					if i == 0 && len(got) > 0 && got[len(got)-1].Channel == c.Channel {
						last := &got[len(got)-1] // it goes on
						last.Ranges = append(last.Ranges, c.Ranges...)
						last.Freed = append(last.Freed, c.Freed...)
						last.Working = append(last.Working, c.Working...)
						continue
					}
					c.Ranges = slices.Clone(c.Ranges)
					c.Freed, c.Working = slices.Clone(c.Freed), slices.Clone(c.Working)
					got = append(got, c)
				}
				sum += len(packet)
			}
			if !reflect.DeepEqual(got, want.Claim.Entries) {
				t.Fatalf("%s: %d entries of %d, or others", name, len(got), n[0])
			}
			if parts > 1 && parts > 1+sum/(size-80) {
				t.Errorf("%s: %d parts of %d bytes together", name, parts, sum)
			}
		}
	}
}

// The parts of a GRANT fit in their datagrams, tell of all, and each tells of what is passed
// before the next one's entries alone.
func TestGrantInParts(t *testing.T) {
	var e Encoder
	for _, size := range []int{MinDatagram, 1472, MaxDatagram} {
		for _, n := range []int{0, 1, 9, 1024} {
			for _, channels := range []uint32{1, 3, 64} {
				name := fmt.Sprintf("%d entries of %d channels in %d bytes", n, channels, size)
				if size == MinDatagram && channels > 3 {
					continue // what is passed alone doesn't fit
				}
				g := &GrantBody{Stamp: 1, Team: []byte("hedge"), Share: ByMessage,
					Lease: 2 * time.Second, WorkTime: 30 * time.Second, Members: 9}
				mine := map[ChannelOffset]bool{} // offsets granted here
				for c := range channels {
					g.Passed = append(g.Passed, ChannelOffset{Channel: c, From: 1000, Offset: 90000})
					for i := range n {
						from := 1000 + uint64(i)*80
						g.Entries = append(g.Entries, GrantEntry{Channel: c, Epoch: 1<<40 + uint64(i),
							Seq: from / 2, From: from, To: from + 1, Attempt: 1})
						mine[ChannelOffset{c, from, 0}] = true
					}
				}
				f := &Frame{Kind: Grant, Session: 1, Subscriber: 2, Request: 3, Grant: g}
				want, whole := slices.Clone(g.Entries), slices.Clone(g.Passed)
				var got []GrantEntry
				at := map[uint32]uint64{} // up to where all parts together have passed
				for more := true; more; {
					var packet []byte
					packet, more = e.AppendGrant(nil, f, size)
					if len(packet)+tagGrowth > size {
						t.Fatalf("%s: a part of %d bytes", name, len(packet))
					}
					part := decode(t, packet).Grant
					listed := map[ChannelOffset]bool{}
					for _, e := range part.Entries {
						listed[ChannelOffset{e.Channel, e.From, 0}] = true
					}
					for _, p := range part.Passed {
						for o := p.From; o < p.Offset; o++ {
							of := ChannelOffset{p.Channel, o, 0}
							if mine[of] && !listed[of] {
								t.Fatalf("%s: a part passes %v, which another part grants", name, of)
							}
						}
						if last, ok := at[p.Channel]; ok && last != p.From {
							t.Fatalf("%s: passed up to %d, and then from %d", name, last, p.From)
						}
						at[p.Channel] = p.Offset
					}
					got = append(got, part.Entries...)
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%s: %d entries, want %d", name, len(got), len(want))
				}
				for _, p := range whole {
					if at[p.Channel] != p.Offset {
						t.Fatalf("%s: passed up to %d of channel %d", name, at[p.Channel], p.Channel)
					}
				}
			}
		}
	}
}

// The parts of a TEAM fit in their datagrams, are numbered, and tell of all.
func TestTeamInParts(t *testing.T) {
	var e Encoder
	for _, size := range []int{MinDatagram, 1472} {
		for _, n := range [][2]int{{}, {1, 0}, {0, 1}, {3, 256}, {1024, 256}} {
			name := fmt.Sprintf("%v in %d bytes", n, size)
			body := &TeamBody{Team: []byte("hedge"), Share: ByPartition, Lease: time.Second}
			for i := range uint32(n[0]) {
				body.Members = append(body.Members, TeamMember{Name: []byte(fmt.Sprint("m", i)),
					Subscriber: uint64(i) << 40, Index: i, Weight: 1, Age: time.Second,
					Address: netip.MustParseAddrPort("[2001:db8::1]:9")})
			}
			for i := range uint32(n[1]) {
				body.Rows = append(body.Rows, TeamRow{Channel: i, Owner: i, Epoch: 1 << 40,
					Done: uint64(i) << 30, Newest: math.MaxUint64})
			}
			members, rows := body.Members, body.Rows
			f := &Frame{Kind: Team, Session: 1, Request: 3, Team: body}
			var got TeamBody
			parts := uint32(0)
			for more := true; more; parts++ {
				var packet []byte
				packet, more = e.AppendTeam(nil, f, size)
				if len(packet)+tagGrowth > size {
					t.Fatalf("%s: a part of %d bytes", name, len(packet))
				}
				part := decode(t, packet).Team
				if part.Part != parts || more && part.Parts < parts+2 ||
					!more && part.Parts != parts+1 {
					t.Fatalf("%s: part %d of %d is the %d", name, part.Part, part.Parts, parts)
				}
				got.Members = append(got.Members, part.Members...)
				got.Rows = append(got.Rows, part.Rows...)
			}
			if !slices.Equal(got.Rows, rows) || len(got.Members) != len(members) ||
				len(members) > 0 && !reflect.DeepEqual(got.Members, members) {
				t.Fatalf("%s: %d members and %d rows", name, len(got.Members), len(got.Rows))
			}
		}
	}
}

// A body that is decoded into the same Frame again has nothing of the one before.
func TestBodiesAreReused(t *testing.T) {
	var d Decoder
	var f Frame
	var e Encoder
	long := e.Append(nil, claimOf(30, 5, 5, 5))
	bare := e.Append(nil, &Frame{Kind: Claim, Claim: &ClaimBody{Team: []byte("t"), Weight: 1,
		Entries: []ClaimEntry{{Channel: 7}}}})
	for range 2 {
		if err := d.Decode(long, &f); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode(bare, &f); err != nil {
			t.Fatal(err)
		}
		want := ClaimBody{Team: []byte("t"), Weight: 1, Entries: []ClaimEntry{{Channel: 7}}}
		if !reflect.DeepEqual(*f.Claim, want) || f.Name != nil {
			t.Errorf("%+v %q", *f.Claim, f.Name)
		}
	}
}

// FuzzTeamRoundTrip makes CLAIMs and GRANTs of arbitrary numbers, and divides them.
func FuzzTeamRoundTrip(f *testing.F) {
	f.Add([]byte("0123456789abcdef0123456789abcdef"), uint16(300))
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255, 0, 1, 2, 3}, uint16(0))
	f.Fuzz(func(t *testing.T, b []byte, size uint16) {
		b = b[:min(len(b), 4096)]
		datagram := MinDatagram + int(size)%(MaxDatagram-MinDatagram)
		number := func() (v uint64) {
			n := 0
			if len(b) > 0 {
				n, b = int(b[0]%9), b[1:]
			}
			for ; n > 0 && len(b) > 0; n-- {
				v, b = v<<8|uint64(b[0]), b[1:]
			}
			return v
		}
		ranges := func() (list []nack.Range) {
			at := uint64(0)
			for n := number() % 200; n > 0 && len(b) > 0; n-- {
				from := at + number()%(1<<50)
				at = from + 1 + number()%(1<<50)
				list = append(list, nack.Range{From: from, To: at})
			}
			return list
		}
		claim := Frame{Kind: Claim, Subscriber: number(), Claim: &ClaimBody{
			Team: []byte("t"), Share: ByPartition, Weight: 1, Granted: number() >> 1}}
		grant := Frame{Kind: Grant, Subscriber: number(), Grant: &GrantBody{
			Team: []byte("t"), Share: ByMessage, Stamp: number() >> 1}}
		for len(b) > 0 {
			claim.Claim.Entries = append(claim.Claim.Entries, ClaimEntry{
				Channel: uint32(number() % MaxChannels), Epoch: number(),
				State: ClaimState(number()), Seq: number(), Done: number(), Received: number(),
				Ranges: ranges(), Freed: ranges(), Working: ranges()})
			from := number() >> 1
			grant.Grant.Entries = append(grant.Grant.Entries, GrantEntry{
				Channel: uint32(number() % MaxChannels), Epoch: number(),
				State: GrantState(number()), Seq: number(), From: from, To: from + 1 + number()>>1,
				Attempt: uint32(number())})
		}
		var e Encoder
		bytes := 0
		for _, c := range claim.Claim.Entries {
			bytes += 40 + 18*(len(c.Ranges)+len(c.Freed)+len(c.Working))
		}
		if bytes < MaxDatagram-300 && 60*len(grant.Grant.Entries) < MaxDatagram-300 {
			got := decode(t, e.Append(nil, &claim))
			if len(got.Claim.Entries) != len(claim.Claim.Entries) || len(got.Claim.Entries) > 0 &&
				!reflect.DeepEqual(got.Claim.Entries, claim.Claim.Entries) {
				t.Fatalf("\n got %+v\nwant %+v", got.Claim.Entries, claim.Claim.Entries)
			}
			if got := decode(t, e.Append(nil, &grant)); !slices.Equal(got.Grant.Entries,
				grant.Grant.Entries) {
				t.Fatalf("\n got %+v\nwant %+v", got.Grant.Entries, grant.Grant.Entries)
			}
		}
		for _, f := range []*Frame{&claim, &grant} {
			for more, parts := true, 0; more; parts++ {
				var packet []byte
				if f.Kind == Claim {
					packet, more = e.AppendClaim(nil, f, datagram)
				} else {
					packet, more = e.AppendGrant(nil, f, datagram)
				}
				if len(packet)+tagGrowth > datagram || parts > 1<<16 {
					t.Fatalf("part %d of %d bytes in %d", parts, len(packet), datagram)
				}
				decode(t, packet)
			}
		}
	})
}
