package main

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
	"crier/multicast"
	"crier/reliable/frame"
)

// throw sends datagrams to an address, from a port of its own on the loopback
// interface.
func throw(t *testing.T, to string, datagrams ...[]byte) {
	t.Helper()
	conn, err := multicast.Kernel.Socket(multicast.SocketConfig{
		Interface: "127.0.0.1", Group: netip.MustParseAddrPort(netflags.DefaultGroup), TTL: 1,
		Logger: cli.NewLogger("test", newCapture(), false),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, b := range datagrams {
		if _, err := conn.Write(netip.MustParseAddrPort(to), b, len(b)); err != nil {
			t.Fatal(err)
		}
	}
}

// fromTheFuture is a frame of version 2, sealed as version 1 does it.
func fromTheFuture() []byte {
	var e frame.Encoder
	b := e.Append(nil, &frame.Frame{Kind: frame.Heartbeat, Session: 7, NextSeq: 1,
		Interval: time.Second})
	b[1] = 2
	body := b[:len(b)-6] // the tag is a bin of 4 bytes
	binary.BigEndian.PutUint32(b[len(b)-4:],
		crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// A subscriber that only hears what it doesn't understand says so, each kind by
// its name.
func TestNothingUnderstood(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	file := filepath.Join(t.TempDir(), "s")
	sub := start(t, nil, on(group, "sub", "--timeout", "4s", "--summary", file)...).listening()
	throw(t, group[1], fromTheFuture(), fromTheFuture(), []byte("hello"))
	sub.wait(cli.ExitError)
	for _, want := range []string{
		"dropped 1 datagram that held no crier frame, or a damaged one\n",
		"dropped 2 frames that only a newer crier understands\n",
		"within 4s: 3 datagrams came, none of them a frame that this crier understands\n",
	} {
		if !strings.Contains(sub.err.String(), want) {
			t.Errorf("%q is missing in\n%s", want, sub.err)
		}
	}
	if sum := summaryOf[subSummary](t, file); sum.Counters.N("invalid_datagrams") != 1 ||
		sum.Counters.N("newer_frames") != 2 || sum.Counters.Understood() > 0 ||
		sum.Counters.N("misdirected_datagrams")+sum.Counters.N("truncated_datagrams") > 0 {
		t.Errorf("%+v", sum)
	}
}

// A publisher does the same.
func TestPublisherDrops(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub", "--until-end")...).listening()
	pub := start(t, nil, on(group, "pub", "--rate", "100", "--summary", "-")...)
	sub.await(sub.err, "is heard", 1)
	from := regexp.MustCompile(
		`session \w+ from (\S+) is heard`).FindStringSubmatch(sub.err.String())
	if from == nil {
		t.Fatal(sub.err)
	}
	throw(t, from[1], fromTheFuture(), []byte("hello"), []byte("world"))
	n := sub.out.count("\n")
	sub.await(sub.out, "\n", n+20) // so that it has read them
	pub.stop()
	pub.wait(cli.ExitOK)
	sub.wait(cli.ExitOK)
	for _, want := range []string{
		"  dropped 2 datagrams that held no crier frame, or a damaged one\n",
		"  dropped 1 frame that only a newer crier understands\n",
	} {
		if !strings.Contains(pub.err.String(), want) {
			t.Errorf("%q is missing in\n%s", want, pub.err)
		}
	}
	if p := decodeSummary[pubSummary](t, pub.out.bytes()); p.Counters.N("invalid_datagrams") != 2 ||
		p.Counters.N("newer_frames") != 1 {
		t.Errorf("%+v", p)
	}
}
