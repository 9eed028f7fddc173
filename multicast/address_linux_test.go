//go:build !crier_plain

package multicast

import (
	"net/netip"
	"testing"
)

func TestSockaddrs(t *testing.T) {
	z := newZone("v0", 3)
	for _, s := range []string{
		"127.0.0.1:7700", "[2001:db8::1]:9", "[fe80::1%v0]:65535", "[fe80::1%17]:1",
	} {
		want := netip.MustParseAddrPort(s)
		scope, ok := z.scope(want.Addr())
		if !ok {
			t.Errorf("%s: unknown zone", s)
		}
		var name sockaddr
		putSockaddr(name[:], want, scope)
		if got := name.addrPort(z); got != want {
			t.Errorf("%v came back as %v", want, got)
		}
	}
	if _, ok := z.scope(netip.MustParseAddr("fe80::1%eth9")); ok {
		t.Error("another interface's name passed for known")
	}
	if scope, ok := z.scope(netip.MustParseAddr("ff02::1")); scope != 3 || !ok {
		t.Errorf("ff02::1 leaves through %d, want 3", scope)
	}
}
