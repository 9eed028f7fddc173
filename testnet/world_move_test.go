package testnet

import (
	"testing"
	"time"

	"crier/reliable"
)

// Addresses of a publisher and a subscriber change, while a tenth is lost: all messages
// come, and the publisher keeps the pace of all.
func TestAddressesChange(t *testing.T) {
	for seed := range uint64(4) {
		w := NewWorld(WorldConfig{Seed: seed})
		c := NewChecker(w)
		var subs []*Subscriber
		for range 3 {
			sub, err := w.AddSubscriber(SubscriberConfig{Down: near(Bernoulli{P: 0.1}), Up: near(Bernoulli{P: 0.1})})
			if err != nil {
				t.Fatal(err)
			}
			subs = append(subs, sub)
		}
		pub, err := w.AddPublisher(PublisherConfig{Sender: reliable.SenderConfig{Pace: reliable.Pace{Kind: reliable.PaceSlowest}}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			w.At(reliable.Time(300*time.Millisecond)+reliable.Time(i)*reliable.Time(10*time.Millisecond), func() { pub.Publish([]byte("x")) })
		}
		w.At(reliable.Time(3*time.Second), pub.Move)
		w.At(reliable.Time(6*time.Second), subs[1].Move)
		w.At(reliable.Time(11*time.Second), pub.Close)
		if err := w.Run(reliable.Time(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := c.Finish(reliable.Time(11 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if st := pub.Stats(); st.Moved != 1 || st.Contested != 0 || st.LeftOut != 0 {
			t.Errorf("seed %d: %+v", seed, st)
		}
		for _, sub := range subs {
			if st := sub.Sessions()[0]; st.Delivered != 1000 || st.Moved != 1 || st.Contested != 0 || st.End != reliable.EndBye {
				t.Errorf("seed %d, %v: %+v", seed, sub, st)
			}
		}
	}
}
