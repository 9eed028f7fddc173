package receive

import (
	"sort"

	"crier/reliable"
	"crier/reliable/frame"
)

// window keeps the frames of one stream that can't be delivered yet: they came
// before one that is missing, or the application takes its time.
type window struct {
	mem   *pool
	held  *share // with the other streams of its session
	slots []slot // by sequence number modulo their count, a power of two
	next  uint64 // the frame that is delivered next
	high  uint64 // one past the highest frame known to exist
	bytes int    // of the frames that are here
	count int    // of them
	lost  []lostRun
	first int // of lost
}

// slot is the place of one frame.
type slot struct {
	frame *frame.Frame // kept as it is, if it is immutable
	buf   []byte       // else a copy of the datagram
	came  arrival
	used  bool
}

// decoded returns the frame in a slot, decoded into a given one if it was copied.
func (p *slot) decoded(d *frame.Decoder, into *frame.Frame) *frame.Frame {
	if p.frame != nil {
		return p.frame
	}
	if d.DecodeAgain(p.buf, into) != nil {
		panic("reliable: a frame that was decoded once doesn't decode again")
	}
	return into
}

// lostRun is a run of frames that will not come.
type lostRun struct {
	from, to uint64
	cause    reliable.Cause
}

const (
	firstSlots = 64
	// slotBytes is the memory of a slot.
	slotBytes = 80
)

// at returns the slot of a frame within reach, or nil.
func (w *window) at(seq uint64) *slot {
	if seq < w.next || seq-w.next >= uint64(len(w.slots)) {
		return nil
	}
	return &w.slots[seq&uint64(len(w.slots)-1)]
}

// has reports whether the frame is here.
func (w *window) has(seq uint64) bool {
	if w.count == 0 {
		return false // the common case, which leaves the slots alone
	}
	s := w.at(seq)
	return s != nil && s.used
}

// reach makes room for a frame, and reports false if it lies more than limit
// frames ahead, or there is no memory for the slots before it. The next frame, and
// those just after it, always have room.
func (w *window) reach(seq, limit uint64) bool {
	ahead := seq - w.next
	if ahead >= limit {
		return false
	}
	if ahead < uint64(len(w.slots)) {
		return true
	}
	size := uint64(max(firstSlots, len(w.slots)))
	for size <= ahead {
		size *= 2
	}
	more := int(size-uint64(len(w.slots))) * slotBytes
	if w.mem.used+more > w.mem.limit && size > firstSlots {
		return false
	}
	w.mem.used += more
	w.resize(size)
	return true
}

func (w *window) resize(size uint64) {
	old := w.slots
	w.slots = make([]slot, size)
	for i := range uint64(len(old)) {
		seq := w.next + i
		if s := &old[seq&uint64(len(old)-1)]; s.used {
			w.slots[seq&(size-1)] = *s
		}
	}
}

// lower moves the start of the window down to seq. It is used before delivery
// has begun, for frames within its span.
func (w *window) lower(seq uint64) {
	old, next := w.slots, w.next
	w.next = seq
	size := uint64(len(old))
	if size == 0 || w.high-seq <= size {
		return // each frame keeps its slot
	}
	for size < w.high-seq {
		size *= 2
	}
	w.mem.used += int(size-uint64(len(old))) * slotBytes
	w.slots = make([]slot, size)
	for i := range uint64(len(old)) {
		if s := &old[(next+i)&uint64(len(old)-1)]; s.used {
			w.slots[(next+i)&(size-1)] = *s
		}
	}
}

// store keeps a frame in its slot, and reports false where there is no room: that is more
// than limit frames ahead, or beyond the bytes that this window, or all, may have. The next
// frame always finds room.
func (w *window) store(f *frame.Frame, came arrival, limit uint64) bool {
	forced := f.Seq == w.next
	if !forced && w.bytes >= w.held.of(w.bytes) || !w.reach(f.Seq, limit) {
		return false
	}
	place := slot{came: came, used: true}
	if f.Immutable {
		if w.mem.used+len(f.Raw) > w.mem.limit && !forced {
			return false
		}
		w.mem.used += len(f.Raw)
		place.frame = f
		w.takes(len(f.Raw))
	} else {
		buf, ok := w.mem.get(len(f.Raw), forced)
		if !ok {
			return false
		}
		copy(buf, f.Raw)
		place.buf = buf
		w.takes(cap(buf))
	}
	w.count++
	*w.at(f.Seq) = place
	return true
}

// takes counts bytes that come or go.
func (w *window) takes(n int) {
	w.held.moves(w.bytes, n)
	w.bytes += n
}

// free gives back the memory of a slot.
func (w *window) free(p *slot) {
	if !p.used {
		return
	}
	w.count--
	if p.frame != nil {
		w.takes(-len(p.frame.Raw))
		w.mem.used -= len(p.frame.Raw)
	} else {
		w.takes(-cap(p.buf))
		w.mem.put(p.buf)
	}
	*p = slot{}
}

// release gives back all memory of the window, and forgets the losses.
func (w *window) release() {
	for i := range w.slots {
		w.free(&w.slots[i])
	}
	w.mem.used -= len(w.slots) * slotBytes
	*w = window{mem: w.mem, held: w.held, next: w.next, high: w.high}
}

// lose notes that frames will not come.
func (w *window) lose(from, to uint64, cause reliable.Cause) {
	from = max(from, w.next)
	if from >= to {
		return
	}
	live := w.lost[w.first:]
	i := sort.Search(len(live), func(i int) bool { return live[i].from >= from })
	if i > 0 && live[i-1].to == from && live[i-1].cause == cause {
		live[i-1].to = to
		return
	}
	if len(w.lost) == cap(w.lost) && w.first >= len(w.lost)/2 { // else each would move all
		n := copy(w.lost, live)
		w.lost, w.first = w.lost[:n], 0
	}
	w.lost = append(w.lost, lostRun{})
	live = w.lost[w.first:]
	copy(live[i+1:], live[i:])
	live[i] = lostRun{from, to, cause}
}

// isLost reports whether a frame was given up.
func (w *window) isLost(seq uint64) bool {
	return w.passedLost(seq) > seq
}

// takeLost moves past the run of lost frames at the window's start, if there is
// one.
func (w *window) takeLost() (lostRun, bool) {
	if w.first == len(w.lost) || w.lost[w.first].from > w.next {
		return lostRun{}, false
	}
	run := w.lost[w.first]
	if w.first++; w.first == len(w.lost) {
		w.lost, w.first = w.lost[:0], 0
	}
	w.next = max(w.next, run.to)
	return run, true
}

// passedLost returns where the run of lost frames that contains seq ends, and seq if
// there is none.
func (w *window) passedLost(seq uint64) uint64 {
	live := w.lost[w.first:]
	i := sort.Search(len(live), func(i int) bool { return live[i].to > seq })
	if i < len(live) && live[i].from <= seq {
		return live[i].to
	}
	return seq
}

// moveTo moves past all frames below seq, of which none is here.
func (w *window) moveTo(seq uint64) {
	w.next = seq
	for w.first < len(w.lost) && w.lost[w.first].to <= seq {
		w.first++
	}
	if w.first == len(w.lost) {
		w.lost, w.first = w.lost[:0], 0
	}
}
