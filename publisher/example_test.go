package publisher_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"crier/publisher"
)

// A publisher on the loopback interface, which only this machine hears.
func Example() {
	ctx := context.Background()
	p, err := publisher.New(publisher.Config{
		Name:  "quotes",
		Group: netip.MustParseAddrPort("239.77.0.8:7708"), // the zero value is publisher.DefaultGroup
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, quote := range []string{"ABC 10.01", "ABC 10.02", "XYZ 7.5"} {
		offset, err := p.Publish(ctx, []byte(quote))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(offset, quote)
	}
	// Close repairs what subscribers missed, and says BYE.
	if err := p.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 ABC 10.01
	// 1 ABC 10.02
	// 2 XYZ 7.5
}

// A publisher that is heard on a network: name the interface, and mark the
// datagrams for the routers that they may pass.
func ExampleNew() {
	p, err := publisher.New(publisher.Config{
		Group:        netip.MustParseAddrPort("239.77.0.9:7709"),
		Interface:    "127.0.0.1", // or "eth0", or an address of it
		TTL:          4,
		DSCP:         46,
		ResendBuffer: 256 << 20,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	fmt.Println("publishing", p.Datagram(), "bytes a datagram")
	// Output: publishing 1472 bytes a datagram
}
