package world_test

import (
	"fmt"
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// BenchmarkWorld is one publisher and 100 subscribers on links with jitter and
// 1 % loss: the real machines, real frames, every repair. An operation is one
// message; deliveries are datagrams that reach a process.
func BenchmarkWorld(b *testing.B) {
	for _, checked := range []bool{false, true} {
		b.Run(fmt.Sprintf("subscribers=100/checked=%v", checked), func(b *testing.B) {
			w := world.New(world.Config{Seed: 1})
			var c *checker.Checker
			if checked {
				c = checker.New(w)
			}
			pub := story.AddPublisher(b, w, world.PublisherConfig{})
			for range 100 {
				story.AddSubscriber(b, w, world.SubscriberConfig{
					Down: link.Config{Loss: link.Bernoulli{P: 0.01},
						Delay: link.UniformDelay{Min: 200 * time.Microsecond,
							Max: 400 * time.Microsecond}},
					Up: link.Config{Loss: link.Bernoulli{P: 0.01},
						Delay: link.UniformDelay{Min: 200 * time.Microsecond,
							Max: 400 * time.Microsecond}},
				})
			}
			message := make([]byte, 200)
			if err := w.Run(1000 * story.Milli); err != nil {
				b.Fatal(err)
			}
			before := w.Stats()
			b.ReportAllocs()
			b.ResetTimer()
			story.Every(w, w.Now(), 100*story.Milli/1000, b.N, func(int) {
				if _, err := pub.Publish(message); err != nil {
					b.Fatal(err)
				}
			})
			took := story.Milli / 10 * reliable.Time(b.N)
			if err := w.Run(w.Now() + took + 50*story.Milli); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			st := w.Stats()
			b.ReportMetric(float64(st.Delivered-before.Delivered)/b.Elapsed().Seconds(),
				"deliveries/s")
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
