package sub

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/multicast"
	"crier/reliable/frame"
	"crier/subscriber"
)

// parsed returns the options that a command line gives.
func parsed(t *testing.T, args ...string) *options {
	t.Helper()
	o := &options{}
	flags := new(cli.Command).Flags()
	o.declare(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"239.77.0.1:7700", "239.77.0.2:7700"} {
		o.groups = append(o.groups, netip.MustParseAddrPort(text))
	}
	return o
}

// What is told of a trouble follows from what the subscriber has counted.
func TestTroubles(t *testing.T) {
	addr := netip.MustParseAddrPort
	received := func(n uint64) subscriber.Stats {
		return subscriber.Stats{Groups: []multicast.ConnStats{{Received: n}, {}}}
	}
	open := subscriber.Session{ID: 0xabc, Source: addr("10.77.0.1:7701"),
		Control: addr("10.77.0.1:7701"), Group: addr("239.77.0.1:7700"), Heartbeats: 30,
		Announced: 1}
	type change func(*snapshot)
	for name, c := range map[string]struct {
		flags  string
		groups int
		change change
		want   []string // of each trouble, words in its report; none: no trouble
	}{
		"nothing on a network": {"--iface eth0", 1, func(*snapshot) {}, []string{
			"no session was heard on 239.77.0.1:7700 by interface eth0 for 3 s: no datagram came " +
				"at all|remains no publisher runs|" +
				"next crier doctor --iface eth0 --group 239.77.0.1:7700"}},
		"no topic for a pattern": {"--iface eth0 --topic quotes.* --partition 3", 1,
			func(s *snapshot) { s.stats = received(2) }, []string{ // its own questions
				"no session was heard on topics quotes.*, partition 3, announced to " +
					"239.77.0.1:7700 by interface eth0 for 3 s: no topic is announced|" +
					"remains no publisher of a topic runs|" +
					"next crier doctor --iface eth0 --group 239.77.0.1:7700"}},
		"no topic for a pattern, on lo": {"--topic *", 1, func(*snapshot) {},
			[]string{"no topic is announced|remains no publisher of a topic runs on this machine"}},
		"nothing on lo": {"", 1, func(*snapshot) {},
			[]string{"remains no publisher runs on this machine, or"}},
		"others' datagrams": {"--iface eth0", 1, func(s *snapshot) {
			s.stats = received(7)
			s.stats.Invalid = 7
			s.strangers = []subscriber.Stranger{
				{From: addr("10.77.0.8:99"), Datagrams: 2, Head: []byte{0x80, 96, 1, 2}, Size: 200},
				{From: addr("10.77.0.9:99"), Datagrams: 5, Head: []byte("GET / HTTP/1.1")}}
		}, []string{"7 datagrams came, none of them a frame that this crier understands|" +
			`problem from 10.77.0.9:99: 5 datagrams, text: "GET / HTTP/1.1"|` +
			"problem from 10.77.0.8:99: 2 datagrams, RTP of payload type 96"}},
		"a newer crier's": {"--iface eth0", 1, func(s *snapshot) {
			s.stats = received(3)
			s.stats.Newer = 3
			s.strangers = []subscriber.Stranger{{From: addr("10.77.0.8:99"), Datagrams: 3,
				Newer: true, Head: []byte{0x99, 2, 1, 0, 0}, Size: 200}}
		}, []string{"3 frames came that need a newer crier|version 2 of the protocol"}},
		"refused frames": {"--iface eth0", 1, func(s *snapshot) {
			s.stats = received(4)
			s.stats.Unexpected = 4
		}, []string{"4 frames came, and all were refused|problem dropped 4 frames of a session"}},
		"answers to others": {"--iface eth0", 1, func(s *snapshot) {
			s.stats = received(4)
			s.stats.Aside = 4
		}, []string{"all that came answers other subscribers|--start oldest asks for its messages"}},
		"a session": {"", 1, func(s *snapshot) {
			s.sessions = []subscriber.Session{open}
		}, nil},
		"a second group is silent": {"", 2, func(s *snapshot) {
			s.sessions = []subscriber.Session{open}
		}, []string{"no session was heard on 239.77.0.2:7700 for 3 s, while others are: no " +
			"datagram|--group 239.77.0.2:7700"}},
		"a publisher that hears nobody": {"--iface eth0", 1, func(s *snapshot) {
			one := open
			one.Announced, one.Name = 0, "feed"
			s.sessions = []subscriber.Session{one}
		}, []string{"(feed) from 10.77.0.1:7701 is heard, and its publisher still knows no subscriber " +
			"after 3 s: UDP from 10.77.0.2:5000 to 10.77.0.1:7701 seems blocked|--control-port|" +
			"crier doctor --iface eth0 --group 239.77.0.1:7700 --to 10.77.0.1|" +
			"next on 10.77.0.1: crier doctor --iface IFACE --control-port 7701"}},
		"it was heard a moment ago": {"", 1, func(s *snapshot) {
			one := open
			one.Announced, one.Heartbeats = 0, 2
			s.sessions = []subscriber.Session{one}
		}, nil},
		"it is silent": {"", 1, func(s *snapshot) {
			one := open
			one.Announced, one.Unanswered, one.End = 0, 9, subscriber.EndSilent
			s.sessions = []subscriber.Session{one}
		}, nil},
		"its survivors hold an inquest": {"", 1, func(s *snapshot) {
			one := open
			one.Announced, one.Unanswered, one.Inquest = 0, 9, true
			s.sessions = []subscriber.Session{one}
		}, nil},
		"no answers, though it hears": {"", 1, func(s *snapshot) {
			one := open
			one.Unanswered = 12
			s.sessions = []subscriber.Session{one}
		}, []string{"12 NACKs and no answer for 3 s, while its heartbeats go on, and its " +
			"publisher knows 1 subscriber: UDP from 10.77.0.2:5000 to 10.77.0.1:7701 " +
			"seems blocked, or the way back"}},
		"no answers, and it hears nobody": {"", 1, func(s *snapshot) {
			one := open
			one.Unanswered, one.Announced = 12, 0
			s.sessions = []subscriber.Session{one}
		}, []string{"12 NACKs and no answer for 3 s, and its publisher knows no subscriber: UDP"}},
	} {
		o := parsed(t, strings.Fields(c.flags)...)
		o.groups = o.groups[:c.groups]
		s := &snapshot{local: addr("10.77.0.2:5000")}
		c.change(s)
		list := (&lookout{o: o}).troubles(s)
		if len(list) != len(c.want) {
			t.Errorf("%s: %d troubles, want %d", name, len(list), len(c.want))
			continue
		}
		for i, want := range c.want {
			r := list[i].Report(3 * time.Second)
			shown := r.Text("crier sub", cli.PlainSheet)
			text := strings.Join(strings.Fields(shown), " ")
			for _, words := range strings.Split(want, "|") {
				if !strings.Contains(text, words) {
					t.Errorf("%s: %q is missing in\n%s", name, words, shown)
				}
			}
		}
	}
}

func TestGuess(t *testing.T) {
	bye := new(frame.Encoder).Append(nil, &frame.Frame{Kind: frame.Bye, Session: 5})
	for want, s := range map[string]subscriber.Stranger{
		"empty":                              {},
		"damaged frames of crier":            {Head: bye[:32], Size: len(bye)},
		"QUIC, it seems":                     {Head: []byte{0xc3, 0, 0, 0, 1, 8}, Size: 1200},
		"an MPEG transport stream, it seems": {Head: []byte{0x47, 1, 2, 3}, Size: 7 * 188},
		"they begin with 01 02 03":           {Head: []byte{1, 2, 3}, Size: 3},
		`text: "a line as long as th..."`:    {Head: []byte("a line as long as this"), Size: 22},
		"frames of a newer crier: with something new in them": {Newer: true,
			Head: []byte{0x99, 1, 1, 0}, Size: 100},
	} {
		if got := guess(&s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for n := range 40 { // whatever comes
		head := []byte{0xdc, 0, 16, 2, 0}[:min(n, 5)]
		guess(&subscriber.Stranger{Newer: true, Head: head, Size: n})
	}
}

// Partitions of a session that is cut off are one trouble, and the findings of many are not told.
func TestTroublesOfPartitions(t *testing.T) {
	l := &lookout{o: parsed(t)}
	l.o.groups = l.o.groups[:1]
	s := &snapshot{}
	for id := range subscriber.SessionID(6) {
		for p := range uint32(16) {
			s.sessions = append(s.sessions, subscriber.Session{ID: id + 1, Partition: p,
				Heartbeats: 30})
		}
	}
	list := l.troubles(s)
	if len(list) != 5 ||
		list[4].Report(0).Head != "and 2 more sessions whose publishers don't answer" {
		t.Fatalf("%d troubles", len(list))
	}
	for _, one := range list[:4] {
		if len(one.Report(0).Findings) == 0 {
			t.Errorf("%s has no findings", one.Key)
		}
	}
	s.sessions = s.sessions[4*16:]
	if r := l.troubles(s)[0].Report(0); r.Head == "" || len(r.Findings) != 0 {
		t.Errorf("the fifth: %q, %v", r.Head, r.Findings)
	}
}
