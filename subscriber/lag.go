package subscriber

import (
	"log/slog"

	"crier/reliable"
	"crier/reliable/receive"
)

// Overload says what to do when the application takes messages more slowly than
// they come.
type Overload = reliable.Overload

const (
	// OverloadBlock holds up to Buffer for the application and then throws away what
	// comes, and asks for it when there is room: a publisher whose pace counts this
	// subscriber is held by what the application has taken. It is the default.
	OverloadBlock Overload = reliable.OverloadBlock
	// OverloadBuffer is the same, but a publisher is held only once Buffer is full.
	OverloadBuffer Overload = reliable.OverloadBuffer
	// OverloadDropOldest drops what has waited longest when Buffer is full, and
	// reports it lost as `slow consumer`. It needs InOrder.
	OverloadDropOldest Overload = reliable.OverloadDropOldest
	// OverloadDropNewest drops what comes when Buffer is full.
	OverloadDropNewest Overload = reliable.OverloadDropNewest
)

// Lag is how far the application is behind, over all sessions.
type Lag = receive.Lag

// Lag returns how far the application is behind. It may be called after Close, and
// by a Handler.
func (s *Subscriber) Lag() Lag {
	s.loop.Lock()
	defer s.loop.Unlock()
	return s.lag()
}

// lag is Lag; the caller holds the lock. What Messages has taken out of the receiver
// and not handed out yet is not with the application.
func (s *Subscriber) lag() Lag {
	lag := s.receiver.Lag(reliable.Time(s.loop.Now()))
	lag.Messages += uint64(max(s.pending.Load(), 0))
	return lag
}

// lagWatch finds out when the lag passes its threshold, and when it has recovered:
// when it is below half of it.
type lagWatch struct {
	on   bool // it is past the threshold
	told bool // what was told last
	lag  Lag  // when it changed
}

// watchLag looks at the lag. The caller holds the lock.
func (s *Subscriber) watchLag() {
	if s.cfg.WarnLag == 0 {
		return
	}
	lag, limit := s.lag(), s.cfg.WarnLag
	if s.lagging.on {
		limit /= 2
	}
	if on := lag.Messages > limit; on != s.lagging.on {
		s.lagging.on, s.lagging.lag = on, lag
		select {
		case s.lagNews <- struct{}{}:
		default:
		}
	}
}

// tellLag tells of changes, on a goroutine of its own: neither the one that reads
// nor the application, which is slow, must wait for it, or it for them.
func (s *Subscriber) tellLag() {
	defer s.helpers.Done()
	returned := false
	defer s.watch(&returned)
	for {
		select {
		case <-s.lagNews:
		case <-s.gone:
			returned = true
			return
		}
		s.loop.Lock()
		on, lag, told := s.lagging.on, s.lagging.lag, s.lagging.told
		s.lagging.told = on
		s.loop.Unlock()
		if on == told {
			continue
		}
		details := []any{slog.Uint64("messages", lag.Messages), slog.Int("bytes", lag.Bytes), slog.Duration("time", lag.Time)}
		if on {
			s.cfg.Logger.Warn("crier: the application is behind", details...)
		} else {
			s.cfg.Logger.Warn("crier: the application has caught up", details...)
		}
		if s.cfg.OnLag != nil {
			s.cfg.OnLag(lag, on)
		}
	}
}
