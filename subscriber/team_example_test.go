package subscriber_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"
	"time"

	"crier/publisher"
	"crier/subscriber"
)

var errBusy = errors.New("busy")

// work is what a member does with an order.
func work(order []byte, epoch uint64) error { return nil }

// A member of a team says itself when it has done a message, and lets go what it can't do.
func ExampleConfig_team() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	orders := fmt.Sprintf("orders-%d", os.Getpid())

	s, err := subscriber.New(subscriber.Config{Topic: orders, Team: "risk", Name: "risk1",
		Share: subscriber.ByMessage, ManualDone: true})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	go func() {
		p, err := publisher.New(publisher.Config{Topic: orders,
			Flow: publisher.Flow{Pace: publisher.PaceTeams()}})
		if err != nil {
			log.Fatal(err)
		}
		defer p.Close()
		p.Publish(ctx, []byte("buy 100 ABC"))
		p.Publish(ctx, []byte("sell 7 XYZ"))
	}()

	n := 0
	for ev := range s.Messages(ctx) {
		switch ev.Kind {
		case subscriber.Message:
			if ev.Attempt() > 1 || ev.Orphan() {
				log.Print("it may have been done before")
			}
			err := ev.Working() // its time begins anew: for what takes longer than 30 s
			if err == nil {
				err = work(ev.Payload, ev.Epoch()) // what keeps the effects refuses an older epoch
			}
			switch {
			case errors.Is(err, errBusy):
				err = ev.Release(time.Second) // another member gets it, in a second
			case err == nil:
				err = ev.Done()
			}
			if errors.Is(err, subscriber.ErrRevoked) {
				log.Print("another member may have it by now")
			}
			fmt.Printf("%s\n", ev.Payload)
			if n++; n == 2 {
				return
			}
		case subscriber.NotGranted:
			log.Print("the publisher refuses this member: ", ev.Refused)
		}
	}
	// Output:
	// buy 100 ABC
	// sell 7 XYZ
}

// A member that has partitions for itself gets the messages of each in order, and keeps something
// for each key until the partition is revoked. Each message is done when the range asks for the
// next event.
func ExampleConfig_partitions() {
	s, err := subscriber.New(subscriber.Config{Topic: "orders", Team: "risk", Name: "risk1",
		Weight: 2, Window: 1024, Orphans: subscriber.OrphansReport})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close() // after the range: a step that closes waits for itself

	// A fence, as a database keeps it: each publisher counts its epochs for itself.
	type fence struct {
		publisher string
		partition uint32
	}
	epochs := map[fence]uint64{}
	books := map[fence]map[string]int{}
	for ev := range s.Messages(context.Background()) {
		of := fence{ev.Publisher, ev.Partition}
		switch ev.Kind {
		case subscriber.Assigned:
			books[of] = map[string]int{}
		case subscriber.Message:
			if ev.Epoch() < epochs[of] {
				continue // another member has the partition by now
			}
			epochs[of] = ev.Epoch()
			books[of][string(ev.Key())]++
		case subscriber.Loss:
			log.Printf("orders %d to %d of partition %d: %v", ev.Lost.From, ev.Lost.To-1,
				ev.Partition, ev.Cause)
		case subscriber.Revoked:
			delete(books, of)
			log.Printf("partition %d is another member's: %v", ev.Partition, ev.Revocation)
		}
	}
}

// TEAMS.md shows a part of ExampleConfig_team.
func TestTeamExample(t *testing.T) {
	page, err := os.ReadFile("../docs/TEAMS.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("team_example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "\n```go\n")
	shown, _, ok := strings.Cut(shown, "\n```\n")
	if !ok {
		t.Fatal("TEAMS.md shows no Go")
	}
	rest := string(source)
	for _, line := range strings.Split(shown, "\n") {
		line = strings.TrimSpace(line)
		var found bool
		if _, rest, found = strings.Cut(rest, "\t"+line+"\n"); !found {
			t.Fatalf("the example has no line %q there", line)
		}
	}
}
