package store

import (
	"slices"
	"sort"

	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/journal"
)

// kept is what Histories have of one stream: the latest frames that came over the network and for
// which there is room, with holes.
type kept struct {
	all *Histories
	// tail has the frames in order, and late those that came too late for that, by late's blocks
	// in the order in which they came, and by refs in the order of their numbers.
	tail, late Tail
	refs       []ref
	// blocks are the blocks of both, in the order in which they were begun.
	blocks Blocks
	// newest is the block of tail that is appended to, or nil.
	newest *Block
	// next is one past the highest frame that ever came, and end the offset behind it.
	next, end uint64
}

// A ref is where a late frame is.
type ref struct {
	seq   uint64
	block *Block
	index int
}

// keep takes a copy of a frame.
func (k *kept) keep(f *frame.Frame) {
	if f.Seq < k.next {
		k.keepLate(f)
		return
	}
	b := k.newest
	if b == nil || !b.fits(len(f.Raw)) {
		if b = k.tail.Room(&k.all.pool, len(f.Raw)); b == nil {
			return
		}
		k.blocks.Put(b)
		k.newest = b
	}
	k.next, k.end = f.Seq+1, f.EndOffset()
	b.Add(Entry{Seq: f.Seq, Start: f.StartOffset(), After: k.end}, f.Raw)
}

// keepLate takes a copy of a frame that lies below one that came before.
func (k *kept) keepLate(f *frame.Frame) {
	if k.frame(f.Seq) != nil {
		return
	}
	b := k.late.Room(&k.all.pool, len(f.Raw))
	if b == nil {
		return
	}
	k.blocks.Put(b)
	i := k.lateFrom(f.Seq)
	k.refs = slices.Insert(k.refs, i, ref{seq: f.Seq, block: b, index: len(b.Entries)})
	b.Add(Entry{Seq: f.Seq, Start: f.StartOffset(), After: f.EndOffset()}, f.Raw)
}

// lateFrom returns the index of the first late frame at or after a number.
func (k *kept) lateFrom(seq uint64) int {
	if n := len(k.refs); n == 0 || k.refs[n-1].seq < seq {
		return n
	}
	return sort.Search(len(k.refs), func(i int) bool { return k.refs[i].seq >= seq })
}

// drop takes the oldest block out, and returns it.
func (k *kept) drop() *Block {
	b := k.blocks.First()
	if b.Tail == &k.late {
		k.refs = slices.DeleteFunc(k.refs, func(r ref) bool { return r.block == b })
	}
	if b == k.newest {
		k.newest = nil
	}
	b.Tail.Drop() // it is the oldest of those, too
	return b
}

// oldest returns the lowest frame that is held, and the offset of the first message that starts
// in it or after it, or false if none is held.
func (k *kept) oldest() (seq, offset uint64, ok bool) {
	e := k.after(0)
	if e == nil {
		return 0, 0, false
	}
	return e.Seq, e.Start, true
}

// after returns the first frame at or after a number, or nil.
func (k *kept) after(seq uint64) (e *Entry) {
	if b, i := k.tail.After(seq); b != nil {
		e = &b.Entries[i]
	}
	if i := k.lateFrom(seq); i < len(k.refs) && (e == nil || k.refs[i].seq < e.Seq) {
		e = &k.refs[i].block.Entries[k.refs[i].index]
	}
	return e
}

// run returns the next frames at or after a number that are held one after the other. There may
// be more right behind them. The range is empty if there are none.
func (k *kept) run(seq uint64) (run nack.Range) {
	if b, i := k.tail.After(seq); b != nil {
		run = b.run(i)
	}
	if i := k.lateFrom(seq); i < len(k.refs) && (run.Len() == 0 || k.refs[i].seq < run.From) {
		run = nack.Range{From: k.refs[i].seq, To: k.refs[i].seq + 1}
		for i++; i < len(k.refs) && k.refs[i].seq == run.To; i++ {
			run.To++
		}
	}
	return run
}

// absent appends the numbers of a range that aren't held.
func (k *kept) absent(of nack.Range, to []nack.Range) []nack.Range {
	for at := of.From; at < of.To; {
		run := k.run(at)
		if run.Len() == 0 || run.From >= of.To {
			return append(to, nack.Range{From: at, To: of.To})
		}
		if run.From > at {
			to = append(to, nack.Range{From: at, To: run.From})
		}
		at = run.To
	}
	return to
}

// held returns the frames from the lowest that is held to the highest that came.
func (k *kept) held() nack.Range {
	if seq, _, ok := k.oldest(); ok {
		return nack.Range{From: seq, To: k.next}
	}
	return nack.Range{From: k.next, To: k.next}
}

// frame returns a frame that is held, or nil.
func (k *kept) frame(seq uint64) []byte {
	if b, i := k.tail.At(seq); b != nil {
		return b.Bytes(i, i+1)
	}
	if i := k.lateFrom(seq); i < len(k.refs) && k.refs[i].seq == seq {
		r := &k.refs[i]
		return r.block.Bytes(r.index, r.index+1)
	}
	return nil
}

// start returns the offset of the first message that starts in a frame that is held, or after it.
func (k *kept) start(seq uint64) uint64 {
	if e := k.after(seq); e != nil {
		return e.Start
	}
	return k.end
}

// key returns the stream's name.
func (k *kept) key() journal.Key { return k.tail.Key }
