package world

import (
	"slices"
	"time"

	"crier/reliable"
)

// stateFile is where a subscriber's process finds its place when it starts again: the positions
// that its application acknowledged, as they were when they were saved last. It outlives the
// process.
type stateFile struct {
	after time.Duration       // how late they are saved; 0: never
	acked []reliable.Position // in order of sessions
	saved []reliable.Position
	due   bool // they are to be saved
}

// acknowledge takes the word of the application that it is done with all before a position.
func (s *Subscriber) acknowledge(pos reliable.Position) {
	f := &s.file
	if f.after == 0 || pos == (reliable.Position{}) {
		return
	}
	s.w.observeAcknowledged(s, pos)
	if f.acked = place(f.acked, pos); f.due {
		return
	}
	f.due = true
	life := s.lives
	s.w.At(s.w.now.Add(f.after), func() {
		if s.lives == life && s.state == running {
			f.save()
		}
	})
}

// save saves what was acknowledged.
func (f *stateFile) save() {
	f.saved, f.due = append(f.saved[:0], f.acked...), false
}

// load returns what was saved, and forgets what was not.
func (f *stateFile) load() []reliable.Position {
	f.acked, f.due = slices.Clone(f.saved), false
	return slices.Clone(f.saved)
}

// place puts a position where that of the same session and channel is.
func place(list []reliable.Position, pos reliable.Position) []reliable.Position {
	i := slices.IndexFunc(list, func(p reliable.Position) bool {
		return p.Session == pos.Session && p.Partition == pos.Partition
	})
	if i < 0 {
		return append(list, pos)
	}
	list[i] = pos
	return list
}

// Saved returns the positions that are saved for the subscriber.
func (s *Subscriber) Saved() []reliable.Position { return s.file.saved }
