package team

import (
	"time"

	"crier/reliable"
)

// The end of a session, as its teams see it: a team is finished once the session is closed, and all
// of it is done or given up. Members are told, so that they need not wait for more.

// Close says that the session was closed: Streams.Closed is true, and Next doesn't grow any more.
func (a *Arbiter) Close(lease reliable.Time) {
	for _, t := range a.teams {
		t.settle(lease)
	}
	a.sweep(lease)
}

// finish notes that there is nothing more to do, now or later, and has the members told.
func (t *team) finish(lease reliable.Time) {
	if t.finished || !t.arbiter.streams.Closed() {
		return
	}
	for channel := range uint32(t.arbiter.streams.Partitions()) {
		_, end := t.arbiter.streams.Next(channel)
		if _, done := t.floor(channel); done < end {
			return
		}
	}
	t.finished, t.finishedAt = true, lease
	for _, m := range t.members {
		t.arbiter.push(m)
	}
}

// Tells reports whether a live member has yet to hear that its team is finished, which it has been
// for less than a time: so long the session goes on.
func (a *Arbiter) Tells(lease reliable.Time, most time.Duration) bool {
	for _, t := range a.teams {
		if !t.finished || lease >= t.finishedAt.Add(most) {
			continue
		}
		for _, m := range t.members {
			if m.until > lease && (m.news || m.unseen != 0) {
				return true
			}
		}
	}
	return false
}

// ended reports whether a row has nothing more to do, now or later.
func (t *team) ended(channel uint32, r *row) bool {
	if !t.arbiter.streams.Closed() {
		return false
	}
	_, end := t.arbiter.streams.Next(channel)
	return r.done >= end
}

// stays reports whether a partition stays with its owner though another one is to have it: no
// message comes any more. One that leaves gives back by itself.
func (t *team) stays(r *row) bool { return t.arbiter.streams.Closed() && r.owner.deaf == 0 }
