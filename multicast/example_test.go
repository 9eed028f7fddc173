package multicast_test

import (
	"fmt"
	"log"
	"net/netip"

	"crier/multicast"
)

// One socket receives a group on lo, another sends three datagrams to it.
func Example() {
	group := netip.MustParseAddrPort("239.77.7.1:7707")
	receiver, err := multicast.Kernel.Group(multicast.GroupConfig{
		Group: group, Interface: "127.0.0.1",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer receiver.Close()
	sender, err := multicast.Kernel.Socket(multicast.SocketConfig{
		Group: group, Interface: "127.0.0.1",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer sender.Close()

	if _, err := sender.Write(group, []byte("hear ye hear ye hear"), 8); err != nil {
		log.Fatal(err)
	}
	packets := make([]multicast.Packet, 16)
	for n := 0; n < 3; {
		k, err := receiver.Read(packets)
		if err != nil {
			log.Fatal(err)
		}
		for _, p := range packets[:k] {
			fmt.Printf("%q\n", p.Data)
		}
		n += k
	}
	// Output:
	// "hear ye "
	// "hear ye "
	// "hear"
}
