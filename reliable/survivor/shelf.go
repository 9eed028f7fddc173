package survivor

import (
	"crier/nack"
	"crier/reliable/journal"
	"crier/reliable/receive"
	"crier/reliable/store"
)

// A shelf is what can be had of a stream: its history, and what waits behind a gap or for the
// application. It implements store.Store.
type shelf struct {
	*store.History
	receiver *receive.Receiver
	key      journal.Key
}

// shelf returns the store of a stream.
func (s *Survivor) shelf(key journal.Key) *shelf {
	return &shelf{
		History: s.kept.History(key.Session, key.Channel), receiver: s.Receiver, key: key,
	}
}

// Held returns the frames from the lowest that is held to the end of the stream as far as it is
// known.
func (s *shelf) Held() nack.Range {
	held := s.History.Held()
	if e, ok := s.receiver.Extent(s.key.Session, s.key.Channel); ok {
		held.To = max(held.To, e.Seq)
	}
	return held
}

// Look returns InMemory for a frame that is held.
func (s *shelf) Look(seq uint64) store.State {
	if s.Frame(seq) == nil {
		return store.Absent
	}
	return store.InMemory
}

// Frame returns a frame that is held, or nil.
func (s *shelf) Frame(seq uint64) []byte {
	if f := s.History.Frame(seq); f != nil {
		return f
	}
	return s.receiver.Sealed(s.key.Session, s.key.Channel, seq)
}
