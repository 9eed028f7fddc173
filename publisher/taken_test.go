package publisher_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// WaitTaken returns once the counted subscriber has taken all messages accepted before, and
// not sooner. Messages published meanwhile don't delay it.
func TestWaitTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, publisher.Config{Flow: publisher.Flow{WaitFor: 1}, BatchWait: time.Hour})
		defer p.close()
		const count = 20
		for i := range count {
			if _, err := p.pub.Publish(t.Context(), message(i)); err != nil {
				t.Fatal(err)
			}
		}
		short, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := p.pub.WaitTaken(short); err != context.DeadlineExceeded {
			t.Fatalf("WaitTaken returned %v before anything was taken", err)
		}
		taken := make(chan error, 1)
		go func() { taken <- p.pub.WaitTaken(t.Context()) }()
		synctest.Wait()
		if _, err := p.pub.Publish(t.Context(), message(count)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		select {
		case err := <-taken:
			t.Fatalf("WaitTaken returned %v before anything was taken", err)
		default:
		}
		p.take(count)
		began := time.Now()
		if err := <-taken; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("WaitTaken returned after %v", took)
		}
		for range p.sub.Messages(t.Context()) {
			break // the last one
		}
		if err := p.pub.WaitTaken(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// WaitTaken fails if no pace is configured.
func TestWaitTakenWithoutPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := rig.NewNetwork(rig.All)
		p := n.Publisher(t, publisher.Config{})
		if err := p.WaitTaken(t.Context()); !errors.Is(err, publisher.ErrNobodyCounts) {
			t.Errorf("WaitTaken returned %v", err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Close returns as soon as all counted subscribers have taken everything and have heard the
// end. If none counts, it returns after Linger.
func TestCloseReturnsOnceAllIsTaken(t *testing.T) {
	for _, c := range []struct {
		name   string
		pace   publisher.Pace
		linger time.Duration
		// from and to bound the time that Close takes.
		from, to  time.Duration
		takenSoon bool
	}{
		{"all have all", publisher.Slowest(), time.Minute, 0, 100 * time.Millisecond, true},
		{"one takes its time", publisher.Slowest(), time.Minute,
			2 * time.Second, 3 * time.Second, false},
		{"none counts", publisher.Pace{}, 3 * time.Second,
			3 * time.Second, 4 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lan := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(100 * time.Microsecond)}, 1)
				defer lan.Close()
				sub := lan.Subscriber(lan.Host(2), subscriber.Config{})
				p := lan.Publisher(publisher.Config{
					Flow:   publisher.Flow{Pace: c.pace, WaitFor: 1},
					Repair: publisher.Repair{Linger: c.linger},
				})
				for i := range 100 {
					if _, err := p.Publish(t.Context(), message(i)); err != nil {
						t.Fatal(err)
					}
				}
				go func() {
					if !c.takenSoon {
						time.Sleep(2 * time.Second)
					}
					for range sub.Messages(t.Context()) {
					}
				}()
				began := time.Now()
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took < c.from || took > c.to {
					t.Errorf("Close took %v, not %v to %v", took, c.from, c.to)
				}
				if err := sub.Close(); err != nil {
					t.Error(err)
				}
				if st := sub.Sessions()[0]; st.Delivered != 100 || st.End != subscriber.EndBye {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}
