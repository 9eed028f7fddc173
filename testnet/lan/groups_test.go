package lan

import (
	"net/netip"
	"testing"
	"testing/synctest"

	"crier/multicast"
)

// What comes by a group carries its index, and what comes by others is not received.
func TestGroupsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		var hosts [2]*Host
		for i, address := range []string{"10.77.0.1", "10.77.0.2"} {
			if hosts[i], err = l.Host(address); err != nil {
				t.Fatal(err)
			}
		}
		group := func(n byte) netip.AddrPort {
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 77, 1, n}), 7700)
		}
		r, err := hosts[1].Groups(multicast.GroupConfig{
			Group: group(0), Interface: "eth0", Index: 100, Feed: 3,
		})
		if err != nil {
			t.Fatal(err)
		}
		w, err := hosts[0].Socket(multicast.SocketConfig{
			Group: group(0), Interface: "eth0", TTL: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		for n := byte(1); n < 20; n++ {
			if err := r.Join(group(n), 100+int(n)); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Join(group(20), 120); err != multicast.ErrFull {
			t.Errorf("the 21st group: %v", err)
		}
		if err := r.Leave(group(4)); err != nil {
			t.Fatal(err)
		}
		for n := range byte(21) {
			if _, err := w.Write(group(n), []byte{n}, 1); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		ps := make([]multicast.Packet, 64)
		n, err := r.Read(ps)
		if err != nil || n != 19 {
			t.Fatalf("%d datagrams, %v; want 19", n, err)
		}
		for _, p := range ps[:n] {
			if p.Data[0] == 4 || p.Group != 100+int(p.Data[0]) || p.Feed != 3 {
				t.Errorf("group %d came with index %d, feed %d", p.Data[0], p.Group, p.Feed)
			}
		}
		if err := r.Join(netip.MustParseAddrPort("239.77.1.1:7701"), 1); err == nil {
			t.Error("a group of another port joined")
		}
	})
}
