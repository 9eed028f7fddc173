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
	// ends are its places in the streams that it had named.
	ends []ending
}

// An ending is the place at which a subscriber departed from a stream.
type ending struct {
	channel  uint32
	position uint64
	// lacks says that it had yet to take something, and counted.
	lacks bool
}

// end returns the place at which it departed from a stream, if it had named that.
func (r *departedMember) end(channel uint32) (ending, bool) {
	for _, e := range r.ends {
		if e.channel == channel {
			return e, true
		}
	}
	return ending{}, false
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
