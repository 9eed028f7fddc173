package receive

import "slices"

// elders are the ids of the last sessions that were over before this subscriber began to listen,
// by their BYE. A BYE that waits while the process stands still makes its session seem younger:
// what was heard before counts.
type elders struct {
	ids  [16]uint64
	next int
}

// has reports whether a session is one of them.
func (e *elders) has(id uint64) bool { return slices.Contains(e.ids[:], id) }

// add remembers a session, and forgets the one that it has remembered longest.
func (e *elders) add(id uint64) {
	if !e.has(id) {
		e.ids[e.next] = id
		e.next = (e.next + 1) % len(e.ids)
	}
}
