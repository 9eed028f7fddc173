package rig

import (
	"encoding/binary"
	"flag"
	"hash/crc32"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/nack"
	"crier/reliable/frame"
)

var hostileCount = flag.Int("hostile.count", 5000, "send so many hostile `DATAGRAMS` of each kind")

// HostileCount is how many hostile datagrams of each kind a test should send.
func HostileCount() int { return *hostileCount }

// Forger makes what hostile datagrams are made of, the same for a seed.
type Forger struct {
	Rand   *rand.Rand
	Encode frame.Encoder
}

// NewForger returns a Forger with a generator of its own.
func NewForger(seed uint64) *Forger { return &Forger{Rand: rand.New(rand.NewPCG(seed, 1))} }

// Number is one that a machine may stumble over.
func (f *Forger) Number() uint64 {
	switch f.Rand.IntN(6) {
	case 0:
		return f.Rand.Uint64()
	case 1:
		return ^uint64(0) - f.Rand.Uint64N(3)
	case 2:
		return 1<<63 - 2 + f.Rand.Uint64N(4)
	case 3:
		return f.Rand.Uint64N(1 << 40)
	}
	return f.Rand.Uint64N(3000)
}

// Bytes is fewer than most of any.
func (f *Forger) Bytes(most int) []byte {
	b := make([]byte, f.Rand.IntN(most))
	for i := range b {
		b[i] = byte(f.Rand.Uint32())
	}
	return b
}

// Ranges is up to 30 ranges in ascending order, as a frame must have them.
func (f *Forger) Ranges() []nack.Range {
	var list []nack.Range
	at := f.Rand.Uint64N(1000)
	for range f.Rand.IntN(30) {
		from := at + f.Rand.Uint64N(100)
		at = from + 1 + f.Rand.Uint64N(1+f.Number()>>20)
		list = append(list, nack.Range{From: from, To: at})
	}
	return list
}

// Mangle changes a few bytes of a frame, and the tag to what fits them.
func (f *Forger) Mangle(b []byte) []byte {
	body := b[:len(b)-6] // the tag is a bin of 4 bytes
	for range 1 + f.Rand.IntN(3) {
		body[f.Rand.IntN(len(body))] = byte(f.Rand.Uint32())
	}
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.Checksum(body,
		crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// Attack sends datagrams from conn, a flight at a time, and has each flight taken
// before the next leaves. It runs in a bubble.
func Attack(t testing.TB, conn multicast.Conn, count int, next func() ([]byte, netip.AddrPort)) {
	t.Helper()
	const flight = 100 // datagrams, which the network's queues hold
	for i := range count {
		b, to := next()
		if len(b) == 0 {
			b = []byte{0}
		}
		if _, err := conn.Write(to, b, len(b)); err != nil {
			t.Fatal(err)
		}
		if i%flight == flight-1 || i == count-1 {
			time.Sleep(time.Millisecond) // of the bubble's time: the network has none
			synctest.Wait()
		}
	}
}
