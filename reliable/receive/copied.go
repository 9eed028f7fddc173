package receive

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// checkEvery is for how long a feed's copies need no check after a frame that was checked.
const checkEvery = 50 * time.Millisecond

// Copied reports whether a datagram is, by its header alone, the copy of a frame that is here,
// which has come by another feed: whoever reads the sockets drops it then, before its checksum is
// verified, which takes most of a copy's time.
//
// Nothing is concluded from it but how many frames its feed has brought and lost, and that only
// when a frame of the feed is checked: each sixteenth of those in order is, one in checkEvery, and
// all while anything is missing. What is missing afterwards lies behind all that is here now, so
// that no request depends on such a copy, and nor does what is heard of the publisher or its feeds.
func (r *Receiver) Copied(now reliable.Time, from netip.AddrPort, feed int, datagram []byte) bool {
	st := r.last
	if st == nil || st.arbiter == nil || r.closed {
		return false
	}
	session, channel, seq, ok := frame.Glance(datagram)
	s := st.session
	if !ok || session != s.id || seq%skewStride == 0 || feed >= MaxFeeds {
		return false
	}
	if channel != st.channel {
		if st = s.stream(channel); st == nil || st.arbiter == nil {
			return false
		}
	}
	a, one := st.arbiter, &s.feeds.list[feed]
	source, _ := s.feeds.addr(feed)
	if from != source || one.down || now.Sub(one.heard) >= checkEvery || !a.began[feed] ||
		seq < max(a.next[feed], a.seen[feed]) || st.over() || !st.brought(seq) ||
		st.asked.gaps() > 0 {
		return false
	}
	a.seen[feed] = seq + 1
	a.unchecked[feed]++
	return true
}

// settle counts the copies of a feed that weren't checked.
func (a *arbiter) settle(one *feed, feed int) {
	n := a.unchecked[feed]
	if n == 0 {
		return
	}
	one.stats.Frames += n
	if skipped := a.seen[feed] - a.next[feed] - n; skipped < maxEvidence {
		one.stats.Lost += skipped
	}
	a.next[feed], a.unchecked[feed] = a.seen[feed], 0
}
