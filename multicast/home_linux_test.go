//go:build !crier_plain

package multicast

import (
	"net/netip"
	"testing"

	"crier/testnet/rig/netns"
)

// inProcess runs the test again in a process of its own, in a network namespace like
// that of inNamespace, and reports true there: a socket that follows its address is
// made by another goroutine than the test's.
func inProcess(t *testing.T) bool {
	t.Helper()
	again := netns.Again(t)
	if again {
		makeVeth(t)
	}
	return again
}

// watched opens a socket on v1, and returns the channel of its Links.
func watched(t *testing.T, cfg SocketConfig) (Conn, chan Link) {
	t.Helper()
	links := make(chan Link, 100)
	cfg.Interface, cfg.TTL = "v1", 1
	cfg.Changed = func(l Link) { links <- l }
	return openTestSocket(t, cfg), links
}

func wantLink(t *testing.T, links chan Link, want Link) {
	t.Helper()
	if got := <-links; got != want {
		t.Errorf("the link is %+v, want %+v", got, want)
	}
}

func TestSocketFollowsItsAddress(t *testing.T) {
	if !inProcess(t) {
		return
	}
	r := openTestGroup(t, GroupConfig{Group: vethGroup, Interface: "v0"})
	w, links := watched(t, SocketConfig{Group: vethGroup})
	old := w.LocalAddr()
	read := make(chan string)
	go func() { // which sleeps while the address changes
		for {
			var ps [1]Packet
			if _, err := w.Read(ps[:]); err != nil {
				close(read)
				return
			}
			read <- string(ps[0].Data)
		}
	}()

	netns.Run(t, "ip addr flush dev v1")
	wantLink(t, links, Link{false, 1500, old})
	if n, err := w.Write(vethGroup, segments(3, 100, 100), 100); n != 300 || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	if s := w.Stats(); s.SendErrors != 3 || s.Sent != 0 {
		t.Errorf("without an address: %+v", s)
	}

	netns.Run(t, "ip addr add 10.77.0.9/24 dev v1")
	moved := netip.AddrPortFrom(netip.MustParseAddr("10.77.0.9"), old.Port())
	wantLink(t, links, Link{true, 1500, moved})
	if got := w.LocalAddr(); got != moved {
		t.Errorf("the socket is at %v, want %v", got, moved)
	}
	send(t, w, vethGroup, "from the new address")
	if p := received(t, r, 1)[0]; p.From != moved || string(p.Data) != "from the new address" {
		t.Errorf("%q from %v, want it from %v", p.Data, p.From, moved)
	}
	answer := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v0"})
	send(t, answer, moved, "to the new address")
	if got := <-read; got != "to the new address" {
		t.Errorf("read %q", got)
	}

	// An address that goes and comes back is the same; a further one moves no socket.
	netns.Run(t, "ip addr del 10.77.0.9/24 dev v1")
	wantLink(t, links, Link{false, 1500, moved})
	netns.Run(t, "ip addr add 10.77.0.9/24 dev v1")
	wantLink(t, links, Link{true, 1500, moved})
	send(t, answer, moved, "here again")
	if got := <-read; got != "here again" {
		t.Errorf("read %q", got)
	}
	netns.Run(t, "ip addr add 10.78.0.9/24 dev v1")
	netns.Run(t, "ip addr del 10.77.0.9/24 dev v1")
	moved = netip.AddrPortFrom(netip.MustParseAddr("10.78.0.9"), old.Port())
	wantLink(t, links, Link{true, 1500, moved})

	netns.Run(t, "ip link set v1 mtu 1200")
	wantLink(t, links, Link{true, 1200, moved})
	netns.Run(t, "ip link set v0 down") // no link at v1, either
	wantLink(t, links, Link{false, 1200, moved})

	w.Close()
	if _, open := <-read; open {
		t.Error("Close doesn't end Read")
	}
}

// The port stays if possible. A socket waits for a port that was asked for, and gives up
// any other.
func TestSocketMovesToAPortThatIsTaken(t *testing.T) {
	if !inProcess(t) {
		return
	}
	netns.Run(t, "ip addr add 10.77.0.9/24 dev v0") // any interface will do to take it
	log, logger := newLogs()
	any, anyLinks := watched(t, SocketConfig{Group: vethGroup})
	fixed, fixedLinks := watched(t, SocketConfig{Group: vethGroup, Port: 7777, Logger: logger})
	at := netip.MustParseAddr("10.77.0.9")
	var taken []Conn
	for _, port := range []uint16{any.LocalAddr().Port(), 7777} {
		cfg := SocketConfig{Group: vethGroup, Interface: "10.77.0.9", Port: port}
		taken = append(taken, openTestSocket(t, cfg))
	}
	netns.Run(t, "ip addr flush dev v1")
	netns.Run(t, "ip addr add 10.77.0.9/24 dev v1")
	<-anyLinks // gone
	l := <-anyLinks
	port := l.Local.Port()
	if !l.Up || l.Local.Addr() != at || port == taken[0].LocalAddr().Port() || port == 0 {
		t.Errorf("the link is %+v", l)
	}
	<-fixedLinks
	log.wait("cannot be used; trying again", 1)
	if got := fixed.LocalAddr(); got.Port() != 7777 || got.Addr() == at {
		t.Errorf("it is at %v", got)
	}
	taken[1].Close()
	wantLink(t, fixedLinks, Link{true, 1500, netip.AddrPortFrom(at, 7777)})
}

// IPv6 takes addresses away with the link. For one that comes back, duplicate address
// detection runs first: while no host could answer, nothing is sent.
func TestTentativeAddress(t *testing.T) {
	if !inProcess(t) {
		return
	}
	for _, set := range []string{"conf/v1/router_solicitation_delay", "conf/v1/dad_transmits"} {
		netns.Prepare(t, "sysctl -qw net/ipv6/"+set+"=1")
	}
	r := openTestGroup(t, GroupConfig{Group: vethGroup6, Interface: "v0"})
	w, links := watched(t, SocketConfig{Group: vethGroup6})
	old := w.LocalAddr()
	netns.Run(t, "ip link set v1 down")
	for l := range links {
		if !l.Up {
			break
		}
	}
	netns.Run(t, "ip link set v1 up")
	netns.Run(t, "ip addr add fe80::22/64 dev v1 nodad") // which is not taken in its place
	netns.Run(t, "ip addr add fd77::2/64 dev v1")
	before := w.Stats().SendErrors
	send(t, w, vethGroup6, "unheard")
	if n := w.Stats().SendErrors - before; n != 1 {
		t.Errorf("%d datagrams were refused, want 1", n)
	}
	wantLink(t, links, Link{true, 1500, old})
	send(t, w, vethGroup6, "heard")
	wantReceived(t, r, "heard")
}

// A link-local address is one of an interface that may be made again, with another
// index.
func TestLinkLocalAddressOfAnInterfaceThatIsMadeAgain(t *testing.T) {
	if !inProcess(t) {
		return
	}
	group := netip.MustParseAddrPort("[ff02::77:1]:7700")
	w, links := watched(t, SocketConfig{Group: group})
	old := w.LocalAddr()
	netns.Run(t, "ip link del v0")
	for l := range links {
		if !l.Up {
			break
		}
	}
	netns.Prepare(t, "ip link add o0 type veth peer name o1") // which takes indexes
	makeVeth(t)
	for l := range links {
		if l.Up {
			break
		}
	}
	if got := w.LocalAddr(); got != old {
		t.Errorf("it is at %v, want %v", got, old)
	}
	r := openTestGroup(t, GroupConfig{Group: group, Interface: "v0"})
	send(t, w, group, "heard")
	wantReceived(t, r, "heard")
	answer := openTestSocket(t, SocketConfig{Group: group, Interface: "v0"})
	send(t, answer, netip.AddrPortFrom(old.Addr().WithZone("v0"), old.Port()), "answered")
	wantReceived(t, w, "answered")
}

// The call that tells of no link yet may need what Socket returns.
func TestNoLinkYet(t *testing.T) {
	if !inProcess(t) {
		return
	}
	netns.Run(t, "ip link set v0 down") // no link at v1, either
	opened, links := make(chan struct{}), make(chan Link, 10)
	w := openTestSocket(t, SocketConfig{
		Group: vethGroup, Interface: "v1", TTL: 1,
		Changed: func(l Link) {
			<-opened
			links <- l
		},
	})
	close(opened)
	wantLink(t, links, Link{false, 1500, w.LocalAddr()})
	netns.Run(t, "ip link set v0 up")
	wantLink(t, links, Link{true, 1500, w.LocalAddr()})
}
