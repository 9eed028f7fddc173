package send

import (
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
)

// Subscribers that are no longer there are remembered, up to a bound: what a publisher
// owes in the end it owes them, too.

// maxDeparted bounds the subscribers that are remembered after they left or were not
// heard any more: of more, those that lacked nothing are forgotten first.
const maxDeparted = 1024

// departed are those that are remembered, the first that went first.
type departed struct {
	rows    []departedMember
	lacking uint64 // of those that were forgotten, with messages undelivered
}

type departedMember struct {
	reliable.Member
	said uint64 // when it said its last word, on the session's clock; 0 if unknown
}

// add remembers one.
func (d *departed) add(row departedMember) {
	if len(d.rows) >= maxDeparted {
		i := max(0, slices.IndexFunc(d.rows, func(r departedMember) bool { return !r.Lacks }))
		if d.rows[i].Lacks {
			d.lacking++
		}
		d.rows = slices.Delete(d.rows, i, i+1)
	}
	d.rows = append(d.rows, row)
}

// back forgets one that is heard again.
func (d *departed) back(id uint64) {
	d.rows = slices.DeleteFunc(d.rows, func(r departedMember) bool { return r.ID == id })
}

// overtaken says whether a word was said before its subscriber's last one, and came after
// that: it brings nobody back who left.
func (d *departed) overtaken(f *frame.Frame) bool {
	i := slices.IndexFunc(d.rows, func(r departedMember) bool { return r.ID == f.Subscriber })
	return i >= 0 && f.Echo != 0 && peer.Told(f) <= d.rows[i].said
}
