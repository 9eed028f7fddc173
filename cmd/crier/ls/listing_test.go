package ls

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/subscriber/directory"
)

// What a publisher announces is in its JSON.
func TestPublisherOf(t *testing.T) {
	e := directory.Entry{Session: 0xabc, Topic: "orders", Partitions: 16, Groups: 4,
		Base: netip.MustParseAddrPort("239.1.1.1:7700"), Publisher: "risk", Host: "desk", PID: 7,
		Addr: netip.MustParseAddrPort("10.0.0.5:41234"), Started: time.Unix(1, 5), Bytes: 80,
		Messages: 3, Subscribers: 9,
		Teams: []directory.Team{{Name: "hedge", Share: reliable.ByPartition, Members: 4, Lag: 3112}}}
	want := Publisher{Topic: "orders", Partitions: 16, Groups: 4, Base: "239.1.1.1:7700",
		Name: "risk", Session: e.Session.String(), Address: "10.0.0.5:41234", Host: "desk", PID: 7,
		Started: "1970-01-01T00:00:01.000000005Z", Messages: 3, Bytes: 80, Subscribers: 9,
		Teams: []Team{{"hedge", "partition", 4, 3112}}}
	l := Listing{Publishers: []Publisher{want}}
	if text := l.teamTexts(); len(text) != 1 ||
		text[0] != "teams of orders by risk at 10.0.0.5: hedge (by partition, 4 members, lag 3,112)" {
		t.Errorf("%q", text)
	}
	if got := publisherOf(&e); !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	if e.Base = (netip.AddrPort{}); publisherOf(&e).Base != "" {
		t.Error("groups that follow from a name have a base")
	}
	for name, want := range map[string]string{"": "10.0.0.5:41234", "risk": "risk at 10.0.0.5"} {
		p := Publisher{Name: name, Address: "10.0.0.5:41234"}
		if got := p.who(20); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is named %q", name, got)
		}
	}
}

// A conflict names both publishers, which is which, and what ends it.
func TestConflictOf(t *testing.T) {
	a := directory.Entry{Topic: "orders", Partitions: 16, Groups: 4, Publisher: "risk",
		Addr: netip.MustParseAddrPort("10.0.0.1:1")}
	b := directory.Entry{Topic: "orders", Partitions: 1, Groups: 1, Publisher: "risk",
		Addr: netip.MustParseAddrPort("10.0.0.2:2"), Base: netip.MustParseAddrPort("239.1.1.1:7700")}
	fx := b
	fx.Topic = "fx"
	group := netip.MustParseAddrPort("239.77.9.9:7700")
	for _, c := range []struct {
		kind directory.ConflictKind
		b    directory.Entry
		want Conflict
		text []string
	}{
		{directory.SameGroup, fx, Conflict{OtherTopic: "fx", Group: group.String()},
			[]string{"orders and fx share the group 239.77.9.9:7700", "--group"}},
		{directory.SameName, b, Conflict{},
			[]string{"two publishers of the name risk, at 10.0.0.1:1 and 10.0.0.2:2", "--name"}},
		{directory.OtherLayout, b, Conflict{}, []string{"16 partitions over 4 groups by name at " +
			"10.0.0.1:1 and 1 partition over 1 group from 239.1.1.1:7700 on at 10.0.0.2:2"}},
	} {
		got := conflictOf(&directory.Conflict{Kind: c.kind, A: a, B: c.b, Group: group})
		for _, words := range c.text {
			if !strings.Contains(got.Text, words) {
				t.Errorf("%v: %s, want %q", c.kind, got.Text, words)
			}
		}
		c.want.Kind, c.want.Topic, c.want.Text = c.kind.String(), "orders", got.Text
		c.want.Address, c.want.OtherAddress = "10.0.0.1:1", "10.0.0.2:2"
		if got != c.want {
			t.Errorf("\n got %+v\nwant %+v", got, c.want)
		}
	}
}

// Who watches is told of publishers that begin and end, and not of those that were listed, nor of
// new numbers.
func TestNewsOf(t *testing.T) {
	known := map[directory.SessionID]bool{1: true}
	for _, c := range []struct {
		kind    directory.ChangeKind
		session directory.SessionID
		want    string
	}{
		{directory.Found, 1, ""}, {directory.Found, 2, "found, 4 partitions over 2 groups by name"},
		{directory.Updated, 2, ""}, {directory.Gone, 1, "gone"},
	} {
		got := newsOf(&directory.Change{Kind: c.kind,
			Entry: directory.Entry{Session: c.session, Partitions: 4, Groups: 2}}, known)
		if got != c.want {
			t.Errorf("%v of %d: %q", c.kind, c.session, got)
		}
	}
}
