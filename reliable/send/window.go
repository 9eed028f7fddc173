package send

import (
	"crier/reliable"
	"crier/reliable/rate"
	"crier/reliable/store"
)

// window knows whether there is room for messages, and what leaves none. Every message
// that finds none is refused, and may be tried again.
type window struct {
	cfg   *Config
	store *store.Buffer
	limit *rate.Limit

	asked uint64 // frames that the last message needs which looked for room
	full  bool   // a message found no room
	needs uint64 // frames that it needs; the largest, where there were several
	least uint64 // frames that make it worth to try again
	by    reliable.Holder
	since reliable.Time
	// passed is when a smaller one found room first, since the message that needs most
	// was last refused; Never if none did. It is refused again where it still waits.
	passed reliable.Time
	held   [reliable.Holders]reliable.Held

	freed uint64 // counts the times that there was room again

	gathering bool          // nothing is accepted before subscribers had time to report
	gathered  reliable.Time // when that time ends, if not by their number
}

// noteFull begins a time without room.
func (w *window) noteFull(now reliable.Time) {
	by := reliable.BySocket
	switch {
	case w.store.Unneeded():
		if w.limit.Waits() {
			by = reliable.ByRate
		}
	case w.store.Writes():
		by = reliable.ByDisk
	default:
		by = reliable.BySubscribers
	}
	w.least = min(w.least, w.asked)
	if w.full && w.asked >= w.needs {
		w.needs, w.passed = w.asked, reliable.Never
	}
	if w.full && by == w.by {
		return
	}
	if w.full {
		w.held[w.by].For += now.Sub(w.since)
	} else {
		w.needs, w.least, w.passed = w.asked, w.asked, reliable.Never
	}
	w.full, w.by, w.since = true, by, now
	w.held[by].Times++
}

// noteRoom notes that there is room now, if there is, for the least of the messages
// that found none. The time without room ends once there is enough for all.
func (w *window) noteRoom(now reliable.Time) {
	if !w.full || !w.store.Fits(w.least) {
		return
	}
	w.freed++
	if w.least = w.needs; w.store.Fits(w.needs) {
		w.endFull(now)
	}
}

// passBy notes that a message found room, while another may wait for more: for that
// one the time without room goes on, however many pass it by. If it isn't heard of for
// the stall time, though who waits tries again whenever something is sent, then nobody
// waits any more.
func (w *window) passBy(now reliable.Time) {
	switch w.noteRoom(now); {
	case !w.full:
	case w.passed == reliable.Never:
		w.passed = now
	case now >= w.passed.Add(w.cfg.StallTimeout):
		w.endFull(w.passed)
	}
}

// endFull ends a time without room.
func (w *window) endFull(at reliable.Time) {
	w.full = false
	w.held[w.by].For += at.Sub(w.since)
}

// waits says whether a message waits for room, as far as is known.
func (w *window) waits() bool { return w.full && w.passed == reliable.Never }

// roomFor returns ErrFull if so many frames would overwrite what was not sent yet,
// or must be kept.
func (w *window) roomFor(frames uint64) error {
	w.asked = frames
	if w.gathering || !w.store.Fits(frames) {
		return reliable.ErrFull
	}
	return nil
}
