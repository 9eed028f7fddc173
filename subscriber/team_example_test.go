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

// TEAMS.md shows a part of that example.
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
