package multicast

import (
	"net/netip"
	"strings"
	"testing"
)

func TestFeedsThatCannotBeUsed(t *testing.T) {
	a, b := netip.MustParseAddrPort("239.77.0.1:7700"), netip.MustParseAddrPort("239.77.1.1:7700")
	six := netip.MustParseAddrPort("[ff05::77]:7700")
	none := netip.AddrPort{}
	for _, c := range []struct {
		feeds Feeds
		want  string // of the error; empty for none
	}{
		{nil, ""},
		{Feeds{{none, "eth0"}, {none, "eth1"}}, ""},
		{Feeds{{a, "eth0"}, {a, "eth1"}}, ""},
		{Feeds{{a, "eth0"}, {b, "eth0"}}, ""},
		{Feeds{{a, "0"}, {a, "1"}, {a, "2"}, {a, "3"}}, ""},
		{Feeds{{a, "eth0"}}, "is one feed alone; give 2 to 4, or an interface in place of it"},
		{make(Feeds, 5), "are 5 feeds; give 2 to 4"},
		{Feeds{{a, ""}, {b, "eth0"}}, "lack an interface"},
		{Feeds{{a, "eth0"}, {none, "eth1"}}, "have a group on one and none on another"},
		{Feeds{{a, "eth0"}, {b, "eth1"}, {a, "eth0"}}, "have 239.77.0.1:7700@eth0 twice"},
		{Feeds{{none, "eth0"}, {none, "eth0"}}, "have @eth0 twice"},
		{Feeds{{a, "eth0"}, {six, "eth0"}}, "are of different address families"},
		{Feeds{{a, "eth0"}, {netip.MustParseAddrPort("10.0.0.1:7700"), "eth0"}},
			"is not a multicast address"},
	} {
		err := c.feeds.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v; want %q", c.feeds, err, c.want)
		}
	}
}

func TestTranslate(t *testing.T) {
	for _, c := range []struct{ first, second, group, want string }{
		{"239.77.0.1:7700", "239.88.0.1:7701", "239.77.0.1:7700", "239.88.0.1:7701"},
		{"239.77.0.1:7700", "239.88.0.250:7701", "239.77.0.17:7700", "239.88.1.10:7701"},
		{"239.77.0.255:7700", "239.88.0.1:7701", "239.77.1.255:7700", "239.88.1.1:7701"},
		{"239.77.255.255:7700", "239.88.0.1:7701", "239.78.0.1:7700", "239.88.0.3:7701"},
		// Groups that are none of the topic's.
		{"239.77.0.1:7700", "239.88.0.1:7701", "239.77.0.0:7700", "239.77.0.0:7700"},
		{"239.77.0.1:7700", "239.88.0.1:7701", "239.77.1.2:7700", "239.77.1.2:7700"},
		{"239.77.0.1:7700", "239.88.0.1:7701", "239.77.0.1:7701", "239.77.0.1:7701"},
		{"239.77.0.1:7700", "239.88.0.1:7701", "238.77.0.2:7700", "238.77.0.2:7700"},
		{"239.77.0.1:7700", "239.88.0.1:7701", "[ff05::77]:7700", "[ff05::77]:7700"},
		{"[ff05::77]:7700", "[ff05::1:0]:7700", "[ff05::79]:7700", "[ff05::1:2]:7700"},
	} {
		group := netip.MustParseAddrPort(c.group)
		feeds := Feeds{{netip.MustParseAddrPort(c.first), "a"}, {netip.MustParseAddrPort(c.second), "b"}}
		if got := feeds.Translate(1, group); got.String() != c.want {
			t.Errorf("%v: %v became %v, want %s", feeds, group, got, c.want)
		}
		if got := feeds.Translate(0, group); got != group {
			t.Errorf("%v: %v became %v on the first feed", feeds, group, got)
		}
		plain := Feeds{{Interface: "a"}, {Interface: "b"}}
		if got := plain.Translate(1, group); got != group {
			t.Errorf("%v: %v became %v", plain, group, got)
		}
	}
}
