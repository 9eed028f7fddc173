package cli

import "time"

// Each calls f with the time, each time that d has passed, on a goroutine of its own, until
// stop is called. No call is under way when stop returns.
func Each(d time.Duration, f func(now time.Time)) (stop func()) {
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(d)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				f(now)
			case <-stopping:
				return
			}
		}
	}()
	return func() {
		close(stopping)
		<-stopped
	}
}
