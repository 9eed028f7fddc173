package link_test

import (
	"fmt"
	"log"
	"time"

	"crier/testnet/link"
)

// A link that takes 200 µs and loses the third datagram.
func ExampleLink() {
	script, err := link.ParseScript("drop frame 3")
	if err != nil {
		log.Fatal(err)
	}
	l, err := link.New(link.Config{
		Loss:  script,
		Delay: link.FixedDelay(200 * time.Microsecond),
	}, 1)
	if err != nil {
		log.Fatal(err)
	}
	for i := range int64(4) {
		now := i * int64(time.Millisecond)
		out := l.Send(now, 1472)
		for _, a := range out.Arrivals() {
			fmt.Println("sent at", time.Duration(now), "arrives at", time.Duration(a.At))
		}
		if out.Drop != link.NotDropped {
			fmt.Println("sent at", time.Duration(now), "dropped:", out.Drop)
		}
	}
	// Output:
	// sent at 0s arrives at 200µs
	// sent at 1ms arrives at 1.2ms
	// sent at 2ms dropped: loss
	// sent at 3ms arrives at 3.2ms
}
