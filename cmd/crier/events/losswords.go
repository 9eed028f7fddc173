package events

import (
	"fmt"
	"io"
	"sync"
	"time"

	"crier/cmd/crier/cli"
)

const (
	// lossLines is how many losses have a line of their own within a lossPause, which begins
	// with the first of them. The others are summed up at its end.
	lossLines = 5
	lossPause = time.Second
)

// lossWords writes lines about losses, a few each second and a sum of the others: thousands
// would be of no use and hold up the printer. It is safe for concurrent use, since its timer
// is a user.
type lossWords struct {
	command string // before each line
	out     io.Writer

	mu       sync.Mutex
	told     int    // losses with a line in this pause
	losses   uint64 // those without
	messages uint64 // in losses
	pause    *time.Timer
}

// tell writes a line about lost messages, or adds them to the sum.
func (w *lossWords) tell(text string, messages uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pause == nil {
		w.pause = time.AfterFunc(lossPause, w.pauseOver)
	}
	if w.told < lossLines {
		w.told++
		fmt.Fprintf(w.out, "%s: %s\n", w.command, text)
		return
	}
	w.losses++
	w.messages += messages
}

// sum writes the sum of the losses without a line.
func (w *lossWords) sum() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sumLocked()
}

func (w *lossWords) sumLocked() {
	if w.losses == 0 {
		return
	}
	fmt.Fprintf(w.out, "%s: and %s more, of %s\n", w.command,
		cli.Counted(w.losses, "loss", "losses"),
		cli.Counted(w.messages, "message", "messages"))
	w.losses, w.messages = 0, 0
}

// pauseOver writes the sum, and begins the next pause if there was one.
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

// close writes the sum and stops the timer.
func (w *lossWords) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sumLocked()
	if w.pause != nil {
		w.pause.Stop()
		w.pause = nil
	}
}
