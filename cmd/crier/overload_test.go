//go:build linux

package main

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"crier/cmd/crier/cli"
)

// A subscriber that is stopped holds a producer that keeps the slowest one's pace
// for the stall timeout, and not longer. Once it goes on it is told what it lost,
// counts again, and holds nobody anew.
func TestStoppedSubscriberHoldsForTheStallTimeout(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some 6 s")
	}
	t.Parallel()
	group, dir := testGroup(t), t.TempDir()
	sub := func(name string) *tool {
		return spawn(t, nil, on(group, "sub", "--name", name, "--read-buffer", "64KiB", "--format",
			"json", "--until-end", "--summary", filepath.Join(dir, name))...).listening()
	}
	well, stopped := sub("well"), sub("stopped")
	pub := spawn(t, nil, on(group, "pub", "--rate", "2000", "--size", "1000", "--pace", "slowest",
		"--resend-buffer", "1MiB",
		"--stall-timeout", "2s", "--wait-for", "2", "--summary", "-")...)
	stopped.await(stopped.out, `"message"`, 1000)
	stopped.signal(syscall.SIGSTOP)
	pub.await(pub.err, "held the others back", 1)
	// What its socket and the resend buffer hold is all that it can still get: let it
	// lose something.
	n := well.out.count(`"message"`)
	well.await(well.out, `"message"`, n+3000)
	stopped.signal(syscall.SIGCONT)
	pub.await(pub.err, "counts again", 1)
	n = stopped.out.count(`"message"`)
	stopped.await(stopped.out, `"message"`, n+3000) // three times the resend buffer
	pub.stop()
	pub.wait(cli.ExitOK)
	well.wait(cli.ExitOK)
	stopped.wait(cli.ExitLost)

	p := decodeSummary[pubSummary](t, pub.out.bytes())
	held := time.Duration(p.Counters.N("blocked_by_subscribers_ns"))
	// How much longer it may hold them, TestStoppedSubscriberIsEvicted of testnet/world knows, in
	// virtual time: here the machine may be slow.
	if p.Counters.N("subscribers_evicted") != 1 || held < 2*time.Second {
		t.Errorf("subscribers were evicted %d times, and held the producer for %v",
			p.Counters.N("subscribers_evicted"), held)
	}
	for _, s := range []*tool{well, stopped} {
		sum := summaryOf[subSummary](t, s.flag("--summary"))
		wantSum(t, sum)
		one := sum.Sessions[0]
		if one.End != "bye" || one.FirstOffset != 0 || one.NextOffset != p.Counters.N("accepted") ||
			(one.Lost > 0) != (s == stopped) {
			t.Errorf("%s", brief(one))
		}
		for _, l := range one.Losses {
			if l.Cause != "no longer held" {
				t.Errorf("%+v", l)
			}
		}
	}
	t.Logf("the producer was held for %v", held)
}

// A consumer at a tenth of the producer's speed, whose pace counts: ten times what
// the buffers of both ends hold passes through, nothing is lost, and neither end
// takes more memory than a tool that does nothing, its buffers, and as much again.
func TestSlowestHoldsTheProducerWithinBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some 6 s")
	}
	t.Parallel()
	const count, buffer = 20_000, 1 << 20
	group, dir := testGroup(t), t.TempDir()
	slow := newTool(t, on(group, "sub", "--name", "slow", "--work", "250us", "--buffer", "1MiB",
		"--until-end", "--summary", filepath.Join(dir, "slow")))
	slow.process(nil, nil)
	slow.listening()
	pub := spawn(t, nil, on(group, "pub", "--count", "20000", "--rate", "40000", "--size", "1000",
		"--pace", "slowest",
		"--resend-buffer", "1MiB", "--wait-for", "1", "--summary", "-")...)
	idle := spawn(t, nil, "version").wait(cli.ExitOK)
	pub.wait(cli.ExitOK)
	slow.wait(cli.ExitOK)

	p := decodeSummary[pubSummary](t, pub.out.bytes())
	sum := summaryOf[subSummary](t, slow.flag("--summary"))
	wantSum(t, sum)
	if one := sum.Sessions[0]; p.Counters.N("accepted") != count || one.Delivered != count ||
		one.Lost != 0 || p.Counters.N("blocked_by_subscribers_ns") == 0 {
		t.Errorf("%s, held %v", brief(one),
			p.Counters.N("blocked_by_subscribers_ns"))
	}
	// 512 frames wait, of 250 us and more
	if one := sum.Sessions[0]; one.Taken.P50 < one.Latency.P50 || one.Taken.Max < 50_000_000 {
		t.Errorf("%+v until received, %+v until taken", one.Latency, one.Taken)
	}
	base := rss(idle)
	for _, c := range []*tool{pub, slow} {
		if most := rss(c); most > 2*base+4*buffer {
			t.Errorf("crier %s took %d KiB, and one that does nothing %d KiB", c.args,
				most>>10, base>>10)
		}
	}
	t.Logf("resident at most: %d KiB at the publisher, %d KiB at the subscriber, %d KiB where "+
		"nothing is done", rss(pub)>>10, rss(slow)>>10, base>>10)
}

// rss is the most memory that a process that has ended was in, in bytes.
func rss(c *tool) int64 {
	return int64(c.cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) << 10
}
