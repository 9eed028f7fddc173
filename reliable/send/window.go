package send

import (
	"crier/reliable"
	"crier/reliable/rate"
	"crier/reliable/store"
)

// A window knows whether there is room for messages, and what leaves none. Every message
// that finds none is refused, and may be tried again. A frame goes out live at once. It is
// kept, in the resend ring and then on disk, until every subscriber that counts has passed
// it. While nothing more fits, the window is full, and messages are dropped, or wait.
type window struct {
	cfg    *Config
	gather *gather
	store  *store.Buffer
	limit  *rate.Limit

	// asked is the number of frames needed by the last message that looked for room.
	asked uint64
	// full says that a message found no room.
	full bool
	// needs is the number of frames that it needs: the largest, if there were several.
	needs uint64
	// least is the number of frames that make it worth trying again.
	least uint64
	by    reliable.Blocker
	since reliable.Time
	// passed is when a smaller message first found room since the message that needs most
	// was last refused; Never if none did. If that one still waits, it is refused again.
	passed  reliable.Time
	blocked [reliable.Blockers]reliable.Waits

	// freed counts the times that there was room again.
	freed uint64
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
		w.blocked[w.by].For += now.Sub(w.since)
	} else {
		w.needs, w.least, w.passed = w.asked, w.asked, reliable.Never
	}
	w.full, w.by, w.since = true, by, now
	w.blocked[by].Times++
}

// noteRoom checks whether there is room now for the smallest of the messages that found
// none. The time without room ends once there is enough for all.
func (w *window) noteRoom(now reliable.Time) {
	if !w.full || !w.store.Fits(w.least) {
		return
	}
	w.freed++
	if w.least = w.needs; w.store.Fits(w.needs) {
		w.endFull(now)
	}
}

// passBy notes that a message found room while another may wait for more. For that one,
// the time without room goes on, however many pass it by. A publisher that waits tries
// again whenever something is sent. If it has not done so for the stall time, nothing
// waits any more.
func (w *window) passBy(now reliable.Time) {
	switch w.noteRoom(now); {
	case !w.full:
	case w.passed == reliable.Never:
		w.passed = now
	case now >= w.passed.Add(w.cfg.Flow.StallTimeout):
		w.endFull(w.passed)
	}
}

// endFull ends a time without room.
func (w *window) endFull(at reliable.Time) {
	w.full = false
	w.blocked[w.by].For += at.Sub(w.since)
}

// waits reports whether a message waits for room, as far as is known.
func (w *window) waits() bool { return w.full && w.passed == reliable.Never }

// roomFor returns ErrFull if so many frames would overwrite frames that were not sent
// yet, or must be kept.
func (w *window) roomFor(frames uint64) error {
	w.asked = frames
	if w.gather.on || !w.store.Fits(frames) {
		return reliable.ErrFull
	}
	return nil
}
