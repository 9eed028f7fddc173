package world_test

import (
	"fmt"
	"log"
	"time"

	"crier/reliable"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/world"
)

// A publisher on a link that loses the third datagram, and crashes. It takes no
// time, and every run is the same.
func ExampleWorld() {
	w := world.New(world.Config{Seed: 7})
	judge := checker.New(w)
	script, err := link.ParseScript("drop frame 3")
	if err != nil {
		log.Fatal(err)
	}
	way := link.FixedDelay(100 * time.Microsecond)
	_, err = w.AddSubscriber(world.SubscriberConfig{
		Down: link.Config{Loss: script, Delay: way},
		Up:   link.Config{Delay: way},
		OnEvent: func(now reliable.Time, ev *reliable.Event) {
			fmt.Print(time.Duration(now), " ", ev.Kind)
			if ev.Kind == reliable.Message {
				fmt.Printf(" %d: %s (recovered: %v)", ev.Offset, ev.Payload, ev.Recovered)
			}
			fmt.Println()
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	pub, err := w.AddPublisher(world.PublisherConfig{})
	if err != nil {
		log.Fatal(err)
	}
	// the third, after SESSION and HEARTBEAT
	w.At(reliable.Time(500*time.Microsecond), func() { pub.Publish([]byte("one")) })
	w.At(reliable.Time(600*time.Microsecond), func() { pub.Publish([]byte("two")) })
	w.At(reliable.Time(time.Second), pub.Crash)
	if err := w.Run(reliable.Time(8 * time.Second)); err != nil {
		log.Fatal(err)
	}
	if err := judge.Finish(reliable.Time(time.Second)); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 100µs new
	// 900µs message 0: one (recovered: true)
	// 900µs message 1: two (recovered: false)
	// 2.9127s silent
}
