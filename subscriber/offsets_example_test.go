package subscriber_test

import (
	"context"
	"fmt"
	"log"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"sync"

	"crier/publisher"
	"crier/subscriber"
)

// ledger stands for a database: an effect and the position behind it change together.
type ledger struct {
	mu    sync.Mutex
	total int
	at    map[subscriber.SessionID]subscriber.Position
}

// Load returns the positions of the last transaction.
func (l *ledger) Load() ([]subscriber.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Values(l.at)), nil
}

// Save keeps the place at which a session begins. Beyond that, transactions keep the positions,
// so that it never goes back.
func (l *ledger) Save(positions []subscriber.Position) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range positions {
		if had, ok := l.at[p.Session]; !ok || p.Offset > had.Offset {
			l.at[p.Session] = p
		}
	}
	return nil
}

// add is one transaction: the effect of a message, and the position behind it.
func (l *ledger) add(amount int, at subscriber.Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total += amount
	l.at[at.Session] = at
}

// Each message has its effect exactly once if the position is kept in the same transaction:
// whenever the process is killed, either both are there or neither.
func ExampleOffsetStore() {
	group := netip.MustParseAddrPort("239.77.0.5:7705")
	books := &ledger{at: make(map[subscriber.SessionID]subscriber.Position)}
	consume := func(until int, heard chan<- struct{}) {
		s, err := subscriber.New(subscriber.Config{
			Groups: []netip.AddrPort{group}, Offsets: books, Start: subscriber.ResumeOldest,
			Acknowledge: subscriber.Acknowledge{ByDone: true}, // by the transactions
		})
		if err != nil {
			log.Fatal(err)
		}
		defer s.Close()
		close(heard)
		for ev := range s.Messages(context.Background()) {
			if ev.Kind != subscriber.Message {
				continue
			}
			amount, err := strconv.Atoi(string(ev.Payload))
			if err != nil {
				log.Fatal(err)
			}
			books.add(amount, ev.Position())
			if amount == until {
				return
			}
		}
	}

	p, err := publisher.New(publisher.Config{Group: group})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	publish := func(from, to int) {
		for amount := from; amount <= to; amount++ {
			if _, err := p.Publish(context.Background(), strconv.AppendInt(nil, int64(amount),
				10)); err != nil {
				log.Fatal(err)
			}
		}
	}
	heard, done := make(chan struct{}), make(chan struct{})
	go func() {
		consume(50, heard)
		close(done)
	}()
	<-heard
	publish(1, 100)
	<-done // the consumer ends amid the stream
	publish(101, 200)
	consume(200, make(chan struct{}))
	fmt.Println(books.total)
	// Output: 20100
}
