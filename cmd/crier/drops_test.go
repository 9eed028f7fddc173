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

	"crier/multicast"
	"crier/publisher"
	"crier/reliable/frame"
	"crier/reliable/send"
	"crier/subscriber"
)

// throw sends datagrams to an address, from a port of its own on the loopback
// interface.
func throw(t *testing.T, to string, datagrams ...[]byte) {
	t.Helper()
	conn, err := multicast.Kernel.Socket(multicast.SocketConfig{
		Interface: "127.0.0.1", Group: netip.MustParseAddrPort(defaultGroup), TTL: 1, Logger: newLogger("test", newCapture(), false),
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
	b := e.Append(nil, &frame.Frame{Kind: frame.Heartbeat, Session: 7, NextSeq: 1, Interval: time.Second})
	b[1] = 2
	body := b[:len(b)-6] // the tag is a bin of 4 bytes
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
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
	sub.wait(exitError)
	for _, want := range []string{
		"dropped 1 datagram that held no crier frame, or a damaged one\n",
		"dropped 2 frames that only a newer crier understands\n",
		"within 4s: 3 datagrams came, none of them a frame that this crier understands\n",
	} {
		if !strings.Contains(sub.err.String(), want) {
			t.Errorf("%q is missing in\n%s", want, sub.err)
		}
	}
	if sum := summaryOf[subSummary](t, file); sum.InvalidDatagrams != 1 || sum.NewerFrames != 2 || sum.dropCounts != (dropCounts{NewerFrames: 2}) {
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
	from := regexp.MustCompile(`session \w+ from (\S+) is heard`).FindStringSubmatch(sub.err.String())
	if from == nil {
		t.Fatal(sub.err)
	}
	throw(t, from[1], fromTheFuture(), []byte("hello"), []byte("world"))
	n := sub.out.count("\n")
	sub.await(sub.out, "\n", n+20) // so that it has read them
	pub.stop()
	pub.wait(exitOK)
	sub.wait(exitOK)
	for _, want := range []string{
		"  dropped 2 datagrams that held no crier frame, or a damaged one\n",
		"  dropped 1 frame that only a newer crier understands\n",
	} {
		if !strings.Contains(pub.err.String(), want) {
			t.Errorf("%q is missing in\n%s", want, pub.err)
		}
	}
	if p := decodeSummary[pubSummary](t, pub.out.bytes()); p.InvalidDatagrams != 2 || p.NewerFrames != 1 {
		t.Errorf("%+v", p)
	}
}

// Each counter has a line, and none that is 0.
func TestDropText(t *testing.T) {
	var st subscriber.Stats
	st.Newer, st.Foreign, st.Refused, st.Unexpected, st.OtherChannel, st.Stats.Invalid = 1, 2, 3, 4, 5, 6
	st.Groups = []multicast.ConnStats{{Misdirected: 3, Truncated: 1}, {Misdirected: 3, Truncated: 1}}
	st.Socket.Misdirected, st.Socket.Truncated = 1, 6
	d := subDrops(&st)
	text := d.text(9999, false)
	for _, want := range []string{
		"9,999 datagrams that held", "1 frame that only", "2 frames of a session from another", "3 frames of new", "4 frames of a session not",
		"5 frames of a channel", "6 repairs with", "7 datagrams to another", "8 datagrams larger",
	} {
		if !strings.Contains(text, "dropped "+want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n != 9 || d.understood() != 20 {
		t.Errorf("%d lines, %d understood:\n%s", n, d.understood(), text)
	}
	d = pubDrops(&publisher.Stats{Stats: send.Stats{Foreign: 3}})
	if text, want := d.text(0, true), "dropped 3 frames of a subscriber from another address"; !strings.HasPrefix(text, want) {
		t.Errorf("%q, and should begin with %q", text, want)
	}
	for _, c := range []struct {
		moved, contested uint64
		want             string
	}{
		{0, 0, "its own: a forger's, or the publisher has changed its address\n"},
		{0, 9, "its own: a forger's, or the publisher has changed its address\n"},
		{1, 0, "its own: the publisher has changed its address, and was followed there once that was sure\n"},
		{1, 9, "its own: a forger's, or the publisher has changed its address, and was followed"},
	} {
		d := dropCounts{ForeignFrames: 5, moved: c.moved, contested: c.contested}
		if text := d.text(0, false); !strings.Contains(text, c.want) {
			t.Errorf("%q, and should have %q", text, c.want)
		}
	}
	var none dropCounts
	if text := none.text(0, true); text != "" {
		t.Error(text)
	}
}

// The kernel's drops are followed by what would help: not by a sysctl where all was
// granted.
func TestKernelDropText(t *testing.T) {
	for _, c := range []struct {
		granted int
		want    string
	}{
		{208 << 10, "the kernel dropped 12 datagrams for want of receive buffer: it granted 208KiB of the 8MiB asked for; as root, sysctl -w net.core.rmem_max=8388608 "},
		{8 << 20, "the kernel dropped 12 datagrams for want of receive buffer, which has the 8MiB asked for; a larger --read-buffer "},
		{0, "the kernel dropped 12 datagrams for want of receive buffer; a larger --read-buffer "},
	} {
		var k kernelDrops
		k.add(0, 1)
		k.add(7, 1<<30)
		k.add(5, c.granted)
		if got := k.text(8 << 20); !strings.HasPrefix(got, c.want) || strings.Count(got, "\n") != 1 {
			t.Errorf("granted %d: %q", c.granted, got)
		}
	}
	var none kernelDrops
	if text := none.text(8 << 20); text != "" {
		t.Error(text)
	}
}

// A publisher says when it was asked for more than it held, and of datagrams that
// the kernel refused only what is true.
func TestPubText(t *testing.T) {
	o := pubOptions{resend: 64 << 10}
	var st publisher.Stats
	st.Accepted, st.Statuses = 5, 1
	st.Socket.SendErrors = 3
	text := o.pubText(7, st, pubTimes{published: time.Second, sent: time.Second}, 0, false)
	if !strings.Contains(text, "refused 3 datagrams, none of them with messages\n") || strings.Contains(text, "longer held") {
		t.Error(text)
	}
	st.Nacks, st.Refused, st.Responder.Gone, st.Invalid = 1, 2, 2000, 4
	text = o.pubText(7, st, pubTimes{published: time.Second, sent: time.Second}, 0, false)
	for _, want := range []string{
		"refused 3 datagrams, 2 of them with messages; subscribers had to ask", "asked for 2,000 times that were no longer held", "--rate", "--resend-buffer, now 64KiB",
		"\n  dropped 4 datagrams",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// The help names every cause.
func TestHelpNamesTheCauses(t *testing.T) {
	page := subCommand().page()
	for c := subscriber.Cause(1); !strings.HasPrefix(c.String(), "cause "); c++ {
		if !strings.Contains(page, "  "+c.String()+"  ") {
			t.Errorf("crier help sub doesn't explain %q", c)
		}
	}
}
