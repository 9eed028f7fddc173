package frame

import (
	"math"
	"slices"
	"testing"

	"crier/nack"
)

// The sizes are those of docs/PROTOCOL.md.
func TestSizes(t *testing.T) {
	for _, c := range []struct{ datagram, frame, room int }{
		{1472, 1401, 1345}, {1452, 1381, 1325}, {MinDatagram, 185, 129},
		{MaxDatagram, 65436, 65380},
	} {
		if f, r := DataSize(c.datagram), DataRoom(c.datagram); f != c.frame || r != c.room {
			t.Errorf("datagrams of %d: frames of %d with room for %d, want %d and %d",
				c.datagram, f, r, c.frame, c.room)
		}
	}
}

// A REPAIR of a full DATA frame fits in the datagram, even if both have tags of 16 bytes.
func TestRepairFits(t *testing.T) {
	var e Encoder
	step, long := 1, make([]byte, 1<<17)
	for size := MinDatagram; size <= MaxDatagram; size += step {
		if size > 1600 && size < MaxDatagram-600 {
			step = 499
		} else {
			step = 1
		}
		var b Builder
		b.Open(make([]byte, 0, DataSize(size)), 1, 0, 0, 0, 0)
		b.Start(long)
		data := b.Seal(true)
		if len(data) != DataSize(size) {
			t.Fatalf("datagrams of %d: a full frame has %d bytes, not %d",
				size, len(data), DataSize(size))
		}
		repair := e.AppendRepair(nil, 1, 0, 1, 1, data)
		if got := len(repair) + 2*tagGrowth; got > size || got < size-1 {
			t.Fatalf("datagrams of %d: with long tags a REPAIR has %d bytes", size, got)
		}
		if f := decode(t, repair); len(f.Inner) != len(data) {
			t.Fatalf("%v", f)
		}
	}
}

// worst returns n ranges whose encoding is the longest.
func worst(n int) []nack.Range {
	ranges := make([]nack.Range, n)
	step := uint64(math.MaxUint64) / uint64(2*n+2)
	for i := range ranges {
		from := uint64(2*i+1) * step
		ranges[i] = nack.Range{From: from, To: from + step}
	}
	return ranges
}

func TestFitRanges(t *testing.T) {
	near := func(n int, gap, length uint64) []nack.Range {
		ranges := make([]nack.Range, n)
		at := uint64(1 << 62)
		for i := range ranges {
			ranges[i] = nack.Range{From: at + gap, To: at + gap + length}
			at += gap + length
		}
		return ranges
	}
	rand := nack.NewRand(5, 6)
	random := make([]nack.Range, 6000)
	at := uint64(0)
	for i := range random {
		gap, length := rand.Uint64()>>(16+rand.Below(48)), 1+rand.Uint64()>>(17+rand.Below(47))
		random[i] = nack.Range{From: at + gap, To: at + gap + length}
		at += gap + length
	}
	var e Encoder
	for _, size := range []int{MinDatagram, 1452, 1472, MaxDatagram} {
		for name, all := range map[string][]nack.Range{
			"one": near(1, 5, 5), "single frames": near(40000, 1, 1), "bytes": near(3000, 130, 130),
			"words": near(3000, 300, 70000), "worst": worst(1000), "random": random,
		} {
			for _, kind := range []Kind{Nack, Gone, Confirm} {
				for rest := all; len(rest) > 0; {
					fit := FitRanges(kind, rest, size)
					if fit < 1 || fit > len(rest) {
						t.Fatalf("%s, %d: FitRanges says %d of %d", name, size, fit, len(rest))
					}
					packet := e.Append(nil, &Frame{Kind: kind, Ranges: rest[:fit]})
					if len(packet)+tagGrowth > size {
						t.Fatalf("%s: a %v of %d ranges has %d bytes of %d",
							name, kind, fit, len(packet), size)
					}
					f := decode(t, packet)
					if len(f.Ranges) != fit || f.Ranges[fit-1] != rest[fit-1] {
						t.Fatalf("%s: %v", name, f)
					}
					if fit < len(rest) { // one more range must not fit
						packet := e.Append(nil, &Frame{Kind: kind, Ranges: rest[:fit+1]})
						if len(packet)+tagGrowth <= size {
							t.Fatalf("%s, %d: %d ranges fit a %v, FitRanges says %d",
								name, size, fit+1, kind, fit)
						}
					}
					rest = rest[fit:]
				}
			}
		}
	}
	if n := FitRanges(Nack, nil, 1472); n != 0 {
		t.Errorf("%d of no ranges fit", n)
	}
	if n := FitRanges(Gone, worst(3), 10); n != 1 {
		t.Errorf("%d ranges fit in 10 bytes", n)
	}
	if n := FitRanges(Nack, near(40000, 1, 1), 1472); n != 693 {
		t.Errorf("%d single frames fit in a NACK of 1,472 bytes, want 693", n)
	}
}

// The parts of a digest fit in their datagrams, follow each other, and tell of all that is
// absent.
func TestDigestInParts(t *testing.T) {
	var e Encoder
	many := make([]nack.Range, 3000)
	for i := range many {
		many[i] = nack.Range{From: 10 + uint64(i)*300, To: 10 + uint64(i)*300 + 150}
	}
	for _, size := range []int{MinDatagram, 1472} {
		for n, absent := range [][]nack.Range{nil, many[:1], many[:15], many, worst(900)} {
			f := Frame{Kind: Digest, Session: 1, OldestSeq: 10, NextSeq: math.MaxUint64,
				Ranges: absent, Digest: &DigestBody{From: 10, To: math.MaxUint64 - 1,
					Position: math.MaxUint64 - 1, Version: 9}}
			var got []nack.Range
			parts, at := 0, uint64(10)
			for more := true; more; parts++ {
				var packet []byte
				packet, more = e.AppendDigest(nil, &f, size)
				part := decode(t, packet)
				if len(packet)+tagGrowth > size {
					t.Fatalf("%d ranges: a part of %d bytes in %d", len(absent), len(packet), size)
				}
				if part.Digest.From != at || part.Digest.Version != 9 {
					t.Fatalf("%d ranges: a part after %d: %v", len(absent), at, part)
				}
				at = part.Digest.To
				got = append(got, part.Ranges...)
			}
			if at != math.MaxUint64-1 || !slices.Equal(got, absent) {
				t.Fatalf("%d: %d ranges to %d, want %d", n, len(got), at, len(absent))
			}
			if len(absent) < 16 && size == 1472 && parts != 1 || n > 2 && parts < 3 {
				t.Errorf("%d ranges in %d parts of %d bytes", len(absent), parts, size)
			}
		}
	}
}
