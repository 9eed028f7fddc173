package send

import (
	"fmt"

	"crier/reliable"
	"crier/reliable/frame"
)

// SkipOffsets passes over the next n offsets, at most frame.MaxSkip until subscribers are told, and
// returns the first of them. They count as accepted and dropped, and are told to subscribers so.
func (st *Stream) SkipOffsets(n uint64) (uint64, error) {
	p := &st.packer
	switch {
	case st.closed():
		return 0, reliable.ErrClosed
	case n > frame.MaxSkip-p.skipped:
		return 0, fmt.Errorf("%d messages can't be skipped: %d at once are the most", n,
			frame.MaxSkip-p.skipped)
	}
	if p.build.IsOpen() {
		p.seal(false) // a skip tells of what follows: it needs a frame of its own
	}
	offset := p.nextOffset
	p.nextOffset += n
	p.skipped += n
	st.tally.dropped += n
	st.tally.accepted += n
	st.session.schedule.touch(st)
	return offset, nil
}
