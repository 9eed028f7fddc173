package subscriber

import (
	"log/slog"

	"crier/reliable"
	"crier/reliable/receive"
)

// Overload selects the answer to an application that takes messages more slowly than they
// come.
type Overload = reliable.Overload

const (
	// OverloadBlock holds messages for the application up to Buffer. It discards further
	// ones, and requests them once there is room. A publisher whose pace counts this
	// subscriber waits for the application. It is the default.
	OverloadBlock Overload = reliable.OverloadBlock
	// OverloadBuffer is like OverloadBlock, but such a publisher only waits once Buffer is
	// full.
	OverloadBuffer Overload = reliable.OverloadBuffer
	// OverloadDropOldest drops the messages that have waited longest when Buffer is full,
	// and reports them lost as `slow consumer`. It needs InOrder.
	OverloadDropOldest Overload = reliable.OverloadDropOldest
	// OverloadDropNewest drops the messages that come when Buffer is full.
	OverloadDropNewest Overload = reliable.OverloadDropNewest
)

// Lag is the application's lag over all sessions.
type Lag = receive.Lag

// Lag returns the application's lag. It may be called after Close, and by a Handler.
func (s *Subscriber) Lag() Lag {
	s.loop.Lock()
	defer s.loop.Unlock()
	return s.lag()
}

// lag is Lag for a caller that holds the lock. Messages that a range has taken from the
// receiver, and has yet to yield, count as lag.
func (s *Subscriber) lag() Lag {
	lag := s.receiver.Lag(reliable.Time(s.loop.Now()))
	lag.Messages += uint64(max(s.pending.Load(), 0))
	return lag
}

// lagWatch detects that the lag exceeds its threshold, and that it has recovered: that it is
// below half of the threshold.
type lagWatch struct {
	// on says that the lag exceeds the threshold.
	on bool
	// told is the value of on that was reported last.
	told bool
	// lag is the lag at the last change of on.
	lag Lag
}

// watchLag detects changes of the lag. The caller holds the lock.
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

// tellLag reports changes on a goroutine of its own. Neither the goroutine that reads nor the
// slow application must wait for it, or it for them.
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
		details := []any{
			slog.Uint64("messages", lag.Messages), slog.Int("bytes", lag.Bytes),
			slog.Duration("time", lag.Time),
		}
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
