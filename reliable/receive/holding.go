package receive

import (
	"sort"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// holding is what a holder has of a stream, by its DIGEST. The zero value knows nothing.
type holding struct {
	known   bool
	version uint64
	at      reliable.Time
	oldest  position
	// One past the last number that it tells of.
	upTo uint64
	// What it said of that itself, and where it stood when its inquest began.
	position uint64
	began    position
	// Its evidence of the stream's extent.
	next position
	// It hears the publisher; or the session is over, by the publisher's word or not.
	live, final, ended bool
	// The numbers of [oldest, upTo) that it lacks, ascending.
	absent []nack.Range
}

// maxAbsent bounds the ranges that are remembered of a holder. Those beyond are asked for,
// and denied.
const maxAbsent = 1024

// take takes a DIGEST. One that is older than the last one says nothing.
func (h *holding) take(now reliable.Time, f *frame.Frame) {
	d := f.Digest
	if h.known && d.Version < h.version {
		return
	}
	upTo := h.upTo // by the parts before
	if !h.known || d.Version > h.version {
		h.absent, upTo = h.absent[:0], 0
	}
	h.known, h.version, h.at = true, d.Version, now
	h.oldest = position{true, f.OldestSeq, f.OldestOffset}
	h.next = position{true, f.NextSeq, f.NextOffset}
	h.upTo = min(max(d.Position, f.OldestSeq, upTo), max(f.NextSeq, f.OldestSeq))
	if d.From <= h.upTo {
		h.upTo = max(h.upTo, d.To)
	}
	h.position, h.began = d.Position, position{d.At && f.Request == 0, d.AtSeq, d.AtOffset}
	h.live, h.final = f.Flags&frame.Live != 0, f.Flags&frame.Final != 0
	h.ended = h.final && f.Flags&frame.Ended != 0
	h.absent = nack.Normalize(append(h.absent, f.Ranges...))
	h.absent = h.absent[:min(len(h.absent), maxAbsent)]
}

const (
	// liveFresh is for how long a DIGEST says that its holder is there, of a session that lives,
	// and overFresh of one that is over: three times as long as it takes to be repeated.
	liveFresh = 3 * time.Second
	overFresh = 15 * time.Second
)

// fresh returns for how long the last DIGEST says that the holder is there.
func (h *holding) fresh() time.Duration {
	if h.live {
		return liveFresh
	}
	return overFresh
}

// deny takes the holder's word that it has nothing below a number any more.
func (h *holding) deny(oldest uint64) {
	if h.known && oldest > h.oldest.seq {
		h.oldest = position{seq: oldest}
	}
}

// A standing is what is known of a holder and a frame.
type standing uint8

const (
	has     standing = iota
	unknown          // it may have come by now
	lacks
)

// of returns whether the holder has a frame, and up to where that is so.
func (h *holding) of(seq uint64) (standing, uint64) {
	switch {
	case !h.known:
		return unknown, ^uint64(0)
	case seq < h.oldest.seq:
		return lacks, h.oldest.seq
	case seq >= h.upTo && h.final:
		return lacks, ^uint64(0)
	case seq >= h.upTo:
		return unknown, ^uint64(0)
	}
	i := sort.Search(len(h.absent), func(i int) bool { return h.absent[i].To > seq })
	switch {
	case i == len(h.absent):
		return has, h.upTo
	case h.absent[i].From <= seq:
		return lacks, h.absent[i].To
	}
	return has, min(h.absent[i].From, h.upTo)
}
