package subscriber_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"crier/publisher"
	"crier/reliable/frame"
	"crier/reliable/topic"
	"crier/subscriber"
	"crier/testnet/lan"
	"crier/testnet/lan/lantest"
)

// topicOf publishes to a topic, from a host.
func topicOf(n lantest.Net, host int, cfg publisher.Config) *publisher.Publisher {
	n.Helper()
	cfg.Interface, cfg.Link.Network = "eth0", n.Host(host)
	cfg.Retention.ResendBuffer = 1 << 20
	p, err := publisher.New(cfg)
	if err != nil {
		n.Fatal(err)
	}
	return p
}

// TestPattern follows the topics that match: those that are there, and one that appears later,
// from its oldest message; others and one with groups of its own are left.
func TestPattern(t *testing.T) {
	for _, handler := range []bool{false, true} {
		t.Run(fmt.Sprintf("handler %v", handler), func(t *testing.T) {
			lantest.On(t, lan.Config{}, func(n lantest.Net) { testPattern(n, handler) })
		})
	}
}

func testPattern(n lantest.Net, handler bool) {
	first := topicOf(n, 1, publisher.Config{Topic: "quotes.a", Partitions: 4, Groups: 2})
	other := topicOf(n, 1, publisher.Config{Topic: "trades.a"})
	based := topicOf(n, 2, publisher.Config{Topic: "quotes.based", Group: lantest.Group})
	publishers := []*publisher.Publisher{first, other, based}
	say := func(p *publisher.Publisher, text string) {
		if _, err := p.Publish(n.Context(), []byte(text)); err != nil {
			n.Error(err)
		}
	}
	say(first, "a0")
	say(other, "no")
	say(based, "no")
	time.Sleep(2 * time.Second)

	var got []string
	take := func(ev *subscriber.Event) {
		switch ev.Kind {
		case subscriber.Message:
			got = append(got, string(ev.Payload))
		case subscriber.Loss:
			n.Errorf("lost %v: %v", ev.Lost, ev.Cause)
		}
	}
	cfg := subscriber.Config{Topic: "quotes.*", Interface: "eth0", Start: subscriber.Oldest,
		Link: subscriber.Link{Network: n.Host(3)}}
	if handler {
		cfg.Handler = take
	}
	sub, err := subscriber.New(cfg)
	if err != nil {
		n.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if !handler {
			for ev := range sub.Messages(context.Background()) {
				take(&ev)
			}
		}
	}()
	time.Sleep(2 * time.Second)
	say(first, "a1")
	later := topicOf(n, 2, publisher.Config{Topic: "quotes.b"})
	say(later, "b0")
	time.Sleep(4 * time.Second)
	say(later, "b1")
	say(other, "no")
	time.Sleep(time.Second)
	if topics := sub.Topics(); !slices.Equal(topics, []string{"quotes.a", "quotes.b"}) {
		n.Errorf("followed are %q", topics)
	}
	st := sub.Stats()
	if st.Topics.Topics != 2 || st.Topics.Based != 1 || st.Topics.Refused != 0 ||
		st.Directory.Rows != 3 || st.Directory.Publishers != 4 {
		n.Errorf("%+v, %+v", st.Topics, st.Directory)
	}
	for _, p := range append(publishers, later) {
		if err := p.Close(); err != nil {
			n.Error(err)
		}
	}
	if err := sub.Close(); err != nil {
		n.Error(err)
	}
	<-done
	slices.Sort(got)
	if want := []string{"a0", "a1", "b0", "b1"}; !slices.Equal(got, want) {
		n.Errorf("got %q, want %q", got, want)
	}
}

// TestPatternOfPartitions follows some partitions of the topics that match. Nothing but
// announcements is believed of the directory's group.
func TestPatternOfPartitions(t *testing.T) {
	lantest.On(t, lan.Config{}, func(n lantest.Net) {
		p := topicOf(n, 1, publisher.Config{Topic: "quotes.a", Partitions: 4})
		sub, err := subscriber.New(subscriber.Config{Topic: "quotes.*", Interface: "eth0",
			Partitions: []uint32{2}, Link: subscriber.Link{Network: n.Host(3)}})
		if err != nil {
			n.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		var build frame.Builder
		build.Open(make([]byte, 0, 300), 77, 2, 0, 0, 0)
		build.Add([]byte("made up"))
		n.Send(n.Pub(2), topic.Directory, string(build.Seal(false)))
		for partition := range uint32(4) {
			_, err := p.Send(n.Context(), publisher.Message{Payload: fmt.Append(nil, partition),
				To: publisher.ToPartition(partition)})
			if err != nil {
				n.Error(err)
			}
		}
		time.Sleep(time.Second)
		if err := p.Close(); err != nil {
			n.Error(err)
		}
		var got []string
		for ev := range sub.Messages(context.Background()) {
			if ev.Kind == subscriber.Message {
				got = append(got, string(ev.Payload))
			}
			if ev.Kind == subscriber.SessionEnded {
				break
			}
		}
		if !slices.Equal(got, []string{"2"}) || len(sub.Sessions()) != 1 {
			n.Errorf("got %q of %d sessions", got, len(sub.Sessions()))
		}
		if err := sub.Close(); err != nil {
			n.Error(err)
		}
	})
}
