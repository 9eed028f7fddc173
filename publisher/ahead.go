package publisher

import "crier/multicast/memory"

const (
	// aheadBy is the amount of populated memory ahead of the used part, in bytes. When
	// less than aheadLeast remains, more is populated.
	aheadBy    = 4 << 20
	aheadLeast = 2 << 20
)

// ahead makes the system populate the resend buffer's memory shortly before its first use.
// A page fault on a huge page takes some 250 us, which would delay a message and those
// behind it.
type ahead struct {
	memory []byte
	// asked is the size of the part that run was asked to populate. The loop's lock guards
	// it.
	asked int
	// more takes the end of the next part for run to populate.
	more chan int
}

func newAhead(memory []byte) ahead { return ahead{memory: memory, more: make(chan int, 1)} }

// reach asks for more memory if needed, where used bytes are in use. The caller holds the
// loop's lock.
func (a *ahead) reach(used int) {
	if used+aheadLeast <= a.asked || a.asked == len(a.memory) {
		return
	}
	select {
	case a.more <- min(used+aheadBy, len(a.memory)):
		a.asked = min(used+aheadBy, len(a.memory))
	default: // run is still busy with the last part
	}
}

// run populates memory on demand. It returns when all is populated, the system refuses, or
// stop is closed.
func (a *ahead) run(stop <-chan struct{}) {
	for done := 0; done < len(a.memory); {
		select {
		case to := <-a.more:
			// The last call left out the huge page at the border, so begin one page earlier.
			if memory.Populate(a.memory[max(0, done-aheadLeast):to]) != nil {
				return
			}
			done = to
		case <-stop:
			return
		}
	}
}
