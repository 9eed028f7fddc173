package record

import (
	"slices"
	"sort"

	"crier/nack"
)

// A tail is what is in memory of a tape, up to its newest frame: blocks in order. The first of
// them goes first.
type tail struct {
	blocks []*block
	// class is that of the next block.
	class int
}

// span returns the numbers from the first frame in memory to the last, or an empty range.
func (t *tail) span() nack.Range {
	if len(t.blocks) == 0 {
		return nack.Range{}
	}
	return nack.Range{From: t.blocks[0].span().From, To: t.blocks[len(t.blocks)-1].span().To}
}

// at returns the block with a frame, and the frame's index in it.
func (t *tail) at(seq uint64) (*block, int) {
	n := len(t.blocks)
	if n == 0 || seq < t.blocks[0].entries[0].seq {
		return nil, 0
	}
	i := n - 1
	if seq < t.blocks[i].entries[0].seq {
		i = sort.Search(n, func(i int) bool { return t.blocks[i].entries[0].seq > seq }) - 1
	}
	b := t.blocks[i]
	if j := b.find(seq); j < len(b.entries) && b.entries[j].seq == seq {
		return b, j
	}
	return nil, 0
}

// after returns the first frame at or after a number, or nil.
func (t *tail) after(seq uint64) (*block, int) {
	i := sort.Search(len(t.blocks), func(i int) bool { return t.blocks[i].span().To > seq })
	if i == len(t.blocks) {
		return nil, 0
	}
	return t.blocks[i], t.blocks[i].find(seq)
}

// place returns the first frame for which a test holds, or nil. The test must hold for all
// behind it.
func (t *tail) place(is func(*entry) bool) *entry {
	i := sort.Search(len(t.blocks), func(i int) bool {
		b := t.blocks[i]
		return is(&b.entries[len(b.entries)-1])
	})
	if i == len(t.blocks) {
		return nil
	}
	list := t.blocks[i].entries
	return &list[sort.Search(len(list), func(j int) bool { return is(&list[j]) })]
}

// newest returns the block that is appended to, or nil.
func (t *tail) newest() *block {
	if n := len(t.blocks); n > 0 {
		return t.blocks[n-1]
	}
	return nil
}

// drop takes the first block out.
func (t *tail) drop() { t.blocks = slices.Delete(t.blocks, 0, 1) }

// classFor returns the class of the next block, with room for a frame of so many bytes. A block
// that was left nearly empty is followed by a smaller one, and a full one by a larger.
func (t *tail) classFor(size int) int {
	for t.class+1 < len(classBytes) && classBytes[t.class] < size {
		t.class++
	}
	return t.class
}
