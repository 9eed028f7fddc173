package main

import (
	"fmt"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/testnet/rig/netns"
)

// inNetwork runs the test again in a process of its own, in a network namespace with
// two interfaces that lead to each other, a0 (10.1.0.1) and b0 (10.1.0.2), and nowhere
// else; it reports true there.
func inNetwork(t *testing.T) bool {
	t.Helper()
	if !netns.Again(t, beTool+"=") {
		return false
	}
	for _, c := range []string{
		"ip link add a0 type veth peer name b0",
		// Both ends are this host's, which a host doesn't believe by default.
		"sysctl -qw net.ipv4.conf.a0.accept_local=1 net.ipv4.conf.b0.accept_local=1",
		"sysctl -qw net.ipv4.conf.a0.rp_filter=0 net.ipv4.conf.b0.rp_filter=0 " +
			"net.ipv4.conf.all.rp_filter=0",
		"ip addr add 10.1.0.1/24 dev a0", "ip addr add 10.1.0.2/24 dev b0",
		"ip link set a0 up", "ip link set b0 up",
	} {
		netns.Prepare(t, c)
	}
	return true
}

// A publisher's address that changes in mid-stream costs nothing: it goes on from the
// new one, on its port, and what left from none is asked for.
func TestAddressChanges(t *testing.T) {
	t.Parallel()
	if !inNetwork(t) {
		return
	}
	sub := start(t, nil, "sub", "--iface", "b0", "--until-end", "--silence", "10s",
		"--summary", t.TempDir()+"/sub").listening()
	pub := start(t, nil, "pub", "--iface", "a0", "--count", "400", "--rate", "200",
		"--control-port", "7777")
	sub.await(sub.out, "\n", 100)
	for _, c := range []string{"ip addr flush dev a0", "ip addr add 10.1.0.9/24 dev a0"} {
		netns.Run(t, c)
	}
	pub.wait(cli.ExitOK)
	sub.wait(cli.ExitOK)
	if n := sub.out.count("\n"); n != 400 {
		t.Errorf("%d messages, want 400", n)
	}
	const moved = "previous address 10.1.0.1:7777, address 10.1.0.9:7777"
	if !strings.Contains(pub.err.String(), moved) {
		t.Errorf("%s\nhas no %q", pub.err, moved)
	}
	for _, want := range []string{
		"from 10.1.0.9:7777 goes on", "the publisher has changed its address, and was followed",
	} {
		if !strings.Contains(sub.err.String(), want) {
			t.Errorf("%s\nhas no %q", sub.err, want)
		}
	}
	if strings.Contains(sub.err.String(), "forger") {
		t.Errorf("nobody forged anything: %s", sub.err)
	}
	sum := summaryOf[subSummary](t, sub.flag("--summary"))
	foreign := sum.Counters.N("foreign_frames")
	if source := sum.Sessions[0].Source; foreign == 0 || source != "10.1.0.9:7777" {
		t.Errorf("%d frames from elsewhere, and its source is %s", foreign, source)
	}
}

// Who is told that nothing passes any more is told when it does again, and that datagrams
// are as large as before.
func TestReachComesBack(t *testing.T) {
	t.Parallel()
	if !inNetwork(t) {
		return
	}
	sub := start(t, nil, "sub", "--iface", "b0").listening()
	in, _ := osPipe(t)
	pub := start(t, in, "pub", "--iface", "a0", "--from", "-")
	sub.await(sub.err, "is heard", 1) // both have a link
	for _, step := range []struct{ command, lost, again string }{
		{"ip link set a0 %s", "down: 0 went down; nothing passes", "up: 0 is back"},
		{"ip link set a0 mtu %s", "1200: the MTU of interface a0 fell",
			"1500: the MTU of interface a0 rose"},
		{"ip addr %s dev a0", "del 10.1.0.1/24: has no address that can",
			"add 10.1.0.1/24: has its address again"},
	} {
		for _, half := range []string{step.lost, step.again} {
			how, words, _ := strings.Cut(half, ": ")
			netns.Run(t, fmt.Sprintf(step.command, how))
			pub.await(pub.err, words, 1)
			if strings.Contains(step.command, "a0 %s") { // without a link the other end has none
				sub.await(sub.err, words, 1)
			}
		}
	}
	sub.stop()
	pub.stop()
}

// An MTU that falls in mid-stream: new frames fit it. What was made before, and is
// missed, is named with its cause, and asked for once; what the kernel refuses counts
// as neither sent nor repaired.
func TestMTUFalls(t *testing.T) {
	t.Parallel()
	if !inNetwork(t) {
		return
	}
	subFile, pubFile := t.TempDir()+"/sub", t.TempDir()+"/pub"
	sub := start(t, nil, "sub", "--iface", "b0", "--until-end", "--drop", "0.1", "--summary",
		subFile).listening()
	pub := start(t, nil, "pub", "--iface", "a0", "--count", "1000", "--rate", "500", "--size",
		"1300", "--summary", pubFile)
	sub.await(sub.out, "\n", 300)
	netns.Run(t, "ip link set a0 mtu 1200")
	<-pub.ended
	<-sub.ended
	sent, got := summaryOf[pubSummary](t, pubFile), summaryOf[subSummary](t, subFile)
	s := got.Sessions[0]
	if s.Delivered+s.Lost != 1000 || s.Delivered < 990 {
		t.Errorf("%d delivered and %d lost of 1,000", s.Delivered, s.Lost)
	}
	for _, l := range s.Losses {
		if l.Cause != "larger than the MTU" {
			t.Errorf("%d to %d: %s", l.From, l.To, l.Cause)
		}
	}
	if sent.Counters.N("repairs_sent") > 1000 || sent.Counters.N("nacks_received") > 1000 ||
		sent.Counters.N("frames_sent") < 1600 {
		t.Errorf("%d repairs, %d NACKs, %d frames", sent.Counters.N("repairs_sent"),
			sent.Counters.N("nacks_received"), sent.Counters.N("frames_sent"))
	}
	if n := strings.Count(pub.err.String(), "the MTU of interface a0 fell"); n != 1 {
		t.Errorf("said %d times: %s", n, pub.err)
	}
}
