package receive

import "crier/reliable/frame"

// copies hands out the frames that buffered datagrams are decoded into for delivery, and
// takes them back. Events view the chunks of some of them until the next Poll.
type copies struct {
	spare  []*frame.Frame
	viewed []*frame.Frame // given back, but an event may still view it
}

const (
	// maxViewed is how many such frames one Poll may return messages of: so many that
	// the lock and the deadline that a Poll comes with cost little beside them, and so
	// few that they stay in the processor's nearest cache.
	maxViewed = 8
	// maxSpareFrames is how many are kept for the next time.
	maxSpareFrames = 2 * maxViewed
	// maxChunksKept is how many chunks a frame keeps room for between datagrams: as
	// many as one of 1,401 bytes can have.
	maxChunksKept = 1024
)

// take returns a frame to decode into.
func (c *copies) take() *frame.Frame {
	last := len(c.spare) - 1
	if last < 0 {
		return new(frame.Frame)
	}
	f := c.spare[last]
	c.spare = c.spare[:last]
	return f
}

// put gives a frame back.
func (c *copies) put(f *frame.Frame, viewed bool) {
	if viewed {
		c.viewed = append(c.viewed, f)
		return
	}
	if trim(f); len(c.spare) < maxSpareFrames {
		c.spare = append(c.spare, f)
	}
}

// full reports whether events view as many frames as they may.
func (c *copies) full() bool { return len(c.viewed) >= maxViewed }

// reuse says that no event views anything any more.
func (c *copies) reuse() {
	for _, f := range c.viewed {
		c.put(f, false)
	}
	c.viewed = c.viewed[:0]
}

// trim lets a frame of many small messages leave little behind.
func trim(f *frame.Frame) {
	if cap(f.Chunks) > maxChunksKept {
		f.Chunks = nil
	}
}
