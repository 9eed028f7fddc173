package testnet

import (
	"fmt"
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/link"
)

// BenchmarkWorld is one publisher and 100 subscribers on links with jitter and
// 1 % loss: the real machines, real frames, every repair. An operation is one
// message; deliveries are datagrams that reach a process.
func BenchmarkWorld(b *testing.B) {
	for _, checked := range []bool{false, true} {
		b.Run(fmt.Sprintf("subscribers=100/checked=%v", checked), func(b *testing.B) {
			w := NewWorld(WorldConfig{Seed: 1})
			var c *Checker
			if checked {
				c = NewChecker(w)
			}
			pub := addPublisher(b, w, PublisherConfig{})
			for range 100 {
				addSubscriber(b, w, SubscriberConfig{
					Down: link.Config{Loss: link.Bernoulli{P: 0.01}, Delay: link.UniformDelay{Min: 200 * time.Microsecond, Max: 400 * time.Microsecond}},
					Up:   link.Config{Loss: link.Bernoulli{P: 0.01}, Delay: link.UniformDelay{Min: 200 * time.Microsecond, Max: 400 * time.Microsecond}},
				})
			}
			message := make([]byte, 200)
			if err := w.Run(1000 * milli); err != nil {
				b.Fatal(err)
			}
			before := w.Stats()
			b.ReportAllocs()
			b.ResetTimer()
			every(w, w.Now(), 100*milli/1000, b.N, func(int) {
				if _, err := pub.Publish(message); err != nil {
					b.Fatal(err)
				}
			})
			if err := w.Run(w.Now() + 100*milli/1000*reliable.Time(b.N) + 50*milli); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			st := w.Stats()
			b.ReportMetric(float64(st.Delivered-before.Delivered)/b.Elapsed().Seconds(), "deliveries/s")
			b.ReportMetric(float64(st.Events-before.Events)/b.Elapsed().Seconds(), "events/s")
			if checked && c.Err() != nil {
				b.Fatal(c.Err())
			}
			var lost uint64
			for _, s := range w.Subscribers() {
				lost += s.Sessions()[0].Lost
			}
			if lost > 0 {
				b.Fatalf("%d messages were lost", lost)
			}
		})
	}
}
