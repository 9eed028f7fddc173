package inquest

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"
	"unsafe"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/mix"
)

// A row is as small as it is said to be: a thousand inquests of a thousand members fit a simulator.
func TestRowSize(t *testing.T) {
	if n := unsafe.Sizeof(row{}); n > 128 {
		t.Errorf("a row has %d bytes", n)
	}
}

// digestOf returns the DIGEST of the i-th member.
func digestOf(i int, absent []nack.Range) (*frame.Frame, netip.AddrPort) {
	f := &frame.Frame{
		Kind: frame.Digest, Session: session, Responder: mix.Uint64(uint64(i) + 1),
		OldestSeq: 1000, NextSeq: 2000, NextOffset: 20000, Ranges: absent,
		Digest: &frame.DigestBody{
			Role: frame.Peer, Version: 1, Position: 1500, From: 1000, To: 2000,
			At: true, AtSeq: 1500, Holder: []byte("x"),
		},
	}
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], 0x0a000000+uint32(i))
	return f, netip.AddrPortFrom(netip.AddrFrom4(a), 7000)
}

// BenchmarkHear takes DIGESTs of so many members in turn: those that say nothing new, and those
// whose ranges changed.
func BenchmarkHear(b *testing.B) {
	for _, n := range []int{8, 1000} {
		for _, fresh := range []bool{false, true} {
			name := fmt.Sprintf("members=%d/changed=%v", n, fresh)
			b.Run(name, func(b *testing.B) {
				q := New(0, Config{ID: 1, Role: frame.Peer, Session: session, Counted: n})
				q.Update(0, &Own{Oldest: Place{1000, 0}, Next: Place{2000, 20000},
					Position: Place{1500, 15000}})
				frames := make([]*frame.Frame, n-1)
				from := make([]netip.AddrPort, n-1)
				for i := range frames {
					frames[i], from[i] = digestOf(i, seqs(1500, 1510, 1700, 1800))
					q.Hear(0, from[i], frames[i])
				}
				b.ReportAllocs()
				b.ResetTimer()
				now := reliable.Time(0)
				for i := range b.N {
					k := i % len(frames)
					f := frames[k]
					f.Digest.Version++
					if fresh {
						f.Ranges[0].To = 1501 + f.Digest.Version%8
					}
					now = now.Add(100 * time.Microsecond)
					if !q.Hear(now, from[k], f) {
						b.Fatal(q.Refused())
					}
				}
			})
		}
	}
}

// BenchmarkCompute computes a finding of so many members.
func BenchmarkCompute(b *testing.B) {
	for _, n := range []int{8, 1000} {
		b.Run(fmt.Sprint("members=", n), func(b *testing.B) {
			q := New(0, Config{ID: 1, Role: frame.Peer, Session: session, Counted: n})
			q.Update(0, &Own{Oldest: Place{1000, 0}, Next: Place{2000, 20000},
				Position: Place{1500, 15000}, Absent: seqs(1500, 1510, 1700, 1800)})
			for i := range n - 1 {
				f, from := digestOf(i, seqs(1500, 1510, 1700+uint64(i%100), 1800))
				q.Hear(0, from, f)
			}
			b.ReportAllocs()
			for b.Loop() {
				q.compute(1, false)
			}
		})
	}
}
