package testnet_test

import (
	"fmt"
	"log"
	"net/netip"
	"time"

	"crier/multicast"
	"crier/testnet"
)

// A link that takes 200 µs and loses the third datagram.
func ExampleLink() {
	script, err := testnet.ParseScript("drop frame 3")
	if err != nil {
		log.Fatal(err)
	}
	link, err := testnet.NewLink(testnet.LinkConfig{
		Loss:  script,
		Delay: testnet.FixedDelay(200 * time.Microsecond),
	}, 1)
	if err != nil {
		log.Fatal(err)
	}
	for i := range int64(4) {
		now := i * int64(time.Millisecond)
		out := link.Send(now, 1472)
		for _, a := range out.Arrivals() {
			fmt.Println("sent at", time.Duration(now), "arrives at", time.Duration(a.At))
		}
		if out.Drop != testnet.NotDropped {
			fmt.Println("sent at", time.Duration(now), "dropped:", out.Drop)
		}
	}
	// Output:
	// sent at 0s arrives at 200µs
	// sent at 1ms arrives at 1.2ms
	// sent at 2ms dropped: loss
	// sent at 3ms arrives at 3.2ms
}

// A host of a LAN is a network like the kernel's. In a test this runs under
// testing/synctest, where the delay takes no time.
func ExampleLAN() {
	lan, err := testnet.NewLAN(testnet.LANConfig{Link: testnet.LinkConfig{Delay: testnet.FixedDelay(time.Millisecond)}})
	if err != nil {
		log.Fatal(err)
	}
	defer lan.Close()
	here, err := lan.Host("10.77.0.1")
	if err != nil {
		log.Fatal(err)
	}
	there, err := lan.Host("10.77.0.2")
	if err != nil {
		log.Fatal(err)
	}
	group := netip.MustParseAddrPort("239.77.0.1:7700")
	sub, err := there.Group(multicast.GroupConfig{Group: group, Interface: "eth0"})
	if err != nil {
		log.Fatal(err)
	}
	pub, err := here.Socket(multicast.SocketConfig{Group: group, Interface: "eth0", TTL: 1})
	if err != nil {
		log.Fatal(err)
	}

	if _, err := pub.Write(group, []byte("hear ye"), 7); err != nil {
		log.Fatal(err)
	}
	packets := make([]multicast.Packet, 1)
	if _, err := sub.Read(packets); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, from %v\n", packets[0].Data, packets[0].From.Addr())
	// Output: hear ye, from 10.77.0.1
}
