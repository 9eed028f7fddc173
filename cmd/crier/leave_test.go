package main

import (
	"path/filepath"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
)

// --count leaves after so many, and the summary speaks of these alone.
func TestSubCount(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"in-order", "on-arrival"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			group := testGroup(t)
			sub := start(t, nil, on(group, "sub", "--count", "100", "--format", "json", "--order",
				order, "--drop", "0.2", "--summary",
				filepath.Join(t.TempDir(), "s"))...).listening()
			pub := start(t, nil, on(group, "pub", "--rate", "5000")...)
			<-sub.ended
			pub.stop()
			pub.wait(cli.ExitOK)
			sum := summaryOf[subSummary](t, sub.flag("--summary"))
			wantSum(t, sum)
			s, n := sum.Sessions[0], 0
			for _, l := range linesOf(t, sub.out.bytes()) {
				if l.Type == "message" {
					n++
				}
			}
			// On arrival, what was still missing below what was printed is lost.
			if n != 100 || s.Delivered != 100 || s.End != "open" ||
				(s.Lost > 0) != (sub.exit == cli.ExitLost) || order == "in-order" && s.Lost > 0 {
				t.Errorf("%d printed, exit %d, %s", n, sub.exit, brief(s))
			}
			for _, ahead := range []string{"delivered_bytes", "loss_reports", "lag"} {
				if n := s.Counters.N(ahead); n > 0 {
					t.Errorf("%s is %d, which goes beyond what was printed", ahead, n)
				}
			}
			for _, l := range s.Losses {
				if l.Cause != "subscriber closed" {
					t.Errorf("%+v", l)
				}
			}
		})
	}
}

// Without anything to hear, --timeout says so.
func TestSubTimeout(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub", "--timeout", "50ms", "--summary", "-")...).wait(
		cli.ExitError)
	if words := sub.err.String(); !strings.Contains(words, "no session was heard on "+group[1]+
		" by interface lo within 50ms") ||
		strings.Count(words, "no session was heard") != 1 {
		t.Error(sub.err)
	}
	sum := decodeSummary[subSummary](t, sub.out.bytes())
	if got, want := sub.out.String(), `{"sessions":[],"invalid_datagrams":0,"kernel_drops":0,`; len(
		sum.Sessions) > 0 || !strings.HasPrefix(got, want) {
		t.Errorf("summary %s", got)
	}
}

// A --count that was not reached in time is no success.
func TestSubTimeoutBeforeCount(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub", "--timeout", "6s", "--count", "1000", "--format",
		"json")...).listening()
	pub := start(t, strings.NewReader("1\n2\n"),
		on(group, "pub", "--from", "-")...).wait(cli.ExitOK)
	sub.wait(cli.ExitError)
	if !strings.Contains(sub.err.String(), "2 of 1000 messages came within 6s") {
		t.Error(sub.err)
	}
	_ = pub
}
