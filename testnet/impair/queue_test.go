package impair

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"testing"

	"crier/multicast"
	"crier/testnet/random"
)

// Datagrams come out as they went in, ordered by when they are due and then by
// when they came, whatever their sizes; and the memory is never above its bound.
func TestHeldQueueOrdersByWhenDue(t *testing.T) {
	type held struct {
		at     int64
		number uint32
		size   int
	}
	var (
		q      heldQueue
		model  []held // what must be in q, in order
		number uint32
	)
	r := random.New(1)
	ps := make([]multicast.Packet, 7)
	for now := range int64(20_000) {
		for range r.Below(4) {
			number++
			h := held{at: now + r.UpTo(500), number: number, size: 4 + int(r.Below(3000))}
			b := bytes.Repeat([]byte{byte(number)}, h.size)
			binary.LittleEndian.PutUint32(b, number)
			if q.push(h.at, &multicast.Packet{Data: b, Received: h.at}) == nil {
				t.Fatal("no room")
			}
			model = append(model, h)
		}
		slices.SortStableFunc(model, func(a, b held) int { return cmp.Compare(a.at, b.at) })
		due := 0
		for due < len(model) && model[due].at <= now {
			due++
		}
		q.release()
		n := q.pop(now, ps)
		if n != min(due, len(ps)) {
			t.Fatalf("%d come out of %d that are due", n, due)
		}
		for i, p := range ps[:n] {
			want := model[i]
			b := bytes.Repeat([]byte{byte(want.number)}, want.size)
			binary.LittleEndian.PutUint32(b, want.number)
			if !bytes.Equal(p.Data, b) || p.Received != want.at {
				t.Fatalf("%d bytes that are due at %d come out, not %+v", len(p.Data), p.Received,
					want)
			}
		}
		if model = slices.Delete(model, 0, n); q.len() != len(model) {
			t.Fatalf("%d are held, not %d", q.len(), len(model))
		}
	}
	if number < 25_000 || q.bytes > maxHeld {
		t.Errorf("%d came, and %d bytes are used", number, q.bytes)
	}
}

// Free buffers of one size make room for another size.
func TestHeldQueueIsBoundedOverAllSizes(t *testing.T) {
	var q heldQueue
	ps := make([]multicast.Packet, 1000)
	for round := range 3 {
		for _, size := range heldSizes {
			n := 0
			for q.push(0, &multicast.Packet{Data: make([]byte, size)}) != nil {
				n++
			}
			if want := maxHeld / (size + heldCost); n != want {
				t.Errorf("round %d: %d of %d bytes fit, not %d", round, n, size, want)
			}
			if q.bytes > maxHeld {
				t.Errorf("round %d: %d bytes", round, q.bytes)
			}
			for q.len() > 0 {
				q.pop(0, ps)
				q.release()
			}
		}
	}
	if q.push(0, &multicast.Packet{Data: make([]byte, 64<<10+1)}) != nil {
		t.Error("it takes something that is not a datagram")
	}
}

func BenchmarkHeldQueue(b *testing.B) {
	var q heldQueue
	p := multicast.Packet{Data: make([]byte, 1472)}
	ps := make([]multicast.Packet, 64)
	b.ReportAllocs()
	now := int64(0)
	for b.Loop() { // 1,000 are held
		now++
		q.push(now+1000, &p)
		if q.pop(now, ps) > 0 {
			q.release()
		}
	}
}
