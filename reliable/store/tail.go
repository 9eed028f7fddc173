package store

import (
	"slices"
	"sort"

	"crier/nack"
	"crier/reliable/journal"
)

// A Tail is what is in memory of a stream: Blocks with its frames in order, up to the newest. The
// first Block goes first.
type Tail struct {
	// Key names the stream.
	Key    journal.Key
	Blocks []*Block
	// class is that of the next block.
	class int
}

// Span returns the numbers from the first frame in memory to the last, or an empty range.
func (t *Tail) Span() nack.Range {
	if len(t.Blocks) == 0 {
		return nack.Range{}
	}
	return nack.Range{From: t.Blocks[0].Span().From, To: t.Blocks[len(t.Blocks)-1].Span().To}
}

// At returns the Block with a frame, and the frame's index in it, or nil.
func (t *Tail) At(seq uint64) (*Block, int) {
	n := len(t.Blocks)
	if n == 0 || seq < t.Blocks[0].Entries[0].Seq {
		return nil, 0
	}
	i := n - 1
	if seq < t.Blocks[i].Entries[0].Seq {
		i = sort.Search(n, func(i int) bool { return t.Blocks[i].Entries[0].Seq > seq }) - 1
	}
	b := t.Blocks[i]
	if j := b.find(seq); j < len(b.Entries) && b.Entries[j].Seq == seq {
		return b, j
	}
	return nil, 0
}

// After returns the first frame at or after a number, as At does, or nil.
func (t *Tail) After(seq uint64) (*Block, int) {
	i := sort.Search(len(t.Blocks), func(i int) bool { return t.Blocks[i].Span().To > seq })
	if i == len(t.Blocks) {
		return nil, 0
	}
	return t.Blocks[i], t.Blocks[i].find(seq)
}

// First returns the first frame, or nil.
func (t *Tail) First() *Entry {
	if len(t.Blocks) == 0 {
		return nil
	}
	return &t.Blocks[0].Entries[0]
}

// Place returns the first frame for which a test holds, or nil. The test must hold for all
// behind it.
func (t *Tail) Place(is func(*Entry) bool) *Entry {
	i := sort.Search(len(t.Blocks), func(i int) bool {
		b := t.Blocks[i]
		return is(&b.Entries[len(b.Entries)-1])
	})
	if i == len(t.Blocks) {
		return nil
	}
	list := t.Blocks[i].Entries
	return &list[sort.Search(len(list), func(j int) bool { return is(&list[j]) })]
}

// Newest returns the Block that is appended to, or nil.
func (t *Tail) Newest() *Block {
	if n := len(t.Blocks); n > 0 {
		return t.Blocks[n-1]
	}
	return nil
}

// Drop takes the first Block out.
func (t *Tail) Drop() { t.Blocks = slices.Delete(t.Blocks, 0, 1) }

// Room returns a Block with room for a frame of so many bytes behind the newest, or nil if the
// Pool has none. A frame must be added to it at once.
func (t *Tail) Room(p *Pool, size int) *Block {
	b := t.Newest()
	if b != nil && b.fits(size) {
		return b
	}
	return t.grow(p, size)
}

// grow adds a Block with room for a frame of so many bytes, or returns nil. A stream that fills a
// Block gets a larger one.
func (t *Tail) grow(p *Pool, size int) *Block {
	if len(t.Blocks) > 0 {
		t.class = min(t.class+1, largest)
	}
	for t.class < largest && classBytes[t.class] < size {
		t.class++
	}
	for t.class > 0 && cost(t.class) > p.share && classBytes[t.class-1] >= size {
		t.class--
	}
	for class := t.class; class >= 0 && classBytes[class] >= size; class-- {
		if b := p.take(class); b != nil {
			b.Tail = t
			t.Blocks = append(t.Blocks, b)
			return b
		}
	}
	return nil
}
