package multicast

import (
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
)

func openTestGroups(t testing.TB, cfg GroupConfig) GroupsConn {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	if cfg.Interface == "" {
		cfg.Interface = loopback(t).Name
	}
	c, err := Kernel.Groups(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// nth returns the n-th group behind another, on its port.
func nth(group netip.AddrPort, n int) netip.AddrPort {
	a := group.Addr().As4()
	a[2], a[3] = byte(n>>8), byte(n)
	a[1] = 78
	return netip.AddrPortFrom(netip.AddrFrom4(a), group.Port())
}

// What comes by a group carries its index, and what comes by others is not received.
func TestGroupsComeAndGo(t *testing.T) {
	group := newGroup(t, 60)
	r := openTestGroups(t, GroupConfig{Group: nth(group, 0), Index: 5, Feed: 3})
	w := openTestSocket(t, SocketConfig{Group: group})
	other := openTestGroup(t, GroupConfig{Group: nth(group, 1)}) // another program's
	send(t, w, nth(group, 1), "not mine")
	wantReceived(t, other, "not mine")
	if p := only(t, w, r, nth(group, 0), "first"); p.Group != 5 || p.Feed != 3 {
		t.Errorf("came by group %d, feed %d", p.Group, p.Feed)
	}
	join := func(n, index int) {
		t.Helper()
		if err := r.Join(nth(group, n), index); err != nil {
			t.Fatal(err)
		}
	}
	if !plain {
		join(1, 7)
		if p := only(t, w, r, nth(group, 1), "second"); p.Group != 7 {
			t.Errorf("came by group %d, want 7", p.Group)
		}
		join(1, 8) // the index changes
		if p := only(t, w, r, nth(group, 1), "third"); p.Group != 8 {
			t.Errorf("came by group %d, want 8", p.Group)
		}
	}
	for range 2 { // the second time it is no member any more
		if err := r.Leave(nth(group, 0)); err != nil {
			t.Fatal(err)
		}
	}
	send(t, w, nth(group, 0), "left")
	join(2, 9)
	if p := only(t, w, r, nth(group, 2), "fourth"); p.Group != 9 {
		t.Errorf("came by group %d, want 9", p.Group)
	}
	if n, err := r.Write(group, []byte("x"), 1); n != 0 || !errors.Is(err, ErrReceiveOnly) {
		t.Errorf("Write = %d, %v", n, err)
	}
}

// What is under way as its group is left is thrown away, and isn't counted as misdirected.
func TestLeftGroupIsNotMisdirected(t *testing.T) {
	group := newGroup(t, 62)
	r := openTestGroups(t, GroupConfig{Group: nth(group, 0)})
	w := openTestSocket(t, SocketConfig{Group: group})
	if plain {
		t.Skip("a plain socket has one group")
	}
	if err := r.Join(nth(group, 1), 1); err != nil {
		t.Fatal(err)
	}
	send(t, w, nth(group, 1), "under way")
	if err := r.Leave(nth(group, 1)); err != nil {
		t.Fatal(err)
	}
	only(t, w, r, nth(group, 0), "after it")
	if s := r.Stats(); s.Misdirected != 0 || s.Received != 1 {
		t.Errorf("%+v", s)
	}
}

// only sends a datagram, and reads it and no other.
func only(t *testing.T, w, r Conn, to netip.AddrPort, text string) Packet {
	t.Helper()
	send(t, w, to, text)
	return wantReceived(t, r, text)[0]
}

// A socket takes 20 groups, and says so.
func TestGroupsFill(t *testing.T) {
	group := newGroup(t, 61)
	r := openTestGroups(t, GroupConfig{Group: nth(group, 0)})
	w := openTestSocket(t, SocketConfig{Group: group})
	most := 20
	if plain {
		most = 1
	}
	n := 1
	for ; n < 100; n++ {
		if err := r.Join(nth(group, n), n); err == ErrFull {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if n != most {
		t.Fatalf("a socket took %d groups, want %d", n, most)
	}
	for i := range n {
		if p := only(t, w, r, nth(group, i), "here"); p.Group != i {
			t.Errorf("group %d came with index %d", i, p.Group)
		}
	}
	if err := r.Leave(nth(group, 0)); err != nil {
		t.Fatal(err)
	}
	if err := r.Join(nth(group, n), n); err != nil {
		t.Errorf("after another left: %v", err)
	}
}

func TestGroupsRefuse(t *testing.T) {
	group := newGroup(t, 62)
	r := openTestGroups(t, GroupConfig{Group: group})
	for _, bad := range []struct{ group, want string }{
		{"10.0.0.1:7700", "is not a multicast address"},
		{"239.77.9.1:0", "has port 0"},
		{"[ff05::77]:7700", "is not of the family of group " + group.String()},
		{"239.77.9.1:1", "is not of the port of group " + group.String()},
	} {
		err := r.Join(netip.MustParseAddrPort(bad.group), 1)
		var is *ConfigError
		if !errors.As(err, &is) || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s: %v", bad.group, err)
		}
	}
	if _, err := Kernel.Groups(GroupConfig{Group: group, Interface: "no-such0"}); err == nil ||
		!strings.Contains(err.Error(), "does not exist; there are") {
		t.Errorf("no such interface: %v", err)
	}
	r.Close()
	if err := r.Join(nth(group, 1), 1); err == nil {
		t.Error("a closed socket joined")
	}
}
