package topic

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"crier/reliable/config"
)

func TestCheck(t *testing.T) {
	for _, name := range []string{"a", "orders", "md/iex/deep", "Zürich", "a b", "�", "~", "\u00a0",
		strings.Repeat("x", MaxName)} {
		if err := Check(name); err != nil {
			t.Errorf("Check(%q) = %v", name, err)
		}
	}
	for name, want := range map[string]string{
		"": "the topic is empty: give it a name of 1 to 255 bytes",
		strings.Repeat("x", MaxName+1): `topic "` + strings.Repeat("x", 40) +
			`"... has 256 bytes, and may have 255: shorten it`,
		"a\x00b":  `topic "a\x00b" has a control character, U+0000, at byte 1: remove it`,
		"a\u0085": `topic "a\u0085" has a control character, U+0085, at byte 1: remove it`,
		"ab\xff":  `topic "ab\xff" isn't valid UTF-8 at byte 2: encode it in UTF-8`,
		"quotes.*": `topic "quotes.*" has a '*' at byte 7: that is a pattern, which subscribers ` +
			`alone may use`,
		"a,b": `topic "a,b" has a ',' at byte 1, which separates topics: use '.' or another ` +
			`character`,
		"\x1f":   `topic "\x1f" has a control character, U+001F, at byte 0: remove it`,
		"\x7f":   `topic "\x7f" has a control character, U+007F, at byte 0: remove it`,
		"\u009f": `topic "\u009f" has a control character, U+009F, at byte 0: remove it`,
	} {
		if err := Check(name); err == nil || err.Error() != want {
			t.Errorf("Check(%q):\n got %v\nwant %s", name, err, want)
		}
	}
}

// TestPartition spreads names like tickers evenly, where FNV-1a alone leaves partitions empty.
func TestPartition(t *testing.T) {
	const keys, p = 6000, 16
	var got [p]int
	for i := range keys {
		key := []byte{'A' + byte(i/676%26), 'A' + byte(i/26%26), 'A' + byte(i%26), 'A' + byte(i%7)}
		n := Partition(key, p)
		if n >= p {
			t.Fatalf("Partition(%q, %d) = %d", key, p, n)
		}
		got[n]++
	}
	for n, count := range got {
		if count < 320 || count > 430 {
			t.Errorf("partition %d has %d keys of %d, where %d are fair", n, count, keys, keys/p)
		}
	}
	if n := Partition([]byte("any"), 1); n != 0 {
		t.Errorf("the only partition is %d", n)
	}
}

func TestComplete(t *testing.T) {
	base := netip.MustParseAddrPort("239.77.5.1:7700")
	for _, test := range []struct{ give, want Layout }{
		{Layout{}, Layout{Partitions: 1, Groups: 1}},
		{Layout{Partitions: 3}, Layout{Partitions: 3, Groups: 3}},
		{Layout{Partitions: 64}, Layout{Partitions: 64, Groups: DefaultGroups}},
		{Layout{Partitions: 64, Groups: 1}, Layout{Partitions: 64, Groups: 1}},
		{Layout{Partitions: 256, Groups: 256, Base: base},
			Layout{Partitions: 256, Groups: 256, Base: base}},
		{Layout{Base: netip.MustParseAddrPort("[::ffff:239.77.5.1]:7700")},
			Layout{Partitions: 1, Groups: 1, Base: base}},
	} {
		if got, err := test.give.Complete(); err != nil || got != test.want {
			t.Errorf("%+v.Complete() = %+v, %v, want %+v", test.give, got, err, test.want)
		}
	}
	for _, test := range []struct {
		give        Layout
		field, word string
	}{
		{Layout{Partitions: -1}, "Partitions", "outside 1 to 256"},
		{Layout{Partitions: 257}, "Partitions", "outside 1 to 256"},
		{Layout{Partitions: 256, Groups: 257}, "Groups", "outside 1 to 256"},
		{Layout{Partitions: 16, Groups: -1}, "Groups", "outside 1 to 256"},
		{Layout{Partitions: 4, Groups: 5}, "Groups", "more than the partitions, 4"},
		{Layout{Base: netip.MustParseAddrPort("10.0.0.1:7700")}, "Group", "not a multicast"},
		{Layout{Base: netip.MustParseAddrPort("239.0.0.1:0")}, "Group", "port 0"},
		{Layout{Partitions: 2, Base: netip.MustParseAddrPort("239.255.255.254:1")}, "Group",
			"leave the multicast addresses"},
	} {
		_, err := test.give.Complete()
		var field *config.Error
		if !errors.As(err, &field) || field.Field != test.field ||
			!strings.Contains(err.Error(), test.word) {
			t.Errorf("%+v.Complete(): %v, want one about %s: %s", test.give, err, test.field,
				test.word)
		}
	}
}

// TestGroups holds that the groups of a topic are different, lie where no group is that users
// choose, and are those of Group and Index.
func TestGroups(t *testing.T) {
	for i := range 200 {
		name := fmt.Sprintf("topic-%d", i)
		for _, l := range []Layout{
			{Partitions: 256, Groups: 256}, {Partitions: 40, Groups: 16},
			{Partitions: 8, Groups: 1},
		} {
			all := l.All(name)
			if all[0] != Home(name, l.Base) {
				t.Fatalf("%s: home is %v and %v", name, all[0], Home(name, l.Base))
			}
			seen := map[netip.AddrPort]bool{}
			for _, g := range all {
				b := g.Addr().As4()
				if seen[g] || b[0] != 239 || b[1] != 77 || b[2] == 0 || g.Port() != Port {
					t.Fatalf("%s of %+v: group %v comes twice, or from elsewhere", name, l, g)
				}
				seen[g] = true
			}
			for c := range uint32(l.Partitions) {
				if l.Groups > 1 && l.Index(c) != 1+int(c)%l.Groups {
					t.Fatalf("%+v: channel %d has index %d", l, c, l.Index(c))
				}
				if l.Group(name, c) != all[l.Index(c)] {
					t.Fatalf("%s of %+v: channel %d: %v isn't %v", name, l, c, l.Group(name, c),
						all[l.Index(c)])
				}
			}
			if want := l.Groups > 1; want == (l.Index(0) == 0) {
				t.Fatalf("%+v: channel 0 has index %d", l, l.Index(0))
			}
		}
	}
}

func TestGroupsOfBase(t *testing.T) {
	for base, want := range map[string]string{
		"239.1.1.254:9000": "[239.1.1.254:9000 239.1.1.255:9000 239.1.2.0:9000]",
		"[ff15::1]:7700":   "[[ff15::1]:7700 [ff15::2]:7700 [ff15::3]:7700]",
		"[ff02::ffff:ffff:ffff:ffff%lo]:9": "[[ff02::ffff:ffff:ffff:ffff%lo]:9 " +
			"[ff02:0:0:1::%lo]:9 [ff02:0:0:1::1%lo]:9]",
	} {
		l, err := Layout{Partitions: 2, Base: netip.MustParseAddrPort(base)}.Complete()
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(l.All("any")); got != want {
			t.Errorf("%s:\n got %s\nwant %s", base, got, want)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "orders", true}, {"orders", "orders", true}, {"orders", "order", false},
		{"quotes.*", "quotes.iex", true}, {"quotes.*", "quotes.", true},
		{"quotes.*", "quotes", false}, {"*.iex", "quotes.iex", true},
		{"*.iex", "quotes.iexx", false},
		{"a*b*c", "abc", true}, {"a*b*c", "a1b2b3c", true}, {"a*b*c", "acb", false},
		{"**", "x", true}, {"*a*a*a*", "aa", false}, {"*ü*", "Zürich", true},
	} {
		p, err := ParsePattern(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if p.Match(test.name) != test.want {
			t.Errorf("%q matches %q: %v", test.pattern, test.name, !test.want)
		}
	}
	if (Pattern{}).Match("") || (Pattern{}).Match("a") {
		t.Error("the zero Pattern matches")
	}
	if IsPattern("quotes") || !IsPattern("quo*tes") {
		t.Error("a pattern is told by its star")
	}
	for _, text := range []string{"", "a,*", ",*", "a\n*", "\xff*", strings.Repeat("*", 256)} {
		if _, err := ParsePattern(text); err == nil ||
			!strings.Contains(err.Error(), "pattern") {
			t.Errorf("ParsePattern(%q): %v", text, err)
		}
	}
}

// FuzzPattern compares Match with a slow and plain one.
func FuzzPattern(f *testing.F) {
	f.Add("a*b*", "acb")
	f.Add("*", "")
	f.Add("**a", "aaa")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		p, err := ParsePattern(pattern)
		if err != nil || len(pattern) > 12 || len(name) > 12 {
			return
		}
		if got, want := p.Match(name), plainMatch(pattern, name); got != want {
			t.Errorf("%q matches %q: %v", pattern, name, got)
		}
	})
}

func plainMatch(pattern, name string) bool {
	switch {
	case pattern == "":
		return name == ""
	case pattern[0] == '*':
		return plainMatch(pattern[1:], name) || name != "" && plainMatch(pattern, name[1:])
	}
	return name != "" && name[0] == pattern[0] && plainMatch(pattern[1:], name[1:])
}

func TestNoAllocation(t *testing.T) {
	key, l, p := []byte("AAPL"), Layout{Partitions: 256, Groups: 16}, Pattern{"quo*.*"}
	if n := testing.AllocsPerRun(100, func() {
		_ = l.Group("orders", Partition(key, l.Partitions))
		_ = p.Match("quotes.iex")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
