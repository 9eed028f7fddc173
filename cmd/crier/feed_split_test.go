package main

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// iextp is an IEX-TP datagram.
func iextp(sequence uint64, messages ...string) string {
	var body []byte
	for _, m := range messages {
		body = binary.LittleEndian.AppendUint16(body, uint16(len(m)))
		body = append(body, m...)
	}
	b := []byte{1, 0, 4, 0x80, 1, 0, 0, 0, 0, 0, 0xb0, 0x4c}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(body)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(messages)))
	b = binary.LittleEndian.AppendUint64(b, 0)
	b = binary.LittleEndian.AppendUint64(b, sequence)
	b = binary.LittleEndian.AppendUint64(b, 1696246474223823730)
	return string(append(b, body...))
}

// mold is a MoldUDP64 datagram.
func mold(sequence uint64, messages ...string) string {
	b := binary.BigEndian.AppendUint64([]byte("SESSION001"), sequence)
	b = binary.BigEndian.AppendUint16(b, uint16(len(messages)))
	for _, m := range messages {
		b = binary.BigEndian.AppendUint16(b, uint16(len(m)))
		b = append(b, m...)
	}
	return string(b)
}

// moldOver is the datagram that ends a MoldUDP64 session.
func moldOver(sequence uint64) string {
	return strings.TrimSuffix(mold(sequence), "\x00\x00") + "\xff\xff"
}

// split opens a feed of datagrams, one each millisecond, and drains it.
func split(t *testing.T, how string, datagrams ...string) ([]feedMessage, error) {
	t.Helper()
	var ps []packet
	for i, d := range datagrams {
		ps = append(ps, packet{at: time.Duration(i) * time.Millisecond, data: datagram(t, d)})
	}
	path := writeFeed(t, "feed", pcap(t, layers.LinkTypeEthernet, ps...))
	f, err := openFeed(feedOptions{From: path, Format: "pcap", Split: how}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return drainFeed(f)
}

// Each message inside has its datagram's time, since the first one's;
// heartbeats have no messages, and the feed doesn't begin with them.
func TestSplit(t *testing.T) {
	want := []feedMessage{{0, "one"}, {0, ""}, {0, "three"}, {2e6, "four"}}
	got, err := split(t, "iextp", iextp(1), iextp(1, "one", "", "three"), iextp(4), iextp(4, "four"), iextp(5))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("iextp: got %v, %v", got, err)
	}
	got, err = split(t, "moldudp64", mold(1), mold(1), mold(1, "one", "", "three"), mold(4), mold(4, "four"), moldOver(5))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("moldudp64: got %v, %v", got, err)
	}
}

func TestSplitOfLengthsAndGzip(t *testing.T) {
	content := zipped(lens(iextp(1, "one", "two"), iextp(3, "three")))
	f, err := openFeed(feedOptions{From: "-", Format: "len", Split: "iextp"}, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	got, err := drainFeed(f)
	if err != nil || !slices.Equal(got, []feedMessage{{-1, "one"}, {-1, "two"}, {-1, "three"}}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// changed is a datagram with other bytes from place n on.
func changed(datagram string, n int, bytes string) string {
	return datagram[:n] + bytes + datagram[n+len(bytes):]
}

// A damaged datagram is named, and nothing of it is sent.
func TestSplitOfDamagedDatagrams(t *testing.T) {
	iex, mo := iextp(1, "one", "two"), mold(1, "one", "two")
	for _, c := range []struct{ split, datagram, want string }{
		{"iextp", "", "it has 0 bytes, fewer than the header of IEX-TP (40)"},
		{"iextp", iex[:39], "it has 39 bytes, fewer than the header of IEX-TP (40)"},
		{"iextp", changed(iex, 0, "\x02"), "it says version 2 of IEX-TP instead of 1"},
		{"iextp", mo + mo, "it says version 83 of IEX-TP"},
		{"iextp", iex[:len(iex)-1], "its header says 10 bytes of messages, but there are 9"},
		{"iextp", iex + "x", "its header says 10 bytes of messages, but there are 11"},
		{"iextp", changed(iex, 14, "\x03"), "message 3 of its 3 runs over its end"},
		{"iextp", changed(iex, 14, "\x01"), "5 bytes are left over behind its 1 messages"},
		{"iextp", changed(iex, 40, "\x09"), "message 1 of its 2 runs over its end"},
		{"iextp", changed(iex, 45, "\xff\xff"), "message 2 of its 2 runs over its end"},
		{"moldudp64", mo[:19], "it has 19 bytes, fewer than the header of MoldUDP64 (20)"},
		{"moldudp64", mo[:len(mo)-1], "message 2 of its 2 runs over its end"},
		{"moldudp64", mo + "x", "1 bytes are left over behind its 2 messages"},
		{"moldudp64", moldOver(1) + "xx", "2 bytes are left over behind its 0 messages"},
		{"moldudp64", changed(mo, 18, "\xff\xfe"), "message 3 of its 65534 runs over its end"},
	} {
		good := iextp(1, "good")
		if c.split == "moldudp64" {
			good = mold(1, "good")
		}
		got, err := split(t, c.split, good, good, c.datagram, good)
		wantSentence(t, err, "feed: packet 3 can't be split by "+c.split+" ("+c.want, "leave --split out")
		if len(got) != 2 {
			t.Errorf("%s: got %v before the error", c.want, got)
		}
	}
}

func TestSplitMakesNoGarbage(t *testing.T) {
	content := strings.Repeat(lens(iextp(1, "one", "two"), iextp(3)), 1000)
	f, err := openFeed(feedOptions{From: writeFeed(t, "feed", content), Format: "len", Split: "iextp"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	wantNoAllocs(t, f)
}

// What can be split, put together again gives the same body.
func FuzzSplit(f *testing.F) {
	for _, d := range []string{"", iextp(1), iextp(1, "one", "", "three"), iextp(1, "one")[:41], mold(1), mold(1, "one", "", "three"), moldOver(9)} {
		f.Add([]byte(d))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := openIEXTP(b); err == nil {
			if again := iextp(e.sequence, takeAll(t, e)...); again[iextpHeader:] != string(b[iextpHeader:]) || again[12:16] != string(b[12:16]) {
				t.Fatalf("%q became %q", b, again)
			}
		}
		if e, err := openMoldUDP64(b); err == nil {
			if again := mold(e.sequence, takeAll(t, e)...); again[moldHeader:] != string(b[moldHeader:]) {
				t.Fatalf("%q became %q", b, again)
			}
		}
	})
}

func takeAll(t *testing.T, e envelope) (messages []string) {
	for range e.count {
		m, ok := e.take()
		if !ok {
			t.Fatal("a checked envelope lacks a message")
		}
		messages = append(messages, string(m))
	}
	return messages
}
