package pub

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/trouble"
	"crier/publisher"
)

// parsed returns the options that a command line gives.
func parsed(t *testing.T, args ...string) *options {
	t.Helper()
	o := &options{cfg: publisher.Defaults()}
	flags := new(cli.Command).Flags()
	o.declare(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	o.home = netip.MustParseAddrPort("239.77.0.1:7700")
	return o
}

// member returns a subscriber whose pace counts.
func member(position, repaired, again uint64, quiet time.Duration) publisher.Subscriber {
	var m publisher.Subscriber
	m.ID, m.Name, m.Addr = 1, "one", netip.MustParseAddrPort("10.77.0.2:5000")
	m.State, m.Reported = publisher.Counted, true
	m.Position, m.Offset, m.Lag = position, position, 100-position
	m.Asked, m.Repaired, m.Again, m.Quiet = repaired, repaired, again, quiet
	return m
}

// wantReports looks at snapshots, and wants the last one to have troubles with certain words.
func wantReports(t *testing.T, name, flags string, shots []*snapshot, want ...string) {
	t.Helper()
	l := parsed(t, strings.Fields(flags)...).newLookout()
	var list []trouble.Trouble
	for _, s := range shots {
		s.local = netip.MustParseAddrPort("10.77.0.1:7701")
		list = l.troubles(s)
	}
	if len(list) != len(want) {
		t.Errorf("%s: %d troubles, want %d", name, len(list), len(want))
		return
	}
	for i := range want {
		r := list[i].Report(3 * time.Second)
		shown := r.Text("crier pub", cli.PlainSheet)
		text := strings.Join(strings.Fields(shown), " ")
		for words := range strings.SplitSeq(want[i], "|") {
			if !strings.Contains(text, words) {
				t.Errorf("%s: %q is missing in\n%s", name, words, shown)
			}
		}
	}
}

// What is told of a trouble follows from what the publisher has counted.
func TestTroubles(t *testing.T) {
	heard := func(list ...publisher.Subscriber) *snapshot {
		s := &snapshot{list: list}
		s.stats.Statuses = 1
		return s
	}
	nobody := &snapshot{}
	nobody.stats.Datagrams = 12
	wantReports(t, "nobody on a network", "--iface eth0", []*snapshot{nobody},
		"no subscriber has been heard for 3 s on 239.77.0.1:7700 by interface eth0|"+
			"ruled out sending: the kernel took all of 12 datagrams|remains no subscriber runs|"+
			"UDP back to 10.77.0.1:7701; or a router is between (--ttl)|"+
			"next crier doctor --iface eth0 --group 239.77.0.1:7700")
	wantReports(t, "nobody on lo", "", []*snapshot{nobody},
		"remains no subscriber runs on this machine")
	refused := &snapshot{}
	refused.stats.Datagrams, refused.stats.Socket.SendErrors, refused.stats.Invalid = 2, 10, 1
	wantReports(t, "refused", "--iface eth0 --ttl 3", []*snapshot{refused},
		"problem sending: the kernel refused 10 datagrams, and took 2|"+
			"problem receiving: 1 datagram came there that this crier doesn't understand")

	wantReports(t, "all is well", "", []*snapshot{heard(member(5, 3, 3, time.Second/2)),
		heard(member(6, 6, 6, time.Second/2))})
	wantReports(t, "one is quiet", "--iface eth0",
		[]*snapshot{heard(member(5, 0, 0, 1500*time.Millisecond))},
		"subscriber one (10.77.0.2:5000), whose pace counts, has not been heard for 2 s: it was "+
			"at offset 5, 95 messages behind|UDP from 10.77.0.2:5000 to 10.77.0.1:7701|"+
			"--stall-timeout, 5 s|next crier doctor --iface eth0 --group 239.77.0.1:7700 --to "+
			"10.77.0.2")
	watching := member(5, 0, 0, 3*time.Second)
	watching.State = publisher.Watching
	wantReports(t, "one that doesn't count is quiet", "", []*snapshot{heard(watching)})
	gone, left := heard(), heard()
	gone.gone = []publisher.Subscriber{member(5, 0, 0, 12*time.Second)}
	gone.gone[0].Departed = true
	wantReports(t, "one is gone", "", []*snapshot{gone},
		"not been heard for 12 s|it doesn't count")
	left.gone = []publisher.Subscriber{member(5, 0, 0, 12*time.Second)}
	left.gone[0].Departed, left.gone[0].Left = true, true
	wantReports(t, "one left", "", []*snapshot{left})

	start := heard(member(5, 10, 7, 0))
	wantReports(t, "repairs in vain", "", []*snapshot{start, heard(member(6, 30, 25, 0))},
		"subscriber one (10.77.0.2:5000) asks, and repairs don't reach it: of 30 repaired frames "+
			"it asked for 25 again|UDP from 10.77.0.1:7701 to 10.77.0.2:5000 is blocked")
	wantReports(t, "half of the repairs are lost", "",
		[]*snapshot{start, heard(member(6, 30, 17, 0))})
	wantReports(t, "few repairs", "", []*snapshot{start, heard(member(6, 13, 10, 0))})
	wantReports(t, "repairs that came in the end", "", []*snapshot{start,
		heard(member(6, 30, 25, 0)), heard(member(7, 60, 25, 0))})
}

// Whoever ended before a subscriber can have reported doesn't say that there is none.
func TestShortRun(t *testing.T) {
	o, teller := parsed(t), &trouble.Teller{}
	s := &snapshot{}
	const aboutTo = "about to report"
	short := o.nobodyText(s, teller, 60*time.Millisecond, nil)
	short = strings.Join(strings.Fields(short), " ")
	if !strings.HasPrefix(short, "crier pub: no subscriber was heard in 60 ms on ") ||
		!strings.Contains(short, aboutTo) {
		t.Error(short)
	}
	long := o.nobodyText(s, teller, 1100*time.Millisecond, nil)
	if strings.Contains(long, aboutTo) {
		t.Error(long)
	}
}
