package echo

import (
	"net/netip"
	"slices"
)

const (
	// maxSeq bounds the probes of a pass.
	maxSeq = 1 << 17
	// endSeq is the number of what is sent behind a pass. Whoever has it has taken all of the
	// pass from its socket that was there before.
	endSeq = maxSeq
	// maxSources bounds the source addresses that are told apart.
	maxSources = 4
)

// tally counts the datagrams of one pass. Its zero value is ready.
type tally struct {
	seen       []uint64 // a bit for each number
	received   int
	duplicates int
	reordered  int
	next       uint32 // one past the highest number so far
	largest    int
	ended      bool
	sources    []netip.AddrPort
}

// add counts a datagram, and reports whether it is the first of its number.
func (t *tally) add(seq uint32, size int, from netip.AddrPort) bool {
	if seq == endSeq {
		t.ended = true
		return false
	}
	word, bit := int(seq/64), uint64(1)<<(seq%64)
	if word >= len(t.seen) {
		t.seen = append(t.seen, make([]uint64, word+1-len(t.seen))...)
	}
	if len(t.sources) < maxSources && !slices.Contains(t.sources, from) {
		t.sources = append(t.sources, from)
	}
	t.largest = max(t.largest, size)
	if t.seen[word]&bit != 0 {
		t.duplicates++
		return false
	}
	t.seen[word] |= bit
	t.received++
	if seq < t.next {
		t.reordered++
	}
	t.next = max(t.next, seq+1)
	return true
}

// has reports whether a number was received.
func (t *tally) has(seq uint32) bool {
	word := int(seq / 64)
	return word < len(t.seen) && t.seen[word]&(1<<(seq%64)) != 0
}

// count returns the counters.
func (t *tally) count() count {
	c := count{Received: t.received, Duplicates: t.duplicates, Reordered: t.reordered,
		Largest: t.largest, Ended: t.ended}
	for _, s := range t.sources {
		c.Sources = append(c.Sources, s.String())
	}
	return c
}
