package worker

import (
	"crier/cmd/crier/bench/job"
	"crier/multicast"
	"time"
)

const (
	// windowPoll is how often a publisher that is held back looks again.
	windowPoll = 50 * time.Microsecond
	// windowStuck is how long nothing may move before a sender of bare datagrams
	// goes on regardless: those that were lost come no more.
	windowStuck = 200 * time.Millisecond
)

// window bounds how many messages a publisher may have under way. A nil window
// bounds nothing.
type window struct {
	progress *job.Progress
	writer   int
	size     uint64
	bare     bool // what is lost is not repaired
	timer    multicast.Timer
	known    uint64 // what all subscribers are done with, when last looked at
	waits    uint64
}

// room returns how many messages may go out after the first sent, waiting until
// that is some. When it had to wait it waits for half a window, so that it
// sleeps seldom. It returns 0 when the time is up.
func (w *window) room(sent uint64, until time.Time) uint64 {
	if left := w.known + w.size; sent < left {
		return left - sent
	}
	w.known = w.progress.Slowest(w.writer)
	if left := w.known + w.size; sent < left {
		return left - sent
	}
	w.waits++
	moved, at := w.known, time.Now()
	for {
		w.timer.Set(windowPoll)
		if w.timer.Wait() != nil {
			return 0
		}
		w.known = w.progress.Slowest(w.writer)
		if left := w.known + w.size; left > sent && left-sent >= max(1, w.size/2) {
			return left - sent
		}
		now := time.Now()
		if !now.Before(until) {
			return 0
		}
		if w.known != moved {
			moved, at = w.known, now
		} else if w.bare && now.Sub(at) > windowStuck {
			return w.size
		}
	}
}
