package lan_test

import (
	"fmt"
	"log"
	"net/netip"
	"time"

	"crier/multicast"
	"crier/testnet/lan"
	"crier/testnet/link"
)

// A host of a LAN is a network like the kernel's. In a test this runs under
// testing/synctest, where the delay takes no time.
func ExampleLAN() {
	l, err := lan.New(lan.Config{Link: link.Config{Delay: link.FixedDelay(time.Millisecond)}})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	here, err := l.Host("10.77.0.1")
	if err != nil {
		log.Fatal(err)
	}
	there, err := l.Host("10.77.0.2")
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
