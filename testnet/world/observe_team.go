package world

import (
	"time"

	"crier/reliable"
)

func (w *World) observeWithheld(s *Subscriber, ev *reliable.Event) {
	for _, o := range w.observers {
		if o.Withheld != nil {
			o.Withheld(s, ev)
		}
	}
}

func (w *World) observeDone(s *Subscriber, g *reliable.Grant, offset uint64, err error) {
	for _, o := range w.observers {
		if o.Done != nil {
			o.Done(s, g, offset, err)
		}
	}
}

func (w *World) observeReleased(
	s *Subscriber, g *reliable.Grant, offset uint64, after time.Duration, err error,
) {
	for _, o := range w.observers {
		if o.Released != nil {
			o.Released(s, g, offset, after, err)
		}
	}
}

func (w *World) observeTeamed(p *Publisher, ev *reliable.TeamEvent) {
	for _, o := range w.observers {
		if o.Teamed != nil {
			o.Teamed(p, ev)
		}
	}
}

func (w *World) observeRestored(p *Publisher, list []reliable.TeamPosition) {
	for _, o := range w.observers {
		if o.Restored != nil {
			o.Restored(p, list)
		}
	}
}
