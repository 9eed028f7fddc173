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
// behind it. Each partition has an equal part of the memory, and uses it from its start.
type ahead struct {
	memory []byte
	// size is the size of a part, in bytes.
	size int
	// asked are the sizes of what run was asked to populate of each part. The loop's lock
	// guards them.
	asked []int
	// more takes what run is to populate next.
	more chan span
}

// A span is a piece of the memory.
type span struct{ from, to int }

func newAhead(memory []byte, parts int) ahead {
	return ahead{memory: memory, size: len(memory) / parts, asked: make([]int, parts),
		more: make(chan span, 1)}
}

// reach asks for more memory if needed, where used bytes of a part are in use. The caller holds
// the loop's lock.
func (a *ahead) reach(part, used int) {
	asked := &a.asked[part]
	if used+aheadLeast <= *asked || *asked == a.size {
		return
	}
	to := min(used+aheadBy, a.size)
	select {
	// The last call left out the huge page at the border, so begin one page earlier.
	case a.more <- span{part*a.size + max(0, *asked-aheadLeast), part*a.size + to}:
		*asked = to
	default: // run is still busy with the last piece
	}
}

// run populates memory on demand. It returns when all is populated, the system refuses, or
// stop is closed.
func (a *ahead) run(stop <-chan struct{}) {
	for ends := 0; ends < len(a.asked); {
		select {
		case s := <-a.more:
			if memory.Populate(a.memory[s.from:s.to]) != nil {
				return
			}
			if s.to%a.size == 0 {
				ends++
			}
		case <-stop:
			return
		}
	}
}
