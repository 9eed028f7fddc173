package receive

import (
	"net/netip"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// An inquiry holds the requests of a stream to one answerer.
type inquiry struct {
	req *nack.Requester
	// A NACK that waits to be sent: its number, and the ranges it asks for.
	number uint64
	ranges []nack.Range
	// The answerer's own time, to be sent back.
	echo *echo
	id   uint64
	// The place in the list of answerers; the publisher's is 0.
	index int
	// Where a holder is. The publisher's addresses are its session's.
	addr netip.AddrPort
	// How far a holder's address is believed, and what it said that it holds.
	credit  credit
	holding holding
	// When a holder answered last. One that is mute didn't, and is asked behind the others.
	answered reliable.Time
	mute     bool
	gone     bool
	// It is a survivor of the publisher, which has a place only while it is asked.
	survivor bool
	mutedAt  reliable.Time
}

// hears notes an answer of the holder's.
func (q *inquiry) hears(now reliable.Time) { q.answered, q.mute = now, false }

// silence notes that the holder doesn't answer.
func (q *inquiry) silence(now reliable.Time) {
	if !q.mute {
		q.mute, q.mutedAt = true, now
	}
}

// takeDigest takes the holder's word of what it holds.
func (q *inquiry) takeDigest(now reliable.Time, f *frame.Frame) {
	q.echo.note(now, f.Time)
	if q.mute && now.Sub(q.mutedAt) >= muteTime {
		q.mute = false // it may have been away
	}
	q.holding.take(now, f)
}
