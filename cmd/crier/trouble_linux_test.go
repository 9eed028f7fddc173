package main

import (
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/testnet/rig/netns"
)

// dropping is the nft command for a rule that drops what comes to a UDP port.
const dropping = "nft add rule ip t in udp dport "

// filtered is inNetwork with a packet filter, which drops what comes to a port unless that is
// empty.
func filtered(t *testing.T, port string) bool {
	t.Helper()
	if !inNetwork(t) {
		return false
	}
	netns.Prepare(t, "nft add table ip t")
	netns.Prepare(t, "nft add chain ip t in { type filter hook input priority 0 ; }")
	if port != "" {
		netns.Prepare(t, dropping+port+" drop")
	}
	return true
}

// wantFlowing wants words to be in what was printed, wherever its lines break.
func wantFlowing(t *testing.T, c *capture, words ...string) {
	t.Helper()
	text := flowing(c)
	for _, want := range words {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, c)
		}
	}
}

// Where what comes to the group is dropped, the subscriber finds the rule, and what lets it
// through.
func TestGroupIsDropped(t *testing.T) {
	t.Parallel()
	if !filtered(t, "7700") {
		return
	}
	sub := start(t, nil, "sub", "--iface", "b0")
	start(t, nil, "pub", "--iface", "a0", "--rate", "1000")
	sub.await(sub.err, "next ", 1)
	sub.stop()
	sub.wait(cli.ExitError)
	wantFlowing(t, sub.err, "for N s: no datagram came at all problem firewall: ",
		"nft insert rule ip t in ip daddr 239.77.0.1 udp dport",
		"ruled out interface: b0 is up", "ruled out membership: 239.77.0.1 is joined on b0",
		"ruled out rp_filter", "next crier doctor --iface b0 --group 239.77.0.1:7700")
}

// Where NACKs and reports don't reach the publisher, both ends tell, and each what it knows.
func TestWayBackIsBlocked(t *testing.T) {
	t.Parallel()
	if !filtered(t, "7701") {
		return
	}
	sub := start(t, nil, "sub", "--iface", "b0", "--until-end", "--drop", "0.1",
		"--control-port", "7702").listening()
	pub := start(t, nil, "pub", "--iface", "a0", "--rate", "200", "--control-port", "7701")
	sub.await(sub.err, "next ", 1)
	pub.await(pub.err, "next ", 1)
	pub.stop()
	pub.wait(cli.ExitOK)
	sub.wait(cli.ExitLost)
	wantFlowing(t, sub.err, " NACKs and no answer for N s, and its publisher knows no subscriber: "+
		"UDP from 10.1.0.2:7702 to 10.1.0.1:7701 seems blocked",
		"next crier doctor --iface b0 --group 239.77.0.1:7700 --to 10.1.0.1")
	wantFlowing(t, pub.err, "no subscriber has been heard for N s on 239.77.0.1:7700 by interface "+
		"a0: no report and no NACK has come to 10.1.0.1:7701",
		"problem firewall: ", "nft insert rule ip t in udp dport 7701 accept")
	if strings.Contains(sub.err.String(), "hears this subscriber now") {
		t.Error(sub.err)
	}
}

// Where repairs don't reach a subscriber, both ends tell.
func TestRepairsAreBlocked(t *testing.T) {
	t.Parallel()
	if !filtered(t, "7702") {
		return
	}
	sub := start(t, nil, "sub", "--iface", "b0", "--until-end", "--drop", "0.1", "--name", "deaf",
		"--control-port", "7702").listening()
	pub := start(t, nil, "pub", "--iface", "a0", "--rate", "1000", "--control-port", "7701")
	sub.await(sub.err, "next ", 1)
	pub.await(pub.err, "next ", 1)
	pub.stop()
	<-pub.ended // what is asked for may be cut short
	sub.wait(cli.ExitLost)
	wantFlowing(t, pub.err,
		"subscriber deaf (10.1.0.2:7702) asks, and repairs don't reach it: of ")
	wantFlowing(t, sub.err, "and its publisher knows 1 subscriber: UDP from 10.1.0.2:7702 to "+
		"10.1.0.1:7701 seems blocked, or the way back")
}

// A subscriber whose pace counts, and that is cut off, is named while it is, and when it is
// heard again.
func TestCutOff(t *testing.T) {
	t.Parallel()
	if !filtered(t, "") {
		return
	}
	sub := start(t, nil, "sub", "--iface", "b0", "--name", "one", "--until-end").listening()
	in, feed := osPipe(t)
	pub := start(t, in, "pub", "--iface", "a0", "--pace", "slowest", "--from", "-",
		"--control-port", "7701")
	feed.WriteString("1\n")
	sub.await(sub.out, "1\n", 1)
	netns.Run(t, dropping+"7701 drop")
	pub.await(pub.err, "subscriber one (", 1)
	netns.Run(t, "nft flush chain ip t in")
	pub.await(pub.err, "is heard again", 1)
	feed.Close()
	pub.wait(cli.ExitOK)
	sub.wait(cli.ExitOK)
	// It was at offset 1 if it said so before it was cut off.
	wantFlowing(t, pub.err, "), whose pace counts, has not been heard for ", "it was at offset ",
		"problem firewall: ", "nft insert rule ip t in udp dport 7701 accept")
}
