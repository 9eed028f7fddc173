package publisher_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/testnet/rig"
)

// Many goroutines may close at once. After Close, nothing is published any more.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := rig.NewNetwork(rig.All)
		p := n.Publisher(t, publisher.Config{BatchWait: time.Hour})
		if _, err := p.Publish(t.Context(), []byte("a")); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var closers sync.WaitGroup
		for range 5 {
			closers.Go(func() {
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				if p.Sent() != 1 {
					t.Error("Close returned before all was sent")
				}
				if n.Closed.Load() != 2 {
					t.Error("Close returned before the socket and the timer were closed")
				}
			})
		}
		closers.Wait()
		if took := time.Since(start); took < time.Second || took > 1100*time.Millisecond {
			t.Errorf("Close took %v", took)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if _, err := p.Publish(t.Context(), nil); err != publisher.ErrClosed {
			t.Errorf("Publish: %v", err)
		}
		if _, err := p.TryPublish(nil); err != publisher.ErrClosed {
			t.Errorf("TryPublish: %v", err)
		}
		if st := p.Stats(); st.Accepted != 1 || st.Frames != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// Goroutines that wait in Publish and Flush return when the session ends, however it ends.
// The error of Shutdown names the unsent messages.
func TestShutdownWhileOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := rig.NewNetwork(0)
		p := n.Publisher(t, publisher.Config{
			Retention: publisher.Retention{ResendBuffer: small}, FirstOffset: 100,
		})
		next := uint64(100)
		for {
			if _, err := p.TryPublish(make([]byte, 1000)); err != nil {
				break
			}
			next++
		}
		var others sync.WaitGroup
		var refused atomic.Int32
		for range 3 {
			others.Go(func() {
				_, err := p.Publish(t.Context(), make([]byte, 1000))
				if err != publisher.ErrClosed {
					t.Errorf("Publish: %v", err)
				}
				refused.Add(1)
			})
			others.Go(func() {
				if err := p.Flush(t.Context()); err != publisher.ErrClosed {
					t.Errorf("Flush: %v", err)
				}
			})
		}
		var closed error
		others.Go(func() { closed = p.Close() })
		synctest.Wait()
		if refused.Load() != 3 {
			t.Error("goroutines still wait to publish after Close was called")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := p.Shutdown(ctx)
		others.Wait()
		if err == nil || !strings.HasPrefix(err.Error(), "closed before messages 100 to ") {
			t.Errorf("Shutdown: %v", err)
		}
		if closed != err {
			t.Errorf("Close: %v", closed)
		}
		if got := p.Stats().NextOffset; got != next {
			t.Errorf("the next offset is %d, want %d", got, next)
		}
	})
}

// The end of the context cuts repairs short. That isn't an error.
func TestShutdownCutsRepairsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := rig.NewNetwork(rig.All).Publisher(t, publisher.Config{})
		if _, err := p.Publish(t.Context(), []byte("a")); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("Shutdown took %v", took)
		}
	})
}

// Close returns even if the socket never takes anything again.
func TestCloseGivesUpAStuckSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := rig.NewNetwork(0).Publisher(t, publisher.Config{})
		for range 2 {
			if _, err := p.Publish(t.Context(), []byte("a")); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		err := p.Close()
		want := "closed before messages 0 to 1 were sent: no subscriber will receive them"
		if err == nil || err.Error() != want {
			t.Errorf("Close: %v", err)
		}
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("Close took %v", took)
		}
	})
}

// Close waits for a slow socket as long as it takes datagrams at all.
func TestCloseWaitsForASlowSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := rig.NewNetwork(0)
		p := n.Publisher(t, publisher.Config{})
		for range 3 {
			if _, err := p.Publish(t.Context(), make([]byte, 1300)); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan error)
		go func() { done <- p.Close() }()
		for {
			select {
			case err := <-done:
				if err != nil || p.Sent() != 3 {
					t.Errorf("Close: %v; %d messages were sent", err, p.Sent())
				}
				return
			case <-time.After(20 * time.Second):
				n.Give(1)
			}
		}
	})
}
