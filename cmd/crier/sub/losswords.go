package sub

import (
	"crier/cmd/crier/cli"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// lossLines is how many losses are told one by one in a lossPause, which begins
	// with the first of them; of the others only how many there were, at its end.
	lossLines = 5
	lossPause = time.Second
)

// lossWords writes a line for a loss, but no flood of them: thousands a second tell
// nobody anything, and hold up whoever prints. It is safe for concurrent use, as its
// timer is.
type lossWords struct {
	out io.Writer

	mu       sync.Mutex
	told     int    // in this pause
	losses   uint64 // not told
	messages uint64 // in these
	pause    *time.Timer
}

// tell writes a line about lost messages, now or in a sum later.
func (w *lossWords) tell(text string, messages uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pause == nil {
		w.pause = time.AfterFunc(lossPause, w.pauseOver)
	}
	if w.told < lossLines {
		w.told++
		fmt.Fprintf(w.out, "crier sub: %s\n", text)
		return
	}
	w.losses++
	w.messages += messages
}

// sum tells what wasn't told yet, before words of something else and at the end.
func (w *lossWords) sum() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sumLocked()
}

func (w *lossWords) sumLocked() {
	if w.losses == 0 {
		return
	}
	fmt.Fprintf(w.out, "crier sub: and %s more, of %s\n", cli.Counted(w.losses, "loss", "losses"),
		cli.Counted(w.messages, "message", "messages"))
	w.losses, w.messages = 0, 0
}

// pauseOver begins the next pause if this one had losses that weren't told.
func (w *lossWords) pauseOver() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = 0
	if w.losses == 0 {
		w.pause = nil
		return
	}
	w.sumLocked()
	w.pause = time.AfterFunc(lossPause, w.pauseOver)
}

// close tells what is left, and ends the timer.
func (w *lossWords) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sumLocked()
	if w.pause != nil {
		w.pause.Stop()
		w.pause = nil
	}
}
