package publisher_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/testnet/rig"
)

// WaitTaken returns once the subscriber that counts has taken all that was accepted before,
// and not sooner; what is published meanwhile doesn't hold it up.
func TestWaitTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, publisher.Config{WaitFor: 1, BatchWait: time.Hour})
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
			t.Fatalf("nothing is taken, and WaitTaken returned %v", err)
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
			t.Fatalf("nothing is taken, and WaitTaken returned %v", err)
		default:
		}
		p.take(count)
		began := time.Now()
		if err := <-taken; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v to say so", took)
		}
		for range p.sub.Messages(t.Context()) {
			break // the last
		}
		if err := p.pub.WaitTaken(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Where nobody counts by the configuration, and after Close, WaitTaken says so.
func TestWaitTakenByNobody(t *testing.T) {
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
