package subscriber_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/netip"

	"crier/publisher"
	"crier/subscriber"
)

// Range over the events until the session ends.
func Example() {
	group := netip.MustParseAddrPort("239.77.0.11:7711")
	s, err := subscriber.New(subscriber.Config{Groups: []netip.AddrPort{group}})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	go func() {
		p, err := publisher.New(publisher.Config{Group: group})
		if err != nil {
			log.Fatal(err)
		}
		for _, quote := range []string{"ABC 10.01", "ABC 10.02", "XYZ 7.5"} {
			if _, err := p.Publish(context.Background(), []byte(quote)); err != nil {
				log.Fatal(err)
			}
		}
		p.Close()
	}()

	for ev := range s.Messages(context.Background()) {
		switch ev.Kind {
		case subscriber.Message:
			fmt.Printf("%d: %s\n", ev.Offset, ev.Payload)
		case subscriber.Loss:
			fmt.Printf("%d to %d are lost: %v\n", ev.Lost.From, ev.Lost.To-1, ev.Cause)
		case subscriber.SessionSilent:
			fmt.Println("the publisher is gone")
		case subscriber.SessionEnded:
			fmt.Println("the publisher said BYE")
			return
		}
	}
	// Output:
	// 0: ABC 10.01
	// 1: ABC 10.02
	// 2: XYZ 7.5
	// the publisher said BYE
}

// A Handler runs on the goroutine that read the datagram: the lowest latency.
func ExampleConfig_handler() {
	group := netip.MustParseAddrPort("239.77.0.3:7703")
	ended := make(chan struct{})
	s, err := subscriber.New(subscriber.Config{
		Groups: []netip.AddrPort{group},
		Handler: func(ev *subscriber.Event) {
			switch ev.Kind {
			case subscriber.Message:
				fmt.Printf("%s\n", ev.Payload)
			case subscriber.SessionEnded:
				close(ended)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	p, err := publisher.New(publisher.Config{Group: group})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := p.Publish(context.Background(), []byte("hello")); err != nil {
		log.Fatal(err)
	}
	p.Close()
	<-ended
	// Output: hello
}

// A topic needs no address, and a subscriber hears the partitions that it wants. Here they are
// all wanted, and events tell which one a message is in.
func ExampleConfig_topic() {
	s, err := subscriber.New(subscriber.Config{
		Topic:      "example.trades",
		Partitions: nil, // all; []uint32{3, 7} for two of them
	})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	p, err := publisher.New(publisher.Config{
		Topic:      "example.trades",
		Partitions: 4,
		NoAnnounce: true, // or else crier ls shows it
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := p.Send(context.Background(), publisher.Message{
		Key:     []byte("EURUSD"),
		Headers: []publisher.Header{{Name: "venue", Value: []byte("XLON")}},
		Payload: []byte("1.0842"),
	}); err != nil {
		log.Fatal(err)
	}
	go p.Close() // repairs missing messages meanwhile

	for ev := range s.Messages(context.Background()) {
		if ev.Kind != subscriber.Message {
			continue
		}
		venue, _ := ev.Header("venue")
		fmt.Printf("partition %d: %s at %s, of %s\n", ev.Partition, ev.Payload, venue, ev.Key())
		break
	}
	// Output: partition 1: 1.0842 at XLON, of EURUSD
}

// quote is the message of Example_json.
type quote struct {
	Symbol string  `json:"symbol"`
	Price  float64 `json:"price"`
}

// A payload is a slice of bytes. Encode structs as you like, here as JSON. The payload is a
// view; Unmarshal copies from it.
func Example_json() {
	group := netip.MustParseAddrPort("239.77.0.4:7704")
	s, err := subscriber.New(subscriber.Config{Groups: []netip.AddrPort{group}})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	p, err := publisher.New(publisher.Config{Group: group, Name: "quotes"})
	if err != nil {
		log.Fatal(err)
	}
	for _, q := range []quote{{"ABC", 10.01}, {"XYZ", 7.5}} {
		payload, err := json.Marshal(q)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := p.Publish(context.Background(), payload); err != nil {
			log.Fatal(err)
		}
	}
	go p.Close() // repairs missing messages meanwhile

	for ev := range s.Messages(context.Background()) {
		switch ev.Kind {
		case subscriber.Message:
			var q quote
			if err := json.Unmarshal(ev.Payload, &q); err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s costs %.2f\n", q.Symbol, q.Price)
		case subscriber.SessionEnded:
			s.Close() // the range ends once all events are taken
		}
	}
	fmt.Println(s.Err() == subscriber.ErrClosed)
	// Output:
	// ABC costs 10.01
	// XYZ costs 7.50
	// true
}
