package receive

import (
	"time"

	"crier/reliable"
)

// Lag is how far an application is behind.
type Lag struct {
	// Messages that are known to exist and were neither delivered nor reported
	// lost.
	Messages uint64
	// Bytes that wait here for the application, or for a gap to close.
	Bytes int
	// Time is how long the next frame has been here and waits to be taken; 0 where
	// it is not here.
	Time time.Duration
}

// Lag returns how far the application is behind, over all sessions: the sum of
// messages and bytes, and the longest time.
func (r *Receiver) Lag(now reliable.Time) Lag {
	var lag Lag
	for _, s := range r.table.list {
		for _, st := range s.streams {
			one := st.lag(now)
			lag.Messages += one.Messages
			lag.Bytes += one.Bytes
			lag.Time = max(lag.Time, one.Time)
		}
	}
	return lag
}

func (st *stream) lag(now reliable.Time) Lag {
	lag := Lag{Bytes: st.win.bytes}
	if st.cursor.known {
		lag.Messages = st.stats.NextOffset - min(st.stats.NextOffset, st.cursor.offset)
	}
	if st.cursor.frame != nil {
		lag.Time = now.Sub(st.cursor.came.received)
	} else if p := st.win.at(st.win.next); p != nil && p.used {
		lag.Time = now.Sub(p.came.received)
	}
	lag.Time = max(0, lag.Time)
	return lag
}
