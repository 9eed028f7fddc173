package frame

import (
	"math"
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
