//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"

	"crier/cmd/crier/cli"
)

// The survivors of a publisher that is killed in mid-stream end with the same messages, though
// each had lost others, and have the same certificate, in words, in JSON and in the summary.
func TestSurvivors(t *testing.T) {
	t.Parallel()
	pub, subs := dying(t, testGroup(t), "--drop", "0.2", "--history", "1MiB")
	pub.signal(syscall.SIGKILL)
	var first *subSummary
	for _, s := range subs {
		<-s.ended
		sum := summaryOf[subSummary](t, s.flag("--summary"))
		wantSum(t, sum)
		one := sum.Sessions[0]
		c := one.Certificate
		if c == nil || !c.Agreed || c.Number != 1 || len(c.Members) != 3 || c.Counted != 3 {
			t.Fatalf("certificate %+v\n%s", c, s.err)
		}
		if s.exit != cli.ExitLost || one.End != "silent" || one.FirstOffset != 0 ||
			one.Lost != c.LostMessages {
			t.Errorf("exit code %d, %s, %d lost by the certificate", s.exit, brief(one),
				c.LostMessages)
		}
		if first == nil {
			first = sum
		}
		if a := first.Sessions[0]; a.NextOffset != one.NextOffset || a.Delivered != one.Delivered ||
			a.Lost != one.Lost || a.Certificate.Hash != c.Hash {
			t.Errorf("survivors differ:\n%s, %+v\n%s, %+v", brief(a), a.Certificate, brief(one), c)
		}
		var kinds []string
		for _, l := range linesOf(t, s.out.bytes()) {
			switch l.Type {
			case "loss":
				if l.Cause != "nobody has it" {
					t.Errorf("offsets %d to %d are lost: %s", *l.From, *l.To, l.Cause)
				}
			case "message":
			case "silent":
				if l.Certificate == nil || l.Certificate.Hash != c.Hash {
					t.Errorf("the event has %+v", l.Certificate)
				}
				fallthrough
			default:
				kinds = append(kinds, l.Type)
			}
		}
		if got := strings.Join(kinds, " "); got != "new inquest silent" {
			t.Errorf("its events are %s", got)
		}
	}
}
