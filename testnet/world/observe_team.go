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

func (w *World) observeFinished(s *Subscriber, g *reliable.Grant, offset uint64, err error) {
	for _, o := range w.observers {
		if o.Finished != nil {
			o.Finished(s, g, offset, err)
		}
	}
}

func (w *World) observeLetGo(
	s *Subscriber, g *reliable.Grant, offset uint64, after time.Duration, err error,
) {
	for _, o := range w.observers {
		if o.LetGo != nil {
			o.LetGo(s, g, offset, after, err)
		}
	}
}

func (w *World) observeTeamTold(p *Publisher, ev *reliable.TeamEvent) {
	for _, o := range w.observers {
		if o.TeamTold != nil {
			o.TeamTold(p, ev)
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
