package netflags

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/reliable/topic"
)

// parsed returns flags of a publisher or a subscriber that were given words.
func parsed(t *testing.T, publishes bool, words ...string) *Flags {
	t.Helper()
	n, flags := new(Flags), new(cli.Command).Flags()
	n.Declare(flags, !publishes)
	if publishes {
		n.DeclareLayout(flags, "publish to the groups of the topic of this `NAME`")
	} else {
		n.DeclareTopic(flags)
	}
	n.DeclareFeeds(flags)
	if err := flags.Parse(words); err != nil {
		t.Fatal(words, err)
	}
	return n
}

// wantUsage wants a usage error of one sentence with these parts, in order.
func wantUsage(t *testing.T, words []string, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%q: no error", words)
		return
	}
	rest := err.Error()
	for _, p := range parts {
		_, after, ok := strings.Cut(rest, p)
		if !ok || strings.Contains(rest, "\n") {
			t.Errorf("%q: %q; %q is missing, or out of order", words, err, p)
			return
		}
		rest = after
	}
}

// A subscriber's topic has a name or a pattern, partitions, and perhaps a base.
func TestTopic(t *testing.T) {
	base := netip.MustParseAddrPort("239.192.1.1:7800")
	named := topic.Home("orders", netip.AddrPort{})
	for _, c := range []struct {
		words string
		want  Topic
		home  netip.AddrPort
		text  string
	}{
		{"--topic orders", Topic{Name: "orders"}, named, "topic orders, home group"},
		{"--topic orders --partition 7-9,3", Topic{Name: "orders", Partitions: []uint32{3, 7, 8, 9}},
			named, "topic orders, partitions 3,7-9, home group"},
		{"--topic orders --partition 0", Topic{Name: "orders", Partitions: []uint32{0}}, named,
			"topic orders, partition 0, home group"},
		{"--topic orders --group 239.192.1.1:7800", Topic{Name: "orders", Base: base}, base,
			"topic orders, home group"},
		{"--topic quotes.*", Topic{Name: "quotes.*", Pattern: true}, topic.Directory,
			"topics quotes.*, announced to"},
	} {
		n := parsed(t, false, strings.Fields(c.words)...)
		got, err := n.Topic()
		if err != nil || got.Name != c.want.Name || got.Pattern != c.want.Pattern ||
			got.Base != c.want.Base || !slices.Equal(got.Partitions, c.want.Partitions) {
			t.Errorf("%s: %+v, %v", c.words, got, err)
		}
		groups, iface, err := n.Asked()
		if err != nil || !slices.Equal(groups, []netip.AddrPort{c.home}) || got.Home() != c.home {
			t.Errorf("%s: groups %v, %v", c.words, groups, err)
		}
		want := fmt.Sprintf("%s %v by interface %s", c.text, c.home, iface)
		if where := n.Where(groups); where != want {
			t.Errorf("%s: %q, want %q", c.words, where, want)
		}
	}
}

// Each mistake about a topic is one sentence.
func TestTopicRefused(t *testing.T) {
	for _, c := range []struct{ words, parts []string }{
		{[]string{"--topic="}, []string{"--topic has no name", "--topic orders"}},
		{[]string{"--topic", strings.Repeat("n", 256)}, []string{"--topic", "256 bytes", "255"}},
		{[]string{"--topic", "a\x07b"}, []string{`--topic "a\ab" has a control character`,
			"U+0007", "byte 1"}},
		{[]string{"--topic", "a\xffb"}, []string{"--topic", "UTF-8", "byte 1"}},
		{[]string{"--topic", "a,b"}, []string{"--topic", "','"}},
		{[]string{"--topic", "a*\x07"}, []string{`--topic "a*\a" has a control character`}},
		{[]string{"--partition", "3"}, []string{"--partition", "--topic"}},
		{[]string{"--topic", "a", "--partition", "x"}, []string{`--partition "x"`, "3,7-9"}},
		{[]string{"--topic", "a", "--partition", "3,"}, []string{`--partition ""`, "3,7-9"}},
		{[]string{"--topic", "a", "--partition", "9-7"}, []string{"--partition 9-7", "7-9"}},
		{[]string{"--topic", "a", "--partition", "256"}, []string{"--partition 256", "0 to 255"}},
		{[]string{"--topic", "a", "--partition", "0-4294967295"},
			[]string{"--partition 4294967295", "0 to 255"}},
		{[]string{"--topic", "a", "--partition", "1-3,2"}, []string{"--partition 2", "twice"}},
		{[]string{"--topic", "a*", "--group", "239.1.2.3:77"},
			[]string{"--group 239.1.2.3:77", "--topic 'a*'", "leave out --group"}},
		{[]string{"--topic", "a", "--group", "239.1.2.3:77", "--group", "239.1.2.4:77"},
			[]string{"--group is given twice", "give one"}},
	} {
		n := parsed(t, false, c.words...)
		_, err := n.Topic()
		wantUsage(t, c.words, err, c.parts...)
	}
}

// A publisher's topic has a layout.
func TestLayout(t *testing.T) {
	for _, c := range []struct {
		words string
		want  topic.Layout
	}{
		{"", topic.Layout{Partitions: 1, Groups: 1}},
		{"--topic a", topic.Layout{Partitions: 1, Groups: 1}},
		{"--topic a --partitions 64", topic.Layout{Partitions: 64, Groups: 16}},
		{"--topic a --partitions 64 --groups 1", topic.Layout{Partitions: 64, Groups: 1}},
		{"--group 239.192.1.1:77 --partitions 2", topic.Layout{Partitions: 2, Groups: 2,
			Base: netip.MustParseAddrPort("239.192.1.1:77")}},
	} {
		_, got, err := parsed(t, true, strings.Fields(c.words)...).Layout()
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.words, got, err)
		}
	}
	for _, c := range []struct{ words, parts []string }{
		{[]string{"--topic="}, []string{"--topic has no name"}},
		{[]string{"--topic", strings.Repeat("n", 256)}, []string{"--topic", "256 bytes", "255"}},
		{[]string{"--topic", "a\n"}, []string{`--topic "a\n" has a control character`}},
		{[]string{"--topic", "a*"}, []string{"--topic 'a*' is a pattern", "without *"}},
		{[]string{"--partitions", "2"}, []string{"--partitions 2", "--topic", "--group"}},
		{[]string{"--topic", "a", "--partitions", "0"}, []string{"--partitions 0", "1 to 256"}},
		{[]string{"--topic", "a", "--partitions", "257"}, []string{"--partitions 257", "1 to 256"}},
		{[]string{"--topic", "a", "--partitions", "4", "--groups", "0"},
			[]string{"--groups 0", "1 to 256"}},
		{[]string{"--topic", "a", "--partitions", "4", "--groups", "5"},
			[]string{"--groups 5", "--partitions 5"}},
		{[]string{"--topic", "a", "--partitions", "16", "--group", "239.255.255.250:77"},
			[]string{"--group", "239.255.255.250", "lower address"}},
	} {
		_, _, err := parsed(t, true, c.words...).Layout()
		wantUsage(t, c.words, err, c.parts...)
	}
}

// Feeds have an interface each, and a group unless the topic has it.
func TestFeeds(t *testing.T) {
	const a, b = "239.1.1.1:77@lo", "239.1.1.2:77@lo"
	n := parsed(t, false, "--feed", a, "--feed", b)
	list, err := n.Feeds()
	if err != nil || len(list) != 2 || list[0].String() != a || list[1].String() != b {
		t.Errorf("%v, %v", list, err)
	}
	groups, iface, err := n.Asked()
	if err != nil || len(groups) != 2 || iface != "lo" || n.Where(groups) !=
		"239.1.1.1:77 by interface lo and 239.1.1.2:77 by interface lo" {
		t.Errorf("%v, %v, %v: %s", groups, iface, err, n.Where(groups))
	}
	for _, c := range []struct{ words, parts []string }{
		{[]string{"--feed", a}, []string{"--feed " + a + " is one feed alone", "2 to 4"}},
		{[]string{"--feed", a, "--feed", b, "--feed", "239.1.1.3:77@lo", "--feed",
			"239.1.1.4:77@lo", "--feed", "239.1.1.5:77@lo"}, []string{"are 5 feeds", "2 to 4"}},
		{[]string{"--feed", a, "--feed", a}, []string{"--feed " + a, "twice", "two interfaces"}},
		{[]string{"--feed", a, "--feed", "239.1.1.1:77@127.0.0.1"},
			[]string{"the same group on the same interface"}},
		{[]string{"--feed", a, "--feed", "@lo"}, []string{`--feed "@lo" has no group`, "--topic"}},
		{[]string{"--topic", "a", "--feed", "@lo", "--feed", "@lo"},
			[]string{"--feed @lo", "twice"}},
		{[]string{"--topic", "a", "--feed", a, "--feed", "@lo"},
			[]string{"--feed " + a + ",@lo", "a group on one and none on another"}},
		{[]string{"--feed", a, "--feed", "239.1.1.2:77"}, []string{"has no interface", "@eth0"}},
		{[]string{"--feed", a, "--feed", "239.1.1.2:77@"}, []string{"has no interface", "@eth0"}},
		{[]string{"--feed", a, "--feed", "10.1.1.2:77@lo"},
			[]string{"--feed 10.1.1.2:77@lo", "not a multicast address"}},
		{[]string{"--feed", a, "--feed", "239.1.1.2:77@none0"},
			[]string{"--feed 239.1.1.2:77@none0", "does not exist", "lo"}},
		{[]string{"--feed", a, "--feed", "[ff05::1]:77@lo"}, []string{"different address families"}},
		{[]string{"--feed", a, "--feed", b, "--iface", "lo"}, []string{"--feed", "leave out --iface"}},
		{[]string{"--feed", a, "--feed", b, "--group", "239.1.1.1:77"},
			[]string{"--feed", "leave out --group"}},
	} {
		_, err := parsed(t, false, c.words...).Feeds()
		wantUsage(t, c.words, err, c.parts...)
	}
}

// A second topic is an error, rather than the only one.
func TestTopicGivenTwice(t *testing.T) {
	n, flags := new(Flags), new(cli.Command).Flags()
	n.Set = flags
	n.DeclareTopic(flags)
	err := flags.Parse([]string{"--topic", "a", "--topic", "b"})
	if err == nil ||
		!strings.Contains(err.Error(), "a was given before: one command takes one topic") {
		t.Error(err)
	}
}
