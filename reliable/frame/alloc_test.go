package frame

import (
	"testing"

	"crier/nack"
)

func TestDecodeAllocatesNothing(t *testing.T) {
	for _, s := range samples() {
		packet := write(&s.frame, s.size)
		var d Decoder
		var f Frame
		if n := testing.AllocsPerRun(100, func() {
			if err := d.Decode(packet, &f); err != nil {
				t.Fatal(err)
			}
		}); n != bodies(&s.frame) {
			t.Errorf("%s: %v allocations", s.name, n)
		}
	}
}

// bodies returns the number of allocations that Decode makes for a frame.
func bodies(f *Frame) (n float64) {
	prev := f.Prev
	if f.Digest != nil {
		n, prev = 1, f.Digest.Prev
	}
	if f.Find != nil || f.Announce != nil {
		n = 1
	}
	if prev != nil {
		n++
	}
	return n
}

func TestRefusingAllocatesNothing(t *testing.T) {
	damaged := write(&samples()[0].frame, 0)
	damaged[30]++
	var d Decoder
	var f Frame
	for _, packet := range [][]byte{nil, damaged, body(99, 0, 4, nil),
		body(Data, 0, 4, data(0x91, 0xa1, 'x'))} {
		if n := testing.AllocsPerRun(100, func() { _ = d.Decode(packet, &f) }); n != 0 {
			t.Errorf("%x: %v allocations", packet, n)
		}
	}
}

func TestEncodeAllocatesNothing(t *testing.T) {
	var e Encoder
	buf := make([]byte, 0, MaxDatagram)
	for _, s := range samples() {
		if s.frame.Kind == Data {
			continue
		}
		if n := testing.AllocsPerRun(100, func() {
			if s.frame.Kind == Repair {
				buf = e.AppendRepair(buf[:0], 1, 0, 2, 3, s.frame.Inner)
			} else {
				buf = e.Append(buf[:0], &s.frame)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", s.name, n)
		}
	}
	ranges := []nack.Range{{From: 1, To: 2}, {From: 4, To: 1 << 40}}
	if n := testing.AllocsPerRun(100, func() { FitRanges(Nack, ranges, 1472) }); n != 0 {
		t.Errorf("FitRanges: %v allocations", n)
	}
}

func TestBuilderAllocatesNothing(t *testing.T) {
	var b Builder
	buf := make([]byte, 0, DataSize(1472))
	message, long := make([]byte, 64), make([]byte, 5000)
	if n := testing.AllocsPerRun(100, func() {
		b.Open(buf, 1, 0, 2, 3, 4)
		for b.Fits(len(message)) {
			b.Add(message)
		}
		b.Seal(true)
		b.Open(buf, 1, 0, 2, 3, 4)
		b.Skip(9)
		rest := long[b.Start(long):]
		b.Seal(true)
		b.Open(buf, 1, 0, 3, 3, 4)
		b.Continue(rest)
		b.Seal(true)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
