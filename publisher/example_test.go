package publisher_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"time"

	"crier/publisher"
	"crier/subscriber"
)

// A publisher on the loopback interface, which only this machine hears.
func Example() {
	ctx := context.Background()
	p, err := publisher.New(publisher.Config{
		Name: "quotes",
		// The zero value is publisher.DefaultGroup.
		Group: netip.MustParseAddrPort("239.77.0.8:7708"),
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
	// Close repairs the messages that subscribers missed, and sends BYE.
	if err := p.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 ABC 10.01
	// 1 ABC 10.02
	// 2 XYZ 7.5
}

// To be heard on a network, a publisher names the interface. It may also let datagrams pass
// routers, and mark them with a class of service.
func ExampleNew() {
	p, err := publisher.New(publisher.Config{
		Group:     netip.MustParseAddrPort("239.77.0.9:7709"),
		Interface: "127.0.0.1", // or another interface's name or address, such as "eth0"
		Link:      publisher.Link{TTL: 4, DSCP: 46},
		Retention: publisher.Retention{ResendBuffer: 256 << 20},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	fmt.Println("publishing", p.Datagram(), "bytes a datagram")
	// Output: publishing 1472 bytes a datagram
}

// A publisher that waits for its subscribers: it begins once there is one, keeps the messages
// that they have yet to take, and waits until all have taken them.
func ExamplePublisher_WaitTaken() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	group := netip.MustParseAddrPort("239.77.0.10:7710")
	s, err := subscriber.New(subscriber.Config{
		Groups:  []netip.AddrPort{group},
		Name:    "desk",
		Handler: func(*subscriber.Event) {},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	p, err := publisher.New(publisher.Config{
		Group: group,
		Flow:  publisher.Flow{Pace: publisher.Named("desk"), WaitFor: 1},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Publish(ctx, []byte("settle the books")); err != nil {
		log.Fatal(err)
	}
	if err := p.WaitTaken(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the desk has it")
	// Output: the desk has it
}

// A topic in partitions: a key selects the partition, and comes with the message. The messages
// of a key have an order.
func ExamplePublisher_Send() {
	p, err := publisher.New(publisher.Config{
		Topic:      "example.orders",
		Partitions: 4,
		NoAnnounce: true, // or else crier ls shows it
	})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	for _, m := range []publisher.Message{
		{Key: []byte("EURUSD"), Payload: []byte("buy 100")},
		{Key: []byte("EURUSD"), Payload: []byte("sell 50"), Headers: []publisher.Header{
			{Name: "desk", Value: []byte("fx")},
		}},
		{To: publisher.ToPartition(3), Payload: []byte("end of day")},
	} {
		at, err := p.Send(context.Background(), m)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: partition %d, offset %d\n", m.Payload, at.Partition, at.Offset)
	}
	// Output:
	// buy 100: partition 1, offset 0
	// sell 50: partition 1, offset 1
	// end of day: partition 3, offset 0
}

// Counters are named and described: here they become metrics as Prometheus reads them.
func ExampleStats_Counters() {
	var st publisher.Stats // of a Publisher: st := p.Stats()
	st.Accepted, st.Members = 7, 2
	for c, n := range st.Counters() {
		if n > 0 {
			fmt.Printf("# HELP crier_%s %s\n# TYPE crier_%[1]s %[3]v\ncrier_%[1]s %[4]d\n",
				c.Name, c.Help, c.Kind, n)
		}
	}
	// Output:
	// # HELP crier_accepted messages accepted, dropped ones included
	// # TYPE crier_accepted counter
	// crier_accepted 7
	// # HELP crier_subscribers_known subscribers known
	// # TYPE crier_subscribers_known gauge
	// crier_subscribers_known 2
}
