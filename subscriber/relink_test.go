package subscriber_test

import (
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/rig"
)

// While the subscriber's interface is down, silence isn't held against a publisher, and
// messages sent meanwhile are requested afterwards. Once the interface is up, silence counts.
func TestOwnLinkDownIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, nearLink, 9)
		defer s.Close()
		host := s.Host(10)
		network := &rig.Relinked{Network: host}
		sub, err := subscriber.New(subscriber.Config{
			Link: subscriber.Link{Network: network}, Interface: "eth0", Logger: rig.Quiet,
		})
		if err != nil {
			t.Fatal(err)
		}
		kinds, got := []subscriber.Kind{}, 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for ev := range sub.Messages(t.Context()) {
				if ev.Kind == subscriber.Message {
					got++
				} else {
					kinds = append(kinds, ev.Kind)
				}
			}
		}()
		want := func(messages int, events ...subscriber.Kind) {
			t.Helper()
			synctest.Wait()
			if got != messages || len(kinds) != len(events) ||
				kinds[len(kinds)-1] != events[len(events)-1] {
				t.Errorf("%d messages and %v, want %d and %v", got, kinds, messages, events)
			}
		}
		pub := s.Publisher(publisher.Config{})
		publish(t, pub, 0, 10)
		time.Sleep(100 * time.Millisecond)
		s.Way(host).SetDown(true) // datagrams are lost
		publish(t, pub, 10, 20)
		network.Changed(multicast.Link{})
		time.Sleep(10 * time.Second)
		want(10, subscriber.SessionNew)

		s.Way(host).SetDown(false)
		network.Changed(multicast.Link{Up: true})
		publish(t, pub, 20, 30)
		time.Sleep(time.Second)
		want(30, subscriber.SessionNew)
		s.Way(host).SetDown(true) // now the interface is up
		time.Sleep(10 * time.Second)
		want(30, subscriber.SessionNew, subscriber.SessionInquest, subscriber.SessionSilent)
		closeAll(t, sub)
		<-done
		closeAll(t, pub)
	})
}
