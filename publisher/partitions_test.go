package publisher_test

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/reliable/topic"
	"crier/subscriber"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// taken are the messages that a subscriber takes, by partition.
type taken map[uint32][]string

// take takes messages until n have come.
func take(t *testing.T, sub *subscriber.Subscriber, n int) taken {
	got := taken{}
	for ev := range sub.Messages(t.Context()) {
		switch ev.Kind {
		case subscriber.Message:
			if uint64(len(got[ev.Partition])) != ev.Offset {
				t.Errorf("partition %d: offset %d after %d messages", ev.Partition, ev.Offset,
					len(got[ev.Partition]))
			}
			text := fmt.Sprintf("%s=%s", ev.Key(), ev.Payload)
			for name, value := range ev.Headers() {
				text += fmt.Sprintf(" %s:%s", name, value)
			}
			got[ev.Partition] = append(got[ev.Partition], text)
			n--
		case subscriber.Loss:
			t.Errorf("partition %d lost %v: %v", ev.Partition, ev.Lost, ev.Cause)
			n -= int(ev.Lost.Len())
		}
		if n <= 0 {
			break
		}
	}
	return got
}

// compare compares what was taken with what was sent.
func (got taken) compare(t *testing.T, sent taken) {
	for _, partition := range slices.Sorted(maps.Keys(sent)) {
		if !slices.Equal(got[partition], sent[partition]) {
			t.Errorf("partition %d: %d messages came, or others: %d were sent", partition,
				len(got[partition]), len(sent[partition]))
		}
	}
}

// Goroutines that send with keys at the same time have each key's messages in one partition, in
// their order, with keys and headers, at a lossy subscriber that finds the groups by the topic's
// name.
func TestSendToPartitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := rig.NewLAN(t, link.Config{
			Delay: link.FixedDelay(100 * time.Microsecond), Loss: link.Bernoulli{P: 0.02},
		}, 5)
		defer lan.Close()
		sub := lan.Subscriber(lan.Host(2), subscriber.Config{Topic: "orders"})
		p := lan.Publisher(publisher.Config{Topic: "orders", Partitions: 5, Groups: 3,
			Retention: publisher.Retention{ResendBuffer: 8 << 20},
			Flow:      publisher.Flow{Pace: publisher.Slowest(), WaitFor: 1}})
		const goroutines, each = 6, 100
		sent := taken{}
		turn := make(chan struct{}, 1) // a Mutex that lets time pass
		var all sync.WaitGroup
		for g := range goroutines {
			all.Go(func() {
				key := []byte(fmt.Sprint("key", g))
				for i := range each {
					payload := fmt.Appendf(nil, "%d/%d %s", g, i, make([]byte, i*g))
					turn <- struct{}{}
					at, err := p.Send(t.Context(), publisher.Message{Key: key, Payload: payload,
						Headers: []publisher.Header{{Name: "n", Value: fmt.Append(nil, i)}}})
					if err != nil || at.Partition != topic.Partition(key, 5) ||
						at.Offset != uint64(len(sent[at.Partition])) {
						t.Errorf("%+v, %v", at, err)
					}
					sent[at.Partition] = append(sent[at.Partition],
						fmt.Sprintf("%s=%s n:%d", key, payload, i))
					<-turn
				}
			})
		}
		all.Wait()
		take(t, sub, goroutines*each).compare(t, sent)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := p.WaitTaken(ctx); err != nil {
			t.Errorf("%v: %+v", err, p.Subscribers())
		}
		if st := p.Stats(); st.Accepted != goroutines*each || st.Members != 1 || st.Counted != 1 {
			t.Errorf("%+v", st)
		}
		rows := p.Subscribers()
		if len(rows) != 1 || len(rows[0].Partitions) != 5 {
			t.Errorf("the subscribers are %+v", rows)
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A partition that is full for a subscriber of its own holds up who sends to it, and nobody else;
// messages without a key take the others.
func TestAFullPartitionHoldsUpItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(100 * time.Microsecond)}, 5)
		defer lan.Close()
		sub := lan.Subscriber(lan.Host(2), subscriber.Config{Topic: "t", Partitions: []uint32{1}})
		p := lan.Publisher(publisher.Config{Topic: "t", Partitions: 3,
			Retention: publisher.Retention{ResendBuffer: 3 * 200 << 10},
			Flow: publisher.Flow{Pace: publisher.Slowest(), WaitFor: 1,
				StallTimeout: time.Hour}})
		payload := make([]byte, 1000)
		for range 2000 { // the subscriber reads none
			if _, err := p.Publish(t.Context(), payload); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait() // until the loop has written what made others full for a moment
		list := p.Partitions()
		if !list[1].Full || list[0].Full || list[2].Full || list[1].Accepted > 250 ||
			list[1].Members != 1 || list[0].Members != 0 {
			t.Fatalf("%+v", list)
		}
		blocked := make(chan error, 1)
		go func() {
			_, err := p.Send(t.Context(),
				publisher.Message{Payload: payload, To: publisher.ToPartition(1)})
			blocked <- err
		}()
		synctest.Wait()
		for i := range 1000 {
			to := publisher.ToPartition(uint32(i%2) * 2)
			if _, err := p.Send(t.Context(), publisher.Message{Payload: payload, To: to}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.TrySend(publisher.Message{Payload: payload,
			To: publisher.ToPartition(1)}); err != publisher.ErrFull {
			t.Errorf("TrySend to the full partition returned %v", err)
		}
		if len(blocked) > 0 {
			t.Errorf("Send to the full partition returned %v", <-blocked)
		}
		if err := sub.Close(); err != nil { // which makes room
			t.Error(err)
		}
		if err := <-blocked; err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

// The same frames go out on two feeds, and a subscriber of both, or of the second, has all of
// them.
func TestSendOnFeeds(t *testing.T) {
	feeds := []publisher.Feed{
		{Group: netip.MustParseAddrPort("239.77.41.0:17933"), Interface: "lo"},
		{Group: netip.MustParseAddrPort("239.77.42.0:17933"), Interface: "lo"},
	}
	var subs []*subscriber.Subscriber
	for _, cfg := range []subscriber.Config{
		{Feeds: feeds}, {Groups: []netip.AddrPort{feeds[1].Group}},
	} {
		sub, err := subscriber.New(cfg)
		if err != nil {
			t.Skip(err)
		}
		defer sub.Close()
		subs = append(subs, sub)
	}
	p, err := publisher.New(publisher.Config{Feeds: feeds,
		Flow: publisher.Flow{Pace: publisher.Slowest(), WaitFor: 2}})
	if err != nil {
		t.Fatal(err)
	}
	sent := taken{}
	for i := range 500 {
		at, err := p.Send(t.Context(), publisher.Message{Payload: fmt.Append(nil, i)})
		if err != nil {
			t.Fatal(err)
		}
		sent[at.Partition] = append(sent[at.Partition], fmt.Sprintf("=%d", i))
	}
	for _, sub := range subs {
		take(t, sub, 500).compare(t, sent)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := p.WaitTaken(ctx); err != nil {
		t.Error(err)
	}
	list := p.Feeds()
	if len(list) != 2 || list[0].Sent == 0 || list[1].Sent == 0 {
		t.Errorf("the feeds sent %+v", list)
	}
	if st := p.Stats(); st.Members != 2 || st.Foreign != 0 {
		t.Errorf("%+v", st)
	}
	abandon(t, p)
}

// Mistakes in feeds are told with a sentence.
func TestFeedErrors(t *testing.T) {
	group := netip.MustParseAddrPort("239.77.41.0:17934")
	lo := publisher.Feed{Interface: "lo"}
	for _, cfg := range []publisher.Config{
		{Feeds: []publisher.Feed{lo}},
		{Feeds: []publisher.Feed{lo, lo}},
		{Feeds: []publisher.Feed{lo, {Interface: "lo", Group: group}}},
		{Interface: "lo", Feeds: []publisher.Feed{
			{Group: group, Interface: "lo"}, {Group: group, Interface: "eth0"},
		}},
		{Group: group, Feeds: []publisher.Feed{
			{Group: publisher.DefaultGroup, Interface: "lo"}, {Group: group, Interface: "lo"},
		}},
		{Partitions: 4, Feeds: []publisher.Feed{
			{Group: netip.MustParseAddrPort("239.77.41.4:17934"), Interface: "lo"},
			{Group: group, Interface: "lo"},
		}},
	} {
		p, err := publisher.New(cfg)
		if err == nil {
			t.Errorf("%+v is accepted", cfg.Feeds)
			_ = p.Close()
			continue
		}
		t.Log(err)
	}
	p, err := publisher.New(publisher.Config{Partitions: 4, Feeds: []publisher.Feed{
		{Group: netip.MustParseAddrPort("239.77.41.5:17934"), Interface: "lo"},
		{Group: group, Interface: "lo"},
	}})
	if err != nil {
		t.Fatalf("feeds that don't overlap: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
