package lan

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"crier/multicast"
)

// Two machines at two LANs hear each other by the interface that each socket is of.
func TestMachinesAtTwoLANs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hosts [2][]*Host // by machine
		for _, subnet := range []string{"10.77.0.0/24", "10.88.0.0/24"} {
			l, err := New(Config{Subnet: netip.MustParsePrefix(subnet)})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			for i := range hosts {
				a := l.cfg.Subnet.Addr().Next()
				for range i {
					a = a.Next()
				}
				h, err := l.Host(a.String())
				if err != nil {
					t.Fatal(err)
				}
				hosts[i] = append(hosts[i], h)
			}
		}
		a, b := NewMachine(hosts[0]...), NewMachine(hosts[1]...)
		group := netip.MustParseAddrPort("239.77.0.1:7700")
		var heard []multicast.Conn
		for feed, name := range []string{"eth0", "10.88.0.2"} {
			c, err := b.Group(multicast.GroupConfig{Group: group, Interface: name, Feed: feed})
			if err != nil {
				t.Fatal(err)
			}
			heard = append(heard, c)
		}
		ps := make([]multicast.Packet, 9)
		for feed, name := range []string{"10.77.0.1", "eth1"} {
			w, err := a.Socket(multicast.SocketConfig{Group: group, Interface: name, TTL: 1})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(group, []byte(name), 99); err != nil {
				t.Fatal(err)
			}
			n, err := heard[feed].Read(ps)
			if err != nil || n != 1 || string(ps[0].Data) != name || ps[0].Feed != feed ||
				ps[0].From != w.LocalAddr() {
				t.Errorf("%d datagrams, %v, on feed %d: %+v", n, err, feed, ps[0])
			}
		}
		if _, err := a.Groups(multicast.GroupConfig{Group: group, Interface: "eth1"}); err != nil {
			t.Error(err)
		}
		_, err := a.Socket(multicast.SocketConfig{Group: group, Interface: "eth2"})
		if err == nil || !strings.Contains(err.Error(),
			"there are eth0 with 10.77.0.1, eth1 with 10.88.0.1") {
			t.Errorf("no such interface: %v", err)
		}
	})
}
