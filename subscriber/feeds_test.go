package subscriber_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/lan"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// twoLANs are two networks with a publisher's machine and a subscriber's.
type twoLANs struct {
	lans     [2]*lan.LAN
	pub, sub []*lan.Host // by network
}

func newTwoLANs(t *testing.T, links [2]link.Config) *twoLANs {
	t.Helper()
	two := &twoLANs{}
	for i, subnet := range []string{"10.77.0.0/24", "10.88.0.0/24"} {
		l, err := lan.New(lan.Config{
			Seed: uint64(i + 1), Link: links[i], Subnet: netip.MustParsePrefix(subnet),
		})
		if err != nil {
			t.Fatal(err)
		}
		two.lans[i] = l
		for _, hosts := range []*[]*lan.Host{&two.pub, &two.sub} {
			h, err := l.Host(fmt.Sprintf("10.%d.0.%d", 77+11*i, 1+len(two.pub)*2+len(two.sub)))
			if err != nil {
				t.Fatal(err)
			}
			*hosts = append(*hosts, h)
		}
	}
	return two
}

// cut has a network lose everything between the two machines, or nothing.
func (two *twoLANs) cut(t *testing.T, i int, lose bool) {
	t.Helper()
	var loss link.Loss
	if lose {
		loss = link.Bernoulli{P: 1}
	}
	for _, way := range []*lan.Path{
		two.lans[i].Link(two.pub[i], two.sub[i]), two.lans[i].Link(two.sub[i], two.pub[i]),
	} {
		if err := way.SetLoss(loss); err != nil {
			t.Fatal(err)
		}
	}
}

func (two *twoLANs) close() {
	for _, l := range two.lans {
		l.Close()
	}
}

var bothFeeds = []multicast.Feed{{Interface: "eth0"}, {Interface: "eth1"}}

// Two feeds of which each loses 5 % fill each other: little is asked for. One of them dies, which
// is told and costs nothing; and comes back.
func TestTwoFeeds(t *testing.T) {
	for _, feeds := range [][]multicast.Feed{
		bothFeeds,
		{{Group: netip.MustParseAddrPort("239.1.0.1:7700"), Interface: "eth0"},
			{Group: netip.MustParseAddrPort("239.2.0.1:7701"), Interface: "eth1"}},
	} {
		t.Run(multicast.Feeds(feeds).String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testTwoFeeds(t, feeds) })
		})
	}
}

func testTwoFeeds(t *testing.T, feeds []multicast.Feed) {
	lossy := link.Config{
		Loss:  link.Bernoulli{P: 0.05},
		Delay: link.UniformDelay{Min: 50 * time.Microsecond, Max: 150 * time.Microsecond},
	}
	two := newTwoLANs(t, [2]link.Config{lossy, lossy})
	defer two.close()
	const partitions, count = 4, 500
	sub, err := subscriber.New(subscriber.Config{
		Topic: "orders", Feeds: feeds, Logger: rig.Quiet,
		Link: subscriber.Link{Network: lan.NewMachine(two.sub...)},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := publisher.New(publisher.Config{
		Topic: "orders", Partitions: partitions, Feeds: feeds, Logger: rig.Quiet,
		Link:      publisher.Link{Network: lan.NewMachine(two.pub...)},
		Retention: publisher.Retention{ResendBuffer: 8 << 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []subscriber.Kind
	counts := make([]int, partitions)
	slowest := time.Duration(0)
	done := make(chan error)
	go func() {
		ended := 0
		for ev := range sub.Messages(context.Background()) {
			switch ev.Kind {
			case subscriber.Message:
				counts[ev.Partition]++
				slowest = max(slowest, ev.Received.Sub(ev.Sent))
				continue
			case subscriber.Loss:
				done <- fmt.Errorf("partition %d lost %v: %v", ev.Partition, ev.Lost, ev.Cause)
				return
			case subscriber.FeedDown, subscriber.FeedUp:
				if ev.Feed != 1 {
					done <- fmt.Errorf("%v: feed %d", ev.Kind, ev.Feed)
					return
				}
				kinds = append(kinds, ev.Kind)
			case subscriber.SessionEnded:
				if ended++; ended == partitions {
					done <- nil
					return
				}
			}
		}
		done <- errors.New("the subscriber was closed")
	}()
	publish := func() {
		publishParts(t, p, partitions, count/5, func() { time.Sleep(5 * time.Millisecond) })
	}
	publish()
	publish()
	stats := sub.Feeds(p.Session())
	if len(stats) != 2 || stats[0].First == 0 || stats[1].First == 0 || stats[0].Lost == 0 ||
		stats[1].Lost == 0 {
		t.Errorf("the feeds: %+v", stats)
	}
	if asked := p.Stats().Repairs; asked > 2*count*partitions/5/100 {
		t.Errorf("%d of %d messages were repaired", asked, 2*count*partitions/5)
	}
	two.cut(t, 1, true)
	publish()
	two.cut(t, 1, false)
	publish()
	publish()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for n, got := range counts {
		if got != count {
			t.Errorf("%d messages of partition %d, want %d", got, n, count)
		}
	}
	if !slices.Equal(kinds, []subscriber.Kind{subscriber.FeedDown, subscriber.FeedUp}) {
		t.Errorf("feed 1 went through %v", kinds)
	}
	if slowest > 100*time.Millisecond {
		t.Errorf("a message took %v", slowest)
	}
	sub.Close()
}

// Feeds that can't be used are refused in a sentence.
func TestFeedsRefused(t *testing.T) {
	group := netip.MustParseAddrPort("239.1.0.1:7700")
	for _, c := range []struct {
		cfg  subscriber.Config
		want string
	}{
		{subscriber.Config{Feeds: bothFeeds[:1]}, "feeds @eth0 is one feed alone; give 2 to 4"},
		{subscriber.Config{Feeds: bothFeeds, Interface: "eth0"},
			"Interface: the interface eth0 stands beside Feeds, which have their own: leave it out"},
		{subscriber.Config{Feeds: bothFeeds, Source: netip.MustParseAddr("10.0.0.1")},
			"Source: the source 10.0.0.1 is one address, and a publisher has one on each feed"},
		{subscriber.Config{Feeds: []subscriber.Feed{{Group: group, Interface: "a"},
			{Group: group, Interface: "a"}}}, "feeds 239.1.0.1:7700@a,239.1.0.1:7700@a have " +
			"239.1.0.1:7700@a twice; two feeds need two interfaces, or two groups"},
		{subscriber.Config{Groups: groups("239.2.0.1:1"),
			Feeds: []subscriber.Feed{{Group: group, Interface: "a"}, {Group: group, Interface: "b"}}},
			"Groups: the group 239.2.0.1:1 stands beside Feeds with groups of their own"},
		{subscriber.Config{Topic: "a*b", Groups: groups("239.2.0.1:1")},
			"Groups: the topics that match a*b have groups that follow from their names"},
		{subscriber.Config{Topic: "a", Groups: groups("239.2.0.1:1", "239.2.0.2:1")},
			"Groups: the topic a has one home group, and 2 are given"},
		{subscriber.Config{Topic: "a\tb"}, "Topic: topic \"a\\tb\" has a control character"},
		{subscriber.Config{Topic: strings.Repeat("x", 256)}, "Topic: topic "},
		{subscriber.Config{Partitions: []uint32{3, 256}},
			"Partitions: there is no partition 256: they are numbered from 0"},
		{subscriber.Config{Partitions: []uint32{3, 3}},
			"Partitions: the partition 3 is given twice; give it once"},
		{subscriber.Config{Partitions: []uint32{}}, "Partitions: none is wanted"},
	} {
		n := rig.NewNetwork(rig.All)
		c.cfg.Link.Network, c.cfg.Logger = n, rig.Quiet
		_, err := subscriber.New(c.cfg)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("New(%+v):\n got %v\nwant %s", c.cfg, err, c.want)
		}
		if opened := n.Opened.Load(); opened > 0 {
			t.Errorf("%v: %d sockets were opened", err, opened)
		}
	}
}
