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
	for range 3 { // a busy machine may keep one of them from what the others say
		if survive(t) {
			return
		}
	}
	t.Error("they never agreed")
}

// survive has a publisher killed, and looks at its survivors. It reports false where they did not
// all agree.
func survive(t *testing.T) bool {
	t.Helper()
	pub, subs := dying(t, testGroup(t), "--drop", "0.2", "--history", "1MiB")
	pub.signal(syscall.SIGKILL)
	var first *subSummary
	for _, s := range subs {
		<-s.ended
	}
	for _, s := range subs {
		sum := summaryOf[subSummary](t, s.flag("--summary"))
		wantSum(t, sum)
		one := sum.Sessions[0]
		c := one.Certificate
		if c == nil || c.Number != 1 || c.Counted != 3 {
			t.Fatalf("certificate %+v\n%s", c, s.err)
		}
		if !c.Agreed || len(c.Members) != 3 {
			t.Logf("once more, after %+v", c)
			return false
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
		s.judgeInquest(c.Hash)
	}
	return true
}

// judgeInquest looks for the events of an inquest among those that a subscriber printed.
func (s *tool) judgeInquest(hash string) {
	s.t.Helper()
	var kinds []string
	for _, l := range linesOf(s.t, s.out.bytes()) {
		switch {
		case l.Type == "loss" && l.Cause != "nobody has it":
			s.t.Errorf("offsets %d to %d are lost: %s", *l.From, *l.To, l.Cause)
		case l.Type != "loss" && l.Type != "message":
			kinds = append(kinds, l.Type)
		}
		if l.Type == "silent" && (l.Certificate == nil || l.Certificate.Hash != hash) {
			s.t.Errorf("the event has %+v", l.Certificate)
		}
	}
	if got := strings.Join(kinds, " "); got != "new inquest silent" {
		s.t.Errorf("its events are %s", got)
	}
}
