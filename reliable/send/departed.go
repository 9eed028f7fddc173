package send

import (
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
)

// maxDeparted bounds the subscribers that are remembered after they left or fell silent.
// Beyond it, those that lacked nothing are forgotten first.
const maxDeparted = 1024

// departed holds the subscribers that left or fell silent, in that order. The account at
// the end of the session includes them.
type departed struct {
	rows []departedMember
	// lacking counts forgotten subscribers that had messages undelivered.
	lacking uint64
}

type departedMember struct {
	reliable.Member
	// said is when it sent its last frame, on the session's clock; 0 if unknown.
	said uint64
}

// add remembers a subscriber.
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

// back forgets a subscriber that is heard again.
func (d *departed) back(id uint64) {
	d.rows = slices.DeleteFunc(d.rows, func(r departedMember) bool { return r.ID == id })
}

// overtaken reports whether a frame was sent before its subscriber's last one, but came
// after it. Such a frame doesn't bring back a subscriber that left.
func (d *departed) overtaken(f *frame.Frame) bool {
	i := slices.IndexFunc(d.rows, func(r departedMember) bool { return r.ID == f.Subscriber })
	return i >= 0 && f.Echo != 0 && peer.Told(f) <= d.rows[i].said
}
