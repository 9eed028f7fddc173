package multicast

import (
	"net"
	"sync"
	"time"
)

// NewTimer makes a Timer out of a time.Timer and channels alone, so that it
// works in simulated time (testing/synctest). It is as coarse as Go's runtime:
// on Linux a wait of less than a millisecond takes a little more than one.
func NewTimer() Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &plainTimer{timer: t, closed: make(chan struct{})}
}

type plainTimer struct {
	timer  *time.Timer
	closed chan struct{}
	once   sync.Once
}

func (t *plainTimer) Set(d time.Duration) { t.timer.Reset(max(d, 0)) }

func (t *plainTimer) Wait() error {
	select {
	case <-t.closed: // first, since both may be ready
		return net.ErrClosed
	default:
	}
	select {
	case <-t.timer.C:
		return nil
	case <-t.closed:
		return net.ErrClosed
	}
}

func (t *plainTimer) Close() error {
	t.once.Do(func() {
		t.timer.Stop()
		close(t.closed)
	})
	return nil
}
