package every

import "sync"

// memo is what is known of states that were met: how many schedules go on from them.
type memo struct {
	lock  sync.RWMutex
	known map[Sum]tally
	met   int // whose hashes aren't known
}

func newMemo() *memo { return &memo{known: map[Sum]tally{}} }

// get returns what is known of a state.
func (m *memo) get(s Sum) (tally, bool) {
	m.lock.RLock()
	defer m.lock.RUnlock()
	t, ok := m.known[s]
	return t, ok
}

// set notes all schedules that go on from a state; of one whose hash isn't known, only that
// there was one.
func (m *memo) set(s Sum, t tally) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if s == (Sum{}) {
		m.met++
	} else {
		m.known[s] = t
	}
}

// states returns how many were met.
func (m *memo) states() int {
	m.lock.RLock()
	defer m.lock.RUnlock()
	return len(m.known) + m.met
}
