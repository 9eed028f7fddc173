package impair

import (
	"crier/multicast"
	"crier/testnet/schedule"
)

const (
	// maxHeld bounds the memory of a socket's queue, in bytes.
	maxHeld = 64 << 20
	// heldCost is what a datagram costs besides its buffer, in bytes: its place
	// in the queue and in the heap, of which a half may be empty.
	heldCost = 128
)

// heldSizes are the sizes of buffers: for short frames, for Ethernet's, for
// jumbo frames, and for anything.
var heldSizes = [...]int{256, 1536, 9 << 10, 64 << 10}

// heldQueue keeps copies of datagrams until they are due. It allocates only
// until it has been as full as it gets. The zero value is empty.
type heldQueue struct {
	due    schedule.Schedule[uint32] // of places
	places []multicast.Packet        // Data is a buffer
	empty  []uint32                  // places that may be used again
	lent   [][]byte                  // buffers that the last Read returned
	free   [len(heldSizes)][][]byte
	bytes  int // of all buffers, free ones too, and heldCost for each
}

// len returns how many datagrams are held.
func (q *heldQueue) len() int { return q.due.Len() }

// next returns when the first one is due; there must be one.
func (q *heldQueue) next() int64 { return q.due.Next().At }

// push keeps a copy of p until at, behind all others that are due then. It
// returns the copy, which is valid until the next call, or nil if there is no
// room.
func (q *heldQueue) push(at int64, p *multicast.Packet) *multicast.Packet {
	b := q.buffer(len(p.Data))
	if b == nil {
		return nil
	}
	copy(b, p.Data)
	place := uint32(len(q.places))
	if last := len(q.empty) - 1; last >= 0 {
		place, q.empty = q.empty[last], q.empty[:last]
	} else {
		q.places = append(q.places, multicast.Packet{})
	}
	q.due.Push(at, place)
	q.places[place] = *p
	q.places[place].Data = b
	return &q.places[place]
}

// pop takes out what is due at now, as far as ps has room, and returns how much
// that is. The data is valid until release.
func (q *heldQueue) pop(now int64, ps []multicast.Packet) int {
	n := 0
	for n < len(ps) && q.len() > 0 && q.next() <= now {
		place := q.due.Pop().What
		ps[n] = q.places[place]
		q.lent = append(q.lent, ps[n].Data)
		q.places[place].Data = nil
		q.empty = append(q.empty, place)
		n++
	}
	return n
}

// release takes back the data of what was taken out.
func (q *heldQueue) release() {
	for i, b := range q.lent {
		class := heldClass(cap(b))
		q.free[class] = append(q.free[class], b)
		q.lent[i] = nil
	}
	q.lent = q.lent[:0]
}

// buffer returns n bytes, or nil if there is no room.
func (q *heldQueue) buffer(n int) []byte {
	class := heldClass(n)
	if class == len(heldSizes) {
		return nil // no datagram is that long
	}
	if free := q.free[class]; len(free) > 0 {
		last := len(free) - 1
		b := free[last]
		q.free[class], free[last] = free[:last], nil
		return b[:n]
	}
	size := heldSizes[class]
	for c := range q.free { // a free buffer of another size makes room
		for q.bytes+size+heldCost > maxHeld && len(q.free[c]) > 0 {
			last := len(q.free[c]) - 1
			q.free[c][last] = nil
			q.free[c] = q.free[c][:last]
			q.bytes -= heldSizes[c] + heldCost
		}
	}
	if q.bytes+size+heldCost > maxHeld {
		return nil
	}
	q.bytes += size + heldCost
	return make([]byte, n, size)
}

// heldClass returns which size n bytes fit, or len(heldSizes) if none.
func heldClass(n int) int {
	class := 0
	for class < len(heldSizes) && n > heldSizes[class] {
		class++
	}
	return class
}
