package checker

import (
	"time"

	"crier/reliable"
)

// arrivals is which frames a process has heard, when, and which it found missing.
type arrivals struct {
	*pair

	high   uint64 // one past the highest frame known to exist
	offset uint64 // one past the highest message known to exist
	got    bitset // frames that came, from the session's first on
	gaps   gaps   // frames that were found missing
	// at is when frames came first, from base on; 0: they didn't.
	at []reliable.Time
	// base is the first frame with a part of a message that wasn't told yet, as of forget.
	base   uint64
	latest reliable.Time // when a frame came first last
	atZero bool          // something came at time 0, which stands for never
	slow   []slow        // frames that came after more than the stated time

	repaired bitset // frames that were found missing, and came first as a repair
	early    bitset // frames that came as a repair, when the session may not have begun
	late     bitset // frames that came when they may have been given up
}

// slow is a frame that came after more than the stated time.
type slow struct {
	seq    uint64
	waited time.Duration
}

// exists notes that frames below seq and messages below offset are known to exist, while
// the application waits for a message.
func (a *arrivals) exists(now reliable.Time, seq, offset, waits uint64) {
	if seq > a.high {
		if !a.got.has(seq - 1 - a.s.FirstSeq) {
			a.gaps.add(gap{a.high, seq, now, a.t.first(max(waits, a.s.FirstOffset))})
		}
		a.high = seq
	}
	a.offset = max(a.offset, offset)
}

// note remembers when a frame came, and reports whether it comes for the first time as far
// as anything waits for it.
func (a *arrivals) note(now reliable.Time, seq uint64, app *application) bool {
	if seq < a.base {
		return false
	}
	if seq-a.base >= uint64(cap(a.at)) {
		a.forget(app.waitsFor())
	}
	i := seq - a.base
	for uint64(len(a.at)) <= i {
		a.at = append(a.at, 0)
	}
	if a.at[i] != 0 {
		return false
	}
	a.at[i] = now
	return true
}

// forget forgets when those frames came that have parts of messages below offset only.
func (a *arrivals) forget(offset uint64) {
	from := min(a.t.first(offset), a.base+uint64(len(a.at)))
	if from <= a.base {
		return
	}
	n := copy(a.at, a.at[from-a.base:])
	a.at, a.base = a.at[:n], from
}

// when returns when a frame came first. It returns 0 if the frame didn't come, or that was
// forgotten.
func (a *arrivals) when(seq uint64) reliable.Time {
	if i := seq - a.base; seq >= a.base && i < uint64(len(a.at)) {
		return a.at[i]
	}
	return 0
}

// take notes a frame as one that came in time, or too late.
func (a *arrivals) take(now reliable.Time, seq uint64) {
	if a.overdue(now, seq) {
		a.late.set(seq - a.s.FirstSeq)
	} else {
		a.got.set(seq - a.s.FirstSeq)
	}
}

// overdue reports whether a frame that comes now may have been given up already.
func (a *arrivals) overdue(now reliable.Time, seq uint64) bool {
	if seq >= a.high || a.got.has(seq-a.s.FirstSeq) {
		return false
	}
	recovery, found := a.recovery, a.gaps.foundAt(seq)
	wait := a.patience()
	if recovery.MaxWait > 0 {
		wait = min(wait, recovery.MaxWait)
	}
	return found != 0 && (recovery.Off || now.Sub(found) >= wait)
}

// repair notes that a frame comes as a repair, before it is taken.
func (a *arrivals) repair(seq uint64) {
	if a.gaps.foundAt(seq) != 0 && !a.came(seq) {
		a.repaired.set(seq - a.s.FirstSeq)
	}
}

// came reports whether a frame came, in time or too late.
func (a *arrivals) came(seq uint64) bool {
	i := seq - a.s.FirstSeq
	return a.got.has(i) || a.late.has(i)
}

// missing returns the first of the frames [from, to) that didn't come.
func (a *arrivals) missing(from, to uint64) (uint64, bool) {
	for q := from; q < to; q++ {
		if !a.came(q) {
			return q, true
		}
	}
	return 0, false
}

// anyLate reports whether one of the frames [from, to) came when it may have been given up.
func (a *arrivals) anyLate(from, to uint64) bool {
	for q := from; q < to; q++ {
		if a.late.has(q - a.s.FirstSeq) {
			return true
		}
	}
	return false
}
