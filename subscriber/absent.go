package subscriber

import "time"

// absent watches for partitions that are wanted, and that no publisher has.
type absent struct {
	// watched says that there may be some.
	watched bool
	// due is the time of the next look.
	due int64
}

// absentEvery is the least time between two looks.
const absentEvery = int64(100 * time.Millisecond)

// lookForAbsent warns of the first partition that isn't there. A topic without any of those that
// are wanted makes no event. The caller holds the lock.
func (s *Subscriber) lookForAbsent(now int64) {
	s.absent.due = now + absentEvery
	for _, t := range s.receiver.Topics() {
		for _, p := range t.Topic.Partitions {
			if there := t.Layout.Partitions; there > 0 && int(p) >= there {
				s.absent.watched = false
				name := t.Name
				s.helpers.Go(func() { // a Logger may block
					s.cfg.Logger.Warn("crier: a partition that is wanted isn't there; they are "+
						"numbered from 0", "topic", name, "partition", p, "partitions", there)
				})
				return
			}
		}
	}
}
