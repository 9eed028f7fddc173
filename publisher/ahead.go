package publisher

import "crier/multicast/memory"

const (
	// aheadBy is how much of the resend buffer is brought in before it is written to
	// for the first time, in bytes, and aheadLeast when more is.
	aheadBy    = 4 << 20
	aheadLeast = 2 << 20
)

// ahead has the system bring in the resend buffer's memory before it is first used: a
// huge page takes some 250 us, for which a message, and those behind it, would else
// wait. What isn't used soon isn't brought in.
type ahead struct {
	memory []byte
	asked  int      // bytes from the start; guarded by the loop's lock
	more   chan int // up to where, for the goroutine
}

func newAhead(memory []byte) ahead { return ahead{memory: memory, more: make(chan int, 1)} }

// reach says how many bytes were used. The caller holds the loop's lock.
func (a *ahead) reach(used int) {
	if used+aheadLeast <= a.asked || a.asked == len(a.memory) {
		return
	}
	select {
	case a.more <- min(used+aheadBy, len(a.memory)):
		a.asked = min(used+aheadBy, len(a.memory))
	default: // it is still at the last piece
	}
}

// run brings in what is asked for until all is, it can't be had, or stop is closed.
func (a *ahead) run(stop <-chan struct{}) {
	for done := 0; done < len(a.memory); {
		select {
		case to := <-a.more:
			// From a huge page back, since the one at the border was left out before.
			if memory.Populate(a.memory[max(0, done-aheadLeast):to]) != nil {
				return
			}
			done = to
		case <-stop:
			return
		}
	}
}
