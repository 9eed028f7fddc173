package subscriber_test

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/rig"
	"crier/testnet/rig/netns"
)

// veth makes two interfaces that lead to each other: name with the i-th subnet's first address,
// and its peer with the second.
func veth(t *testing.T, name, peer string, i int) {
	t.Helper()
	netns.Prepare(t, "ip link add "+name+" type veth peer name "+peer)
	for n, v := range []string{name, peer} {
		for set, value := range map[string]string{"accept_local": "1", "rp_filter": "0"} {
			file := "/proc/sys/net/ipv4/conf/" + v + "/" + set
			if err := os.WriteFile(file, []byte(value), 0); err != nil {
				t.Skip("two ends of a network within one host:", err)
			}
		}
		netns.Run(t, fmt.Sprintf("ip addr add 10.%d.0.%d/24 dev %s", 80+i, n+1, v))
		netns.Run(t, "ip link set "+v+" up")
	}
}

// Two feeds over two links: one link goes down, is removed, and comes back. No message is lost, and
// none is asked for because of that. How late one may be, TestTwoFeeds knows, in virtual time.
func TestTwoFeedsOverTwoLinks(t *testing.T) {
	if !netns.Again(t) {
		return
	}
	veth(t, "s0", "p0", 0)
	veth(t, "s1", "p1", 1)
	var mu sync.Mutex
	changed := sync.NewCond(&mu)
	next, lost, slowest := 0, 0, time.Duration(0)
	up := true
	sub, err := subscriber.New(subscriber.Config{
		Topic: "orders", Logger: rig.Quiet,
		Feeds: []subscriber.Feed{{Interface: "s0"}, {Interface: "s1"}},
		Handler: func(ev *subscriber.Event) {
			mu.Lock()
			defer mu.Unlock()
			switch ev.Kind {
			case subscriber.Message:
				if string(ev.Payload) != fmt.Sprint(next) {
					t.Errorf("%s came, want %d", ev.Payload, next)
				}
				next++
				slowest = max(slowest, ev.Received.Sub(ev.Sent))
			case subscriber.Loss:
				lost += int(ev.Lost.Len())
			case subscriber.FeedDown, subscriber.FeedUp:
				if ev.Feed != 1 {
					t.Errorf("%v: feed %d", ev.Kind, ev.Feed)
				}
				up = ev.Kind == subscriber.FeedUp
			}
			changed.Broadcast()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	p, err := publisher.New(publisher.Config{
		Topic: "orders", Logger: rig.Quiet,
		Feeds: []multicast.Feed{{Interface: "p0"}, {Interface: "p1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	published := 0
	publish := func() {
		t.Helper()
		if _, err := p.Publish(t.Context(), fmt.Append(nil, published)); err != nil {
			t.Fatal(err)
		}
		published++
		mu.Lock()
		defer mu.Unlock()
		for next+lost < published {
			changed.Wait()
		}
	}
	// until publishes until the second feed is up, or down.
	until := func(want bool) {
		t.Helper()
		for late := time.Now().Add(20 * time.Second); ; {
			publish()
			mu.Lock()
			is := up
			mu.Unlock()
			if is == want {
				break
			}
			if time.Now().After(late) {
				t.Fatalf("the second feed isn't up = %v: %+v", want, sub.Feeds(p.Session()))
			}
		}
	}
	// both publishes until both feeds bring something.
	both := func() {
		t.Helper()
		before := sub.Feeds(p.Session())
		for late := time.Now().Add(20 * time.Second); ; publish() {
			if now := sub.Feeds(p.Session()); len(now) == 2 && (before == nil ||
				now[1].Frames > before[1].Frames && now[0].Frames > before[0].Frames) {
				break
			}
			if time.Now().After(late) {
				t.Fatalf("the feeds: %+v", sub.Feeds(p.Session()))
			}
		}
	}
	publish()
	both()
	netns.Run(t, "ip link set p1 down")
	until(false)
	netns.Run(t, "ip link set p1 up")
	until(true)
	both()
	netns.Run(t, "ip link del p1")
	until(false)
	veth(t, "s1", "p1", 1)
	until(true)
	both()
	mu.Lock()
	defer mu.Unlock()
	// A busy machine may read a heartbeat by one feed long before the message by the other.
	if asked := sub.Sessions()[0].Nacks; lost != 0 || asked > uint64(next)/20 {
		t.Errorf("of %d messages %d were lost, and %d NACKs sent", next, lost, asked)
	}
	t.Logf("%d messages, the slowest took %v; feeds %+v", next, slowest, sub.Feeds(p.Session()))
}
