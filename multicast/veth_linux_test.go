//go:build !crier_plain

package multicast

import (
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"crier/testnet/rig/netns"
)

func TestVethBothFamilies(t *testing.T) {
	inNamespace(t)
	linkLocal := netip.MustParseAddrPort("[ff02::77:1]:7700")
	for _, group := range []netip.AddrPort{vethGroup, vethGroup6, linkLocal} {
		r := openTestGroup(t, GroupConfig{Group: group, Interface: "v0"})
		same := openTestGroup(t, GroupConfig{Group: group, Interface: "v1"}) // the sender's own
		w := openTestSocket(t, SocketConfig{Group: group, Interface: "v1", TTL: 1})
		b := segments(44, 1452, 1000)
		if _, err := w.Write(group, b, 1452); err != nil {
			t.Fatal(err)
		}
		for _, r := range []Conn{r, same} {
			ps := received(t, r, 44)
			for i, p := range ps {
				if string(p.Data) != string(b[i*1452:min((i+1)*1452, len(b))]) {
					t.Fatalf("datagram %d is damaged", i)
				}
			}
			from, want := ps[0].From, w.LocalAddr()
			if want.Addr().Zone() != "" { // its zone is the receiver's interface
				from = netip.AddrPortFrom(from.Addr().WithZone(""), from.Port())
				want = netip.AddrPortFrom(want.Addr().WithZone(""), want.Port())
			}
			if from != want {
				t.Errorf("from %v, want %v", from, want)
			}
			// For IPv6 the kernel lets in what came by another interface, if some
			// socket joined there; the check of the destination does not.
			s := r.Stats()
			if s.Received != 44 || s.MTU != 1500 || group.Addr().Is4() && s.Misdirected != 0 {
				t.Errorf("%v: %+v", group, s)
			}
		}
		if s := w.Stats(); s.Writes != 1 || s.SendErrors != 0 {
			t.Errorf("%v: %+v", group, s)
		}
		allocs := testing.AllocsPerRun(100, func() {
			if _, err := w.Write(group, b[:1452], 1452); err != nil {
				t.Fatal(err)
			}
			for _, r := range []Conn{r, same} {
				var ps [1]Packet
				if n, err := r.Read(ps[:]); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
		})
		if allocs > 2 { // the two ps, which escape
			t.Errorf("%v: %v allocations", group, allocs)
		}
		r.Close()
		same.Close()
		w.Close()
	}
}

func TestInterfaceByItsAddress(t *testing.T) {
	inNamespace(t)
	netns.Run(t, "ip addr add 10.78.0.1/24 dev v0")
	for _, c := range []struct{ name, group, want string }{
		{"10.77.0.1", vethGroup.String(), "10.77.0.1"},
		{"10.78.0.1", vethGroup.String(), "10.78.0.1"}, // not the first, but the one named
		{"v0", vethGroup.String(), "10.77.0.1"},
		{"fd77::1", vethGroup6.String(), "fd77::1"},
		{"fd77::1", vethGroup.String(), "10.77.0.1"},
		{"v0", vethGroup6.String(), "fd77::1"},
	} {
		group := netip.MustParseAddrPort(c.group)
		w := openTestSocket(t, SocketConfig{Group: group, Interface: c.name})
		if got := w.LocalAddr().Addr().String(); got != c.want {
			t.Errorf("interface %s, group %s: bound to %s, want %s", c.name, c.group, got, c.want)
		}
	}
}

func TestInterfaceThatCannotBeUsed(t *testing.T) {
	inNamespace(t)
	netns.Run(t, "ip addr del 10.77.0.2/24 dev v1")
	wantConfigError(t, vethGroup, "v1", "interface v1 has no IPv4 address")
	netns.Run(t, "ip link set v1 down")
	wantConfigError(t, vethGroup, "v1", "interface v1 is down")
	wantConfigError(t, vethGroup, "v2", "there are lo, v1 (down), v0")
	wantConfigError(t, vethGroup, "10.77.0.2", "is not an address of this machine")
}

func wantConfigError(t *testing.T, group netip.AddrPort, ifname, want string) {
	t.Helper()
	_, err := Kernel.Socket(SocketConfig{
		Group: group, Interface: ifname, Logger: slog.New(slog.DiscardHandler),
	})
	var bad *ConfigError
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
		t.Errorf("on %s: %v; want %q", ifname, err, want)
	}
}

func TestNoMulticastRoute(t *testing.T) {
	inNamespace(t)
	netns.Run(t, "ip -6 route flush table local type multicast")
	_, err := Kernel.Socket(SocketConfig{
		Group: vethGroup6, Interface: "v0", Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil || !strings.Contains(err.Error(), "no multicast route") ||
		!strings.Contains(err.Error(), "dev v0") {
		t.Errorf("got %v", err)
	}
}

func TestLoopbackAndTTLAreKept(t *testing.T) {
	inNamespace(t)
	far := openTestGroup(t, GroupConfig{Group: vethGroup, Interface: "v0"})
	near := openTestGroup(t, GroupConfig{Group: vethGroup, Interface: "v1"})
	quiet := openTestSocket(t, SocketConfig{
		Group: vethGroup, Interface: "v1", TTL: 1, NoLoopback: true,
	})
	local := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 0})
	plain := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 1})
	send(t, quiet, vethGroup, "not for this interface's listeners")
	send(t, local, vethGroup, "not for the wire")
	send(t, plain, vethGroup, "for all")
	wantReceived(t, far, "not for this interface's listeners", "for all")
	wantReceived(t, near, "not for the wire", "for all")
}
