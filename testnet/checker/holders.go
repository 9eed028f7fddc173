package checker

import (
	"slices"

	"crier/nack"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// holders is what a subscriber and holders of frames beside the publisher said to each
// other.
type holders struct {
	asked  []nack.Range // what holders were asked for
	denied []nack.Range // what they said that they lack
}

// hearHolder takes a packet of a holder, whose time is its own, and whose word is about
// itself.
func (v *view) hearHolder(d *world.Datagram) {
	switch d.Frame.Kind {
	case frame.Repair: // which counts where it was asked for
		if inner := d.Frame.Data; inner != nil &&
			within(v.holders.asked, inner.Seq, inner.Seq+1) {
			v.hear(d)
		}
	case frame.Digest:
		v.start.digest(d.Frame)
		return
	case frame.Find:
		return
	case frame.Gone:
		v.holders.denied = append(v.holders.denied, d.Frame.Ranges...)
	}
	v.help = v.c.w.Now()
}

// within reports whether ranges hold one of the numbers [from, to).
func within(ranges []nack.Range, from, to uint64) bool {
	return slices.ContainsFunc(ranges,
		func(r nack.Range) bool { return r.Clip(from, to).Len() > 0 })
}
