package subscriber_test

import (
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/rig"
)

// While a Handler is busy, no datagram is read. The publisher doesn't count as silent because
// of that, nor do its answers count as missing.
func TestBusyHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, lossyLink(0.05), 4)
		defer s.Close()
		var other []subscriber.Event
		messages := 0
		sub := s.Subscriber(s.Host(10), subscriber.Config{Handler: func(ev *subscriber.Event) {
			if ev.Kind != subscriber.Message {
				other = append(other, *ev)
				return
			}
			if messages++; messages == 50 {
				time.Sleep(5 * time.Second)
			}
		}})
		p := s.Publisher(publisher.Config{})
		for i := range 700 {
			if _, err := p.Publish(t.Context(), []byte(text(i))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		sub.Close()
		for _, ev := range other {
			if ev.Kind != subscriber.SessionNew && ev.Kind != subscriber.SessionEnded {
				t.Errorf("%v %v %v", ev.Kind, ev.Lost, ev.Cause)
			}
		}
		if messages != 700 {
			t.Errorf("%d messages", messages)
		}
	})
}
