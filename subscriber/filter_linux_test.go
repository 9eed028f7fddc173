package subscriber_test

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/rig"
	"crier/testnet/rig/netns"
)

// switchboard makes a bridge that snoops and asks for members, with two interfaces at it: v0
// with 10.77.0.1, and v1 with 10.77.0.2.
func switchboard(t *testing.T) {
	t.Helper()
	write := func(file, value string) {
		if err := os.WriteFile("/proc/sys/net/"+file, []byte(value), 0); err != nil {
			t.Skip("two ends of a network within one host:", err)
		}
	}
	write("ipv6/conf/all/disable_ipv6", "1") // which would talk of itself
	write("ipv6/conf/default/disable_ipv6", "1")
	// Times are in hundredths of a second: members are known after 0.1 s, not 10 s.
	netns.Prepare(t, "ip link add br0 type bridge mcast_snooping 1 "+
		"mcast_query_response_interval 10 mcast_startup_query_interval 10")
	netns.Prepare(t, "ip link set br0 type bridge mcast_querier 1")
	netns.Run(t, "ip link set br0 up")
	for i := range 2 {
		v := fmt.Sprintf("v%d", i)
		netns.Prepare(t, fmt.Sprintf("ip link add %s type veth peer name p%d", v, i))
		write("ipv4/conf/"+v+"/accept_local", "1")
		write("ipv4/conf/"+v+"/rp_filter", "0")
		netns.Run(t, fmt.Sprintf("ip addr add 10.77.0.%d/24 dev %s", i+1, v))
		netns.Run(t, fmt.Sprintf("ip link set p%d master br0 up", i))
		netns.Run(t, "ip link set "+v+" up")
	}
	// Until the bridge knows of members, it floods.
	w, err := multicast.Kernel.Socket(multicast.SocketConfig{
		Interface: "v1", Group: netip.MustParseAddrPort("239.99.0.1:7700"), TTL: 1, Logger: rig.Quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	probe := []byte("nobody joined this group")
	quiet := 0 // rounds of which nothing came; on a busy machine some comes late
	for until := time.Now().Add(20 * time.Second); quiet < 20; quiet++ {
		before := packets(t, "v0")
		for range 50 {
			_, err := w.Write(netip.MustParseAddrPort("239.99.0.1:7700"), probe, len(probe))
			if err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Millisecond)
		if packets(t, "v0")-before > 10 {
			quiet = -1
		}
		if time.Now().After(until) {
			t.Skip("this kernel's bridges flood groups that nobody joined")
		}
	}
}

// packets returns how many packets an interface has received.
func packets(t *testing.T, name string) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/net/dev")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name+":"); ok {
			var octets, n int
			if _, err := fmt.Sscan(rest, &octets, &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("there is no interface %s", name)
	return 0
}

// Of 16 partitions over 16 groups, a subscriber of one hears no more than that: the switch
// keeps the others from its interface, and the kernel from its socket.
func TestTheSwitchFiltersPartitions(t *testing.T) {
	if !netns.Again(t) {
		return
	}
	switchboard(t)
	const partitions, count, mine = 16, 200, 5
	sub, err := subscriber.New(subscriber.Config{
		Topic: "orders", Partitions: []uint32{mine}, Interface: "v0", Logger: rig.Quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	p, err := publisher.New(publisher.Config{
		Topic: "orders", Partitions: partitions, Interface: "v1", Logger: rig.Quiet,
		// Each datagram is a packet of its own, with one message.
		Link: publisher.Link{NoOffload: true}, Retention: publisher.Retention{ResendBuffer: 64 << 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	next := func(kind subscriber.Kind) subscriber.Event {
		for ev := range sub.Messages(t.Context()) {
			if ev.Kind == kind {
				return ev
			}
		}
		t.Fatalf("no %v came: %v", kind, sub.Err())
		return subscriber.Event{}
	}
	publish := func(n uint32) {
		_, err := p.Send(t.Context(), publisher.Message{
			Payload: make([]byte, 1200), To: publisher.ToPartition(n),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	publish(mine)
	next(subscriber.Message) // the subscriber has joined
	heard := func() int {
		s := sub.Stats().Sockets()
		return int(s.Received + s.Misdirected + s.KernelDrops)
	}
	// reach publishes to all partitions, and returns how many datagrams that took, and how
	// many of them reached the interface and the subscriber's sockets.
	reach := func() (sent, atInterface, atSockets int) {
		atInterface, atSockets, sent = packets(t, "v0"), heard(), int(p.Stats().Socket.Sent)
		for range count {
			for n := range uint32(partitions) {
				publish(n)
			}
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range count {
			next(subscriber.Message)
		}
		sent = int(p.Stats().Socket.Sent) - sent
		if sent < partitions*count*9/10 {
			t.Fatalf("%d datagrams were sent", sent)
		}
		return sent, packets(t, "v0") - atInterface, heard() - atSockets
	}
	sent, atInterface, atSockets := reach()
	t.Logf("of %d datagrams, %d reached the interface, and %d the sockets", sent, atInterface,
		atSockets)
	if most := sent/partitions + sent/100; atInterface > most || atSockets > most {
		t.Errorf("more than a sixteenth and 1 %%, %d, came", most)
	}

	other, err := subscriber.New(subscriber.Config{
		Topic: "orders", Interface: "v0", Logger: rig.Quiet, Handler: func(*subscriber.Event) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for until := time.Now().Add(20 * time.Second); len(other.Sessions()) < partitions; {
		if time.Now().After(until) {
			t.Fatalf("another subscriber heard %d partitions", len(other.Sessions()))
		}
		for n := range uint32(partitions) {
			publish(n)
		}
		next(subscriber.Message)
	}
	sent, atInterface, atSockets = reach()
	t.Logf("with another subscriber of all, of %d datagrams, %d reached the interface, and %d "+
		"the sockets", sent, atInterface, atSockets)
	if most := sent/partitions + sent/100; atInterface < sent/2 || atSockets > most {
		t.Errorf("%d of %d reached the interface, and more than a sixteenth and 1 %%, %d, the "+
			"sockets: %d", atInterface, sent, most, atSockets)
	}
}
