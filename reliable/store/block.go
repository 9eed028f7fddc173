package store

import (
	"sort"

	"crier/nack"
)

// A Block is a piece of memory with frames of one [Tail], in order.
type Block struct {
	// Tail is the one that has it, or nil.
	Tail *Tail
	// Data holds the frames one after the other, Sizes their lengths, and Entries the rest.
	// None of them grows beyond what it was made with.
	Data    []byte
	Sizes   []int32
	Entries []Entry
	class   int
	// lent says that Data isn't of Go's heap.
	lent bool
	// list is the list of blocks that it is in, with its neighbors there.
	list       *Blocks
	prev, next *Block
}

// An Entry is a frame in a Block.
type Entry struct {
	Seq uint64
	// Start is the offset of the first message that starts in the frame or after it, and
	// After that of the first one that starts behind it.
	Start, After uint64
	// Wall is when its first message was published, or 0 if that isn't known.
	Wall int64
	// end is where the frame ends in Data.
	end uint32
}

// The classes of blocks: of so many bytes each, with an entry for so many bytes of them.
var classBytes = [...]int{16 << 10, 64 << 10, 256 << 10}

const (
	largest      = len(classBytes) - 1
	bytesAnEntry = 192
	entryBytes   = 48 // with its size
)

// cost is the memory of a block of a class.
func cost(class int) int {
	return classBytes[class] + classBytes[class]/bytesAnEntry*entryBytes
}

// LargestBlock is the memory of a block of the largest class, in bytes.
func LargestBlock() int { return cost(largest) }

// fits reports whether a frame of so many bytes has room.
func (b *Block) fits(size int) bool {
	return len(b.Entries) < cap(b.Entries) && len(b.Data)+size <= cap(b.Data)
}

// Add appends a frame, for which there must be room: see [Tail.Room].
func (b *Block) Add(e Entry, sealed []byte) {
	b.Data = append(b.Data, sealed...)
	e.end = uint32(len(b.Data))
	b.Sizes, b.Entries = append(b.Sizes, int32(len(sealed))), append(b.Entries, e)
}

// Span returns the numbers from the first frame to the last. The Block must not be empty.
func (b *Block) Span() nack.Range {
	return nack.Range{From: b.Entries[0].Seq, To: b.Entries[len(b.Entries)-1].Seq + 1}
}

// find returns the index of the first frame at or after a number.
func (b *Block) find(seq uint64) int {
	if at := seq - b.Entries[0].Seq; seq >= b.Entries[0].Seq && at < uint64(len(b.Entries)) &&
		b.Entries[at].Seq == seq {
		return int(at) // there is no hole before it, as mostly
	}
	return sort.Search(len(b.Entries), func(i int) bool { return b.Entries[i].Seq >= seq })
}

// run returns the numbers of the frames that are there one after the other from the i-th on.
func (b *Block) run(i int) nack.Range {
	run := nack.Range{From: b.Entries[i].Seq, To: b.Span().To}
	if run.Len() == uint64(len(b.Entries)-i) {
		return run // as mostly
	}
	for run.To = run.From; i < len(b.Entries) && b.Entries[i].Seq == run.To; i++ {
		run.To++
	}
	return run
}

// Bytes returns where the frames [i, j) lie in Data.
func (b *Block) Bytes(i, j int) []byte {
	from := uint32(0)
	if i > 0 {
		from = b.Entries[i-1].end
	}
	to := b.Entries[j-1].end
	return b.Data[from:to:to]
}

// Blocks is a list of Blocks, in the order in which they were put into it.
type Blocks struct {
	first, last *Block
	bytes       int // of their cost
}

// First returns the one that was put in first, or nil.
func (l *Blocks) First() *Block { return l.first }

// Next returns the one that was put into its list after the Block, or nil.
func (b *Block) Next() *Block { return b.next }

// Memory returns the memory of the Blocks, in bytes.
func (l *Blocks) Memory() int { return l.bytes }

// Put puts a Block at the end of the list, and takes it out of any other.
func (l *Blocks) Put(b *Block) {
	if b.list == l {
		return
	}
	b.leave()
	b.list, b.prev, b.next = l, l.last, nil
	if l.last == nil {
		l.first = b
	} else {
		l.last.next = b
	}
	l.last = b
	l.bytes += cost(b.class)
}

// leave takes the Block out of the list that it is in.
func (b *Block) leave() {
	l := b.list
	if l == nil {
		return
	}
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
