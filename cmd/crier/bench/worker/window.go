package worker

import (
	"time"

	"crier/cmd/crier/bench/job"
	"crier/multicast"
)

const (
	// windowPoll is the time between two looks of a publisher that is held back.
	windowPoll = 50 * time.Microsecond
	// windowStuck is the time without progress after which a sender of bare datagrams goes
	// on: lost ones never arrive.
	windowStuck = 200 * time.Millisecond
)

// window bounds how many messages a publisher may have under way. A nil window
// bounds nothing.
type window struct {
	progress *job.Progress
	writer   int
	size     uint64
	bare     bool // losses are not repaired
	timer    multicast.Timer
	known    uint64 // messages that all subscribers are done with, when last looked at
	waits    uint64
}

// room returns how many messages may go out after the first sent. Where there is no room, it
// waits for half a window, so that it seldom sleeps. It returns 0 when the time is up.
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
