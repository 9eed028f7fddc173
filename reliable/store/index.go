package store

import (
	"slices"
	"sort"

	"crier/reliable/journal"
)

const (
	// firstGrain is the least size of a piece, in bytes.
	firstGrain = 64 << 10
	// maxPieces bounds the pieces of an index. Beyond it, two become one.
	maxPieces = 1 << 16
)

// An index knows where on disk frames lie, in pieces of about the same size. The frames
// follow each other.
type index struct {
	pieces []piece
	// gone is the number of pieces that are forgotten, and still in the slice.
	gone int
	// grain is the size of a piece, in bytes.
	grain int64
	// end is one past the last frame, if there are pieces, and size the bytes of all
	// frames that were ever added.
	end  uint64
	size int64
}

// A piece is a run of frames on disk.
type piece struct {
	// Mark is its first frame, and the first message that starts there or after it.
	journal.Mark
	// at is the number of bytes of all frames that were added before it.
	at int64
}

// newIndex returns an empty index for so many bytes at once, or any number if that is 0.
func newIndex(limit int64) index {
	x := index{grain: firstGrain}
	if limit > 0 {
		x.grain = min(x.grain, limit/256)
	}
	return x
}

// list returns the pieces.
func (x *index) list() []piece { return x.pieces[x.gone:] }

func (x *index) empty() bool { return x.gone == len(x.pieces) }

// from returns the lowest frame. There must be one.
func (x *index) from() uint64 { return x.pieces[x.gone].Seq }

// held returns the number of frames.
func (x *index) held() uint64 {
	if x.empty() {
		return 0
	}
	return x.end - x.from()
}

// at returns the place in the list of the piece with a frame, or -1 if it lies below all.
func (x *index) at(seq uint64) int {
	list := x.list()
	return sort.Search(len(list), func(i int) bool { return list[i].Seq > seq }) - 1
}

// bytes returns the bytes of the frames from seq on, rounded up to pieces.
func (x *index) bytes(seq uint64) int64 {
	if x.empty() || seq >= x.end {
		return 0
	}
	return x.size - x.list()[max(0, x.at(seq))].at
}

// offset returns the offset of the first message that starts in the piece with a frame, or
// after it; 0 if the frame lies below all.
func (x *index) offset(seq uint64) uint64 {
	if i := x.at(seq); i >= 0 {
		return x.list()[i].Offset
	}
	return 0
}

// add adds frames behind all others, of so many bytes, up to end.
func (x *index) add(from journal.Mark, end uint64, bytes int64) {
	if n := len(x.pieces); x.empty() || x.size+bytes-x.pieces[n-1].at > x.grain {
		if len(x.list()) == maxPieces {
			x.coarsen()
		}
		x.pieces = append(x.pieces, piece{from, x.size})
	}
	x.end, x.size = end, x.size+bytes
}

// coarsen makes one piece of two.
func (x *index) coarsen() {
	list := x.list()
	n := 0
	for i := 0; i < len(list); i += 2 {
		list[n] = list[i]
		n++
	}
	x.pieces = x.pieces[:x.gone+n]
	x.grain *= 2
}

// trim forgets the pieces whose frames all lie below a number.
func (x *index) trim(seq uint64) {
	if x.empty() {
		return
	}
	if seq >= x.end {
		x.reset()
	} else if i := x.at(seq); i > 0 {
		x.drop(i)
	}
}

// cut forgets all frames below a mark.
func (x *index) cut(m journal.Mark) {
	if x.trim(m.Seq); !x.empty() && x.from() < m.Seq {
		x.pieces[x.gone].Mark = m
	}
}

// truncate forgets the frames from seq on.
func (x *index) truncate(seq uint64) {
	switch {
	case x.empty() || seq >= x.end:
	case seq <= x.from():
		x.reset()
	default:
		if n := x.gone + x.at(seq-1) + 1; n < len(x.pieces) {
			x.pieces, x.size = x.pieces[:n], x.pieces[n].at
		}
		x.end = seq
	}
}

func (x *index) reset() { x.pieces, x.gone = x.pieces[:0], 0 }

// drop forgets the first pieces.
func (x *index) drop(n int) {
	if x.gone += n; x.gone > len(x.pieces)/2 {
		x.pieces, x.gone = slices.Delete(x.pieces, 0, x.gone), 0
	}
}
