package watch

import (
	"net/netip"
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
)

// maxFound bounds the publishers that a Finder remembers.
const maxFound = 1024

// A Finder finds the publishers of a topic that are heard at its home group. It sends nothing, and
// is not safe for concurrent use.
type Finder struct {
	topic string
	found []Target
}

// NewFinder returns a Finder of a topic's publishers.
func NewFinder(topic string) *Finder { return &Finder{topic: topic} }

// Found returns the publishers that were heard and haven't ended, in the order of their first
// SESSION.
func (w *Finder) Found() []Target { return slices.Clone(w.found) }

// Handle takes a frame.
func (w *Finder) Handle(_ reliable.Time, from netip.AddrPort, f *frame.Frame) {
	session := reliable.SessionID(f.Session)
	i := slices.IndexFunc(w.found, func(t Target) bool { return t.Session == session })
	switch {
	case f.Kind == frame.Bye && i >= 0 && w.found[i].Addr == from:
		w.found = slices.Delete(w.found, i, i+1)
	case f.Kind == frame.Session && string(f.Topic) == w.topic && i < 0 && len(w.found) < maxFound:
		w.found = append(w.found, Target{Addr: from, Session: session})
	}
}

// Advance lets time pass.
func (w *Finder) Advance(reliable.Time) {}

// Deadline returns when to call Advance: never.
func (w *Finder) Deadline() reliable.Time { return reliable.Never }

// Next returns the next datagram to send: there is none.
func (w *Finder) Next(reliable.Time) (reliable.Batch, bool) { return reliable.Batch{}, false }

// Sent hands a batch back.
func (w *Finder) Sent(reliable.Batch) {}
