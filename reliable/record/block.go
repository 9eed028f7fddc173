package record

import (
	"sort"

	"crier/nack"
)

// A block is a piece of memory with frames of one tape, in order.
type block struct {
	tape *tape
	// data holds the frames one after the other, sizes their lengths, and entries the rest. None
	// of them grows beyond what it was made with.
	data    []byte
	sizes   []int32
	entries []entry
	class   int
	// list is the list of blocks that it is in, with its neighbors there.
	list       *blocks
	prev, next *block
}

// An entry is a frame in a block.
type entry struct {
	seq uint64
	// start is the offset of the first message that starts in the frame or after it, and after
	// that of the first one that starts behind it.
	start, after uint64
	// wall is when its first message was published, or 0 if that isn't known.
	wall int64
	// end is where the frame ends in data.
	end uint32
}

// The classes of blocks: of so many bytes each, with an entry for so many bytes of them.
var classBytes = [...]int{16 << 10, 64 << 10, 256 << 10}

const (
	bytesAnEntry = 192
	entryBytes   = 48 // with its size
)

// cost is the memory of a block of a class.
func cost(class int) int {
	return classBytes[class] + classBytes[class]/bytesAnEntry*entryBytes
}

func newBlock(class int) *block {
	n := classBytes[class] / bytesAnEntry
	return &block{
		class: class, data: make([]byte, 0, classBytes[class]), sizes: make([]int32, 0, n),
		entries: make([]entry, 0, n),
	}
}

// fits reports whether a frame of so many bytes has room.
func (b *block) fits(size int) bool {
	return len(b.entries) < cap(b.entries) && len(b.data)+size <= cap(b.data)
}

// add appends a frame.
func (b *block) add(e entry, sealed []byte) {
	b.data = append(b.data, sealed...)
	e.end = uint32(len(b.data))
	b.sizes, b.entries = append(b.sizes, int32(len(sealed))), append(b.entries, e)
}

// span returns the numbers from the first frame to the last. The block must not be empty.
func (b *block) span() nack.Range {
	return nack.Range{From: b.entries[0].seq, To: b.entries[len(b.entries)-1].seq + 1}
}

// find returns the index of the first frame at or after a number.
func (b *block) find(seq uint64) int {
	if at := seq - b.entries[0].seq; seq >= b.entries[0].seq && at < uint64(len(b.entries)) &&
		b.entries[at].seq == seq {
		return int(at) // there is no hole before it, as mostly
	}
	return sort.Search(len(b.entries), func(i int) bool { return b.entries[i].seq >= seq })
}

// bytes returns where the frames [i, j) lie in data.
func (b *block) bytes(i, j int) []byte {
	from := uint32(0)
	if i > 0 {
		from = b.entries[i-1].end
	}
	to := b.entries[j-1].end
	return b.data[from:to:to]
}

// blocks is a list of blocks, in the order in which they were put into it.
type blocks struct {
	first, last *block
	bytes       int // of their cost
}

func (l *blocks) push(b *block) {
	b.list, b.prev, b.next = l, l.last, nil
	if l.last == nil {
		l.first = b
	} else {
		l.last.next = b
	}
	l.last = b
	l.bytes += cost(b.class)
}

func (l *blocks) remove(b *block) {
	if b.prev == nil {
		l.first = b.next
	} else {
		b.prev.next = b.next
	}
	if b.next == nil {
		l.last = b.prev
	} else {
		b.next.prev = b.prev
	}
	b.list, b.prev, b.next = nil, nil, nil
	l.bytes -= cost(b.class)
}

// A pool is the memory for the blocks of all tapes.
type pool struct {
	limit, used int
	spare       [len(classBytes)][]*block
	// pending are the blocks with frames that aren't written, and done the others: these make
	// room for new ones.
	pending, done blocks
}

// spareBytes returns the memory of blocks that nobody uses.
func (p *pool) spareBytes() (n int) {
	for class := range p.spare {
		n += len(p.spare[class]) * cost(class)
	}
	return n
}

// room reports whether a block of a class can be had.
func (p *pool) room(class int) bool {
	return p.limit-p.used+p.spareBytes()+p.done.bytes >= cost(class)
}

// take returns an empty block of a class, or nil where there is no room. drop is called for
// blocks that make room.
func (p *pool) take(class int, drop func(*block)) *block {
	if !p.room(class) {
		return nil
	}
	for {
		if n := len(p.spare[class]); n > 0 {
			b := p.spare[class][n-1]
			p.spare[class] = p.spare[class][:n-1]
			return b
		}
		if p.used+cost(class) <= p.limit {
			p.used += cost(class)
			return newBlock(class)
		}
		if !p.discard(class) {
			b := p.done.first
			drop(b)
			p.put(b)
		}
	}
}

// discard frees a spare block of another class, and reports whether there was one.
func (p *pool) discard(but int) bool {
	for class := range p.spare {
		if n := len(p.spare[class]); n > 0 && class != but {
			p.spare[class][n-1] = nil
			p.spare[class] = p.spare[class][:n-1]
			p.used -= cost(class)
			return true
		}
	}
	return false
}

// put takes a block back.
func (p *pool) put(b *block) {
	if b.list != nil {
		b.list.remove(b)
	}
	b.tape, b.data, b.sizes, b.entries = nil, b.data[:0], b.sizes[:0], b.entries[:0]
	p.spare[b.class] = append(p.spare[b.class], b)
}

// settle puts a block of a tape into the list where it belongs.
func (p *pool) settle(b *block, written bool) {
	to := &p.pending
	if written {
		to = &p.done
	}
	if b.list == to {
		return
	}
	if b.list != nil {
		b.list.remove(b)
	}
	to.push(b)
}
