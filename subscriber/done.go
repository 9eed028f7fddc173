package subscriber

// Done acknowledges all messages of a session and channel before a position, which
// Event.Position returns. A position before what is acknowledged already changes nothing.
// Nothing is acknowledged behind messages that Close gave up. With Acknowledge.Sync it waits
// until the position is saved, and returns the error of that; otherwise it returns at once,
// and Close saves the rest.
func (s *Subscriber) Done(at Position) error {
	if s.places == nil {
		return ErrNoOffsets
	}
	return s.places.done(at)
}

// Positions returns what is acknowledged, saved or not, and what was loaded. It is nil if the
// Subscriber keeps no positions.
func (s *Subscriber) Positions() []Position {
	if s.places == nil {
		return nil
	}
	return s.places.positions()
}
