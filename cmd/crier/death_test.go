//go:build unix

package main

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
)

// dying starts subscribers of a group, with losses of their own, and a publisher of 1,000
// messages a second in a process of its own that they have heard.
func dying(t *testing.T, group []string, flags ...string) (pub *tool, subs []*tool) {
	t.Helper()
	dir := t.TempDir()
	for i := range 3 {
		args := append([]string{"--format", "json", "--until-end", "--summary",
			filepath.Join(dir, string(rune('a'+i))), "--drop-seed", fmt.Sprint(i + 1)}, flags...)
		subs = append(subs, start(t, nil, on(group, "sub", args...)...).listening())
	}
	pub = spawn(t, nil, on(group, "pub", "--rate", "1000", "--size", "200", "--seed", "1")...)
	for _, s := range subs {
		s.await(s.out, `"message"`, 500)
	}
	return pub, subs
}

// A publisher that is killed in mid-stream ends as silent, at every subscriber,
// after the silence time; each has or names all that it has evidence of.
func TestPublisherKilled(t *testing.T) {
	t.Parallel()
	pub, subs := dying(t, testGroup(t), "--drop", "0.05")
	pub.signal(syscall.SIGKILL)
	for _, s := range subs {
		<-s.ended
		sum := summaryOf[subSummary](t, s.flag("--summary"))
		wantSum(t, sum)
		if len(sum.Sessions) != 1 {
			t.Fatalf("%d sessions", len(sum.Sessions))
		}
		one := sum.Sessions[0]
		if s.exit != cli.ExitLost || one.End != "silent" || one.FirstOffset != 0 ||
			one.Delivered < 500 {
			t.Errorf("exit code %d, %s", s.exit, brief(one))
		}
		var heard, silent int64
		next := uint64(0)
		for _, l := range linesOf(t, s.out.bytes()) {
			switch l.Type {
			case "message":
				if *l.Offset != next {
					t.Fatalf("offset %d where %d is due", *l.Offset, next)
				}
				if next++; !*l.Recovered { // what survivors had comes after the silence
					heard = max(heard, l.Received)
				}
			case "loss":
				if *l.From != next {
					t.Fatalf("a loss from %d where %d is due", *l.From, next)
				}
				next = *l.To
			case "silent":
				silent = l.Received
			}
		}
		if next != one.NextOffset {
			t.Errorf("the stream ends with %d, the summary with %d", next, one.NextOffset)
		}
		// Frames that a gap held back came before the last that was heard.
		if after := time.Duration(silent - heard); after < 2*time.Second {
			t.Errorf("silent %v after the last message", after)
		}
		t.Logf("silent %v after the last message; %d delivered, %d lost",
			time.Duration(silent-heard), one.Delivered, one.Lost)
	}
}

// A publisher that is started again is another session, and nothing of the two
// mixes.
func TestPublisherRestarted(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	pub, subs := dying(t, group, "--drop", "0.05", "--silence", "3s")
	pub.signal(syscall.SIGKILL)
	again := spawn(t, nil, on(group, "pub", "--count", "500", "--rate", "1000", "--size", "200",
		"--seed", "2", "--summary", "-")...).wait(cli.ExitOK)
	second := decodeSummary[pubSummary](t, again.out.bytes()).Session
	for _, s := range subs {
		<-s.ended
		sum := summaryOf[subSummary](t, s.flag("--summary"))
		wantSum(t, sum)
		if len(sum.Sessions) != 2 {
			t.Fatalf("%d sessions", len(sum.Sessions))
		}
		one, two := sum.Sessions[0], sum.Sessions[1]
		if one.End != "silent" || one.Session == second || two.Session != second ||
			two.End != "bye" ||
			two.FirstOffset != 0 || two.NextOffset != 500 || two.Delivered != 500 {
			t.Errorf("%s\n%s", brief(one), brief(two))
		}
		for _, l := range linesOf(t, s.out.bytes()) {
			if l.Type != "message" {
				continue
			}
			seed := uint64(1)
			if l.Session == second {
				seed = 2
			}
			if index, ok := feed.VerifySynth([]byte(*l.Text), seed); !ok || index != *l.Offset {
				t.Fatalf("session %s, offset %d: message %d, %v: %q", l.Session, *l.Offset,
					index, ok, *l.Text)
			}
		}
	}
}

// A publisher that is stopped falls silent; woken, it goes on in the same
// session.
func TestPublisherSuspended(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	file := filepath.Join(t.TempDir(), "s")
	sub := start(t, nil, on(group, "sub", "--format", "json", "--drop", "0.05", "--summary",
		file)...).listening()
	pub := spawn(t, nil, on(group, "pub", "--rate", "1000", "--size", "200", "--summary", "-")...)
	sub.await(sub.out, `"message"`, 500)
	pub.signal(syscall.SIGSTOP)
	sub.await(sub.out, `"silent"`, 1)
	pub.signal(syscall.SIGCONT)
	sub.await(sub.out, `"resumed"`, 1)
	n := sub.out.count(`"message"`)
	sub.await(sub.out, `"message"`, n+500)
	pub.stop()
	pub.wait(cli.ExitOK)
	sub.await(sub.out, `"ended"`, 1)
	sub.stop()
	<-sub.ended
	sum := summaryOf[subSummary](t, file)
	wantSum(t, sum)
	p := decodeSummary[pubSummary](t, pub.out.bytes())
	if one := sum.Sessions[0]; len(sum.Sessions) != 1 || one.Session != p.Session ||
		one.End != "bye" || one.FirstOffset != 0 || one.NextOffset != p.Counters.N("accepted") {
		t.Errorf("%s, %+v", brief(one), p)
	}
	state := ""
	next := uint64(0)
	for _, l := range linesOf(t, sub.out.bytes()) {
		switch l.Type {
		case "message":
			if *l.Offset != next || state == "silent" {
				t.Fatalf("offset %d where %d is due, state %s", *l.Offset, next, state)
			}
			next++
		case "loss":
			next = *l.To
		default:
			state = l.Type
		}
	}
	if next != p.Counters.N("accepted") || state != "ended" {
		t.Errorf("the stream ends with %d of %d, %s", next, p.Counters.N("accepted"), state)
	}
}

// A second interrupt, once the first is some time ago, ends a publisher that is still
// repairing.
func TestSecondInterrupt(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub")...).listening()
	pub := spawn(t, nil, on(group, "pub", "--rate", "100")...)
	sub.await(sub.err, "is heard", 1)
	pub.signal(syscall.SIGINT)
	pub.await(pub.err, "interrupt again", 1)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for over := false; !over; {
		select {
		case <-again.C:
			pub.cmd.Process.Signal(syscall.SIGINT)
		case <-pub.ended:
			over = true
		}
	}
	if status := pub.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() ||
		status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v: %s", pub.cmd.ProcessState, pub.err)
	}
}
