package feed

import (
	"encoding/binary"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"crier/cmd/crier/feed/feedtest"
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

// toldReader is a Reader, and what it told.
type toldReader struct {
	*Reader
	told []string
}

// read opens a capture, and drains it.
func read(t *testing.T, opts Options, content string) ([]message, *toldReader, error) {
	t.Helper()
	r := &toldReader{}
	opts.From = feedtest.File(t, "feed", content)
	dir := filepath.Dir(opts.From) + "/"
	opts.Tell = func(text string) { r.told = append(r.told, strings.TrimPrefix(text, dir)) }
	var err error
	if r.Reader, err = Open(opts, nil); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := drainFeed(r)
	r.src.name = "feed"
	return got, r, err
}

// splitAll splits datagrams, one each millisecond, of which there is no error.
func splitAll(t *testing.T, how string, datagrams ...string) ([]message, *toldReader) {
	t.Helper()
	var ps []packet
	for i, d := range datagrams {
		ps = append(ps, packet{at: time.Duration(i) * time.Millisecond, data: datagram(t, d)})
	}
	got, r, err := read(t, Options{Format: "pcap", Split: how},
		pcap(t, layers.LinkTypeEthernet, ps...))
	if err != nil {
		t.Error(err)
	}
	return got, r
}

// split opens a feed of datagrams, one each millisecond, and drains it.
func split(t *testing.T, how string, datagrams ...string) ([]message, error) {
	t.Helper()
	var ps []packet
	for i, d := range datagrams {
		ps = append(ps, packet{at: time.Duration(i) * time.Millisecond, data: datagram(t, d)})
	}
	path := feedtest.File(t, "feed", pcap(t, layers.LinkTypeEthernet, ps...))
	f, err := Open(Options{From: path, Format: "pcap", Split: how}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return drainFeed(f)
}

// Each message inside has its datagram's time, since the first one's;
// heartbeats have no messages, and the feed doesn't begin with them.
func TestSplit(t *testing.T) {
	want := []message{{0, "one"}, {0, ""}, {0, "three"}, {2e6, "four"}}
	got, err := split(t, "iextp", iextp(1), iextp(1, "one", "", "three"), iextp(4),
		iextp(4, "four"), iextp(5))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("iextp: got %v, %v", got, err)
	}
	got, err = split(t, "moldudp64", mold(1), mold(1), mold(1, "one", "", "three"), mold(4),
		mold(4, "four"), moldOver(5))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("moldudp64: got %v, %v", got, err)
	}
}

func TestSplitOfLengthsAndGzip(t *testing.T) {
	content := feedtest.Zipped(lens(iextp(1, "one", "two"), iextp(3, "three")))
	f, err := Open(Options{From: "-", Format: "len", Split: "iextp"}, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	got, err := drainFeed(f)
	if err != nil || !slices.Equal(got, []message{{-1, "one"}, {-1, "two"}, {-1, "three"}}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// changed is a datagram with other bytes from place n on.
func changed(datagram string, n int, bytes string) string {
	return datagram[:n] + bytes + datagram[n+len(bytes):]
}

// What can't be split is left out whole, told with its reason, and counted; the
// others go out.
func TestSplitOfDamagedDatagrams(t *testing.T) {
	iex, mo := iextp(1, "one", "two"), mold(1, "one", "two")
	for _, c := range []struct{ split, datagram, want string }{
		{"iextp", "", "it has 0 bytes, fewer than the header of IEX-TP (40)"},
		{"iextp", iex[:39], "it has 39 bytes, fewer than the header of IEX-TP (40)"},
		{"iextp", changed(iex, 0, "\x02"), "it says version 2 of IEX-TP instead of 1"},
		{"iextp", mo + mo, "it says version 83 of IEX-TP"},
		{"iextp", iex[:len(iex)-1], "its header says 10 bytes of messages, but there are 9"},
		{"iextp", iex + "x", "1 bytes are left over behind its messages"},
		{"iextp", changed(iex, 14, "\x03"), "message 3 of its 3 runs over its end"},
		{"iextp", changed(iex, 14, "\x01"), "5 bytes are left over behind its 1 messages"},
		{"iextp", changed(iex, 40, "\x09"), "message 1 of its 2 runs over its end"},
		{"iextp", changed(iex, 45, "\xff\xff"), "message 2 of its 2 runs over its end"},
		{"moldudp64", mo[:19], "it has 19 bytes, fewer than the header of MoldUDP64 (20)"},
		{"moldudp64", mo[:len(mo)-1], "message 2 of its 2 runs over its end"},
		{"moldudp64", mo + "x", "1 bytes are left over behind its messages"},
		{"moldudp64", mo + strings.Repeat("\x00", 20),
			"20 bytes are left over behind its messages"},
		{"moldudp64", moldOver(1) + "xx", "2 bytes are left over behind its messages"},
		{"moldudp64", changed(mo, 18, "\xff\xfe"), "message 3 of its 65534 runs over its end"},
	} {
		good := iextp
		if c.split == "moldudp64" {
			good = mold
		}
		got, r := splitAll(t, c.split, good(1, "good"), c.datagram, good(2, "good"))
		if want := []message{{0, "good"}, {2e6, "good"}}; !slices.Equal(got, want) {
			t.Errorf("%s: got %v", c.want, got)
		}
		if told := "feed: packet 2 to 239.77.0.1:7700 can't be split by " + c.split +
			", and is left out: " + c.want; len(r.told) != 1 ||
			!strings.HasPrefix(r.told[0], told) {
			t.Errorf("told %q, want %q", r.told, told)
		}
		if s := r.Summary(); !slices.Equal(s.LeftOut, []Count{{"not split by " + c.split, 1}}) {
			t.Errorf("%s: %+v", c.want, s)
		}
	}

	_, err := split(t, "moldudp64", iextp(1), iextp(1, "a"), "stray")
	feedtest.WantSentence(t, err,
		"feed: not one of its 3 datagrams can be split by moldudp64 (the last: it has 5 bytes",
		"give another --split")
}

// What the capturing host merged is taken apart where each part is a whole datagram
// of the same session, and all but the last have one size; else the advice is to
// capture again.
func TestSplitOfMergedDatagrams(t *testing.T) {
	want := []message{{0, "a"}, {1e6, "b"}, {1e6, "c"}, {1e6, ""}, {2e6, "e"}}
	got, r := splitAll(t, "iextp", iextp(1, "a"), iextp(2, "b")+iextp(3, "c")+iextp(4, ""),
		iextp(5, "e"))
	if !slices.Equal(got, want) {
		t.Errorf("iextp: got %v", got)
	}
	if s := r.Summary(); s.Merged != 1 || s.LeftOut != nil || len(s.Sessions) != 1 ||
		s.Sessions[0].Next != 6 || s.Sessions[0].Gaps != 0 {
		t.Errorf("%+v", s)
	}
	if len(r.told) != 1 ||
		!strings.Contains(r.told[0],
			"packet 2 is 3 datagrams, which the capturing host had merged") {
		t.Errorf("told %q", r.told)
	}
	got, r = splitAll(t, "moldudp64", mold(1, "a"), mold(2, "b")+mold(3, "c")+mold(4, ""),
		mold(5, "e")+moldOver(6))
	if !slices.Equal(got, want) || r.Summary().Merged != 2 || !r.Summary().Sessions[0].Ended {
		t.Errorf("moldudp64: got %v, %+v", got, r.Summary())
	}

	other := strings.Replace(mold(3, "c"), "001", "002", 1)
	for _, bad := range []string{
		mold(1, "a") + other,             // of another session
		mold(1, "a") + mold(2, "bb"),     // a larger one behind
		mold(1, "a") + mold(2) + mold(2), // a smaller one between
	} {
		got, r := splitAll(t, "moldudp64", mold(1, "a"), bad)
		if len(got) != 1 || len(r.told) != 1 ||
			!strings.Contains(r.told[0], "left over behind its messages") {
			t.Errorf("%q: got %v, told %q", bad, got, r.told)
		}
	}
	_, r = splitAll(t, "moldudp64", mold(1, "a"), mold(2, strings.Repeat("x", 1440))+
		"another of the capturing host's")
	if len(r.told) != 1 ||
		!strings.Contains(r.told[0], "capture again with ethtool -K INTERFACE gro off") {
		t.Errorf("told %q", r.told)
	}
}

// What the source lacks, where it ends, and that it begins anew is told, and counted
// by session.
func TestGapsOfTheSource(t *testing.T) {
	second := func(d string) string { return strings.Replace(d, "001", "002", 1) }
	got, r := splitAll(t, "moldudp64", mold(1, "a", "b"), mold(3), mold(6, "f"), mold(8),
		moldOver(9), moldOver(9),
		second(mold(1, "A")), second(mold(1, "A", "B")), second(moldOver(3)))
	if want := "a,b,f,A,A,B"; strings.Join(payloadsOf(got), ",") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	const to = "239.77.0.1:7700"
	want := []Session{
		{Session: "SESSION001", To: to, First: 1, Next: 9, Gaps: 3, Missing: 5, Ended: true},
		{Session: "SESSION002", To: to, First: 1, Next: 3, Late: 1, Ended: true},
	}
	if s := r.Summary(); !slices.Equal(s.Sessions, want) {
		t.Errorf("%+v, want %+v", s.Sessions, want)
	}
	if want := []string{
		"feed: packet 3: its source lacks messages 3 to 5 of session SESSION001 to " + to,
		"feed: packet 4: its source lacks message 7 of session SESSION001 to " + to,
		"feed: packet 5: its source lacks message 8 of session SESSION001 to " + to,
		"feed: packet 5: its source ends session SESSION001 to " + to + ", before number 9",
		"feed: packet 7: its source begins session SESSION002 to " + to + ", with number 1",
		"feed: packet 8: its source brings messages from 1 on of session SESSION002 to " + to +
			" late or again; they go out as they come",
		"feed: packet 9: its source ends session SESSION002 to " + to + ", before number 3",
	}; !slices.Equal(r.told, want) {
		t.Errorf("told %q", r.told)
	}
	if want := []string{
		"feed: its source's session SESSION001 to " + to +
			", numbers 1 to before 9: 5 missing in 3 gaps",
		"feed: its source's session SESSION002 to " + to +
			", numbers 1 to before 3: 1 datagram late or again",
	}; !slices.Equal(r.Warnings(), want) {
		t.Errorf("warnings %q", r.Warnings())
	}

	_, r = splitAll(t, "iextp", iextp(1, "a"), iextp(2), iextp(5, "e"), iextp(7))
	if s := r.Summary().Sessions; len(s) != 1 || s[0].Gaps != 2 || s[0].Missing != 4 ||
		s[0].Session != "1286602752 of channel 1, protocol 0x8004" {
		t.Errorf("iextp: %+v", s)
	}
	// What a heartbeat at the end of all numbers, or a session too many, does, is
	// bounded.
	many := []string{iextp(1<<64-1, "a", "b"), iextp(3, "c")}
	for i := range 2 * streamsMost {
		many = append(many,
			changed(iextp(1, "x"), 8, string(binary.BigEndian.AppendUint32(nil, uint32(i)))))
	}
	got, r = splitAll(t, "iextp", many...)
	if s := r.Summary(); len(got) != len(many)+1 || len(s.Sessions) != streamsMost ||
		s.MoreSessions != streamsMost+1 || s.Sessions[0].Next != 1<<64-1 ||
		s.Sessions[0].Late != 1 {
		t.Errorf("%d messages, %d sessions and %d more, %+v", len(got), len(s.Sessions),
			s.MoreSessions, s.Sessions[0])
	}
	if len(r.told) > 3*(tellMost+1) {
		t.Errorf("%d sentences", len(r.told))
	}
}

func TestSplitMakesNoGarbage(t *testing.T) {
	content := strings.Repeat(lens(iextp(1, "one", "two"), iextp(3)), 1000)
	f, err := Open(Options{From: feedtest.File(t, "feed", content), Format: "len",
		Split: "iextp"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	wantNoAllocs(t, f)
}

// What can be split, put together again gives the same body.
func FuzzSplit(f *testing.F) {
	for _, d := range []string{"", iextp(1), iextp(1, "one", "", "three"), iextp(1, "one")[:41],
		mold(1), mold(1, "one", "", "three"), moldOver(9)} {
		f.Add([]byte(d))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, rest, err := openIEXTP(b); err == nil {
			b := b[:len(b)-len(rest)]
			if again := iextp(e.sequence, takeAll(t, e)...); again[iextpHeader:] != string(
				b[iextpHeader:]) || again[12:16] != string(b[12:16]) {
				t.Fatalf("%q became %q", b, again)
			}
		}
		if e, rest, err := openMoldUDP64(b); err == nil {
			b := b[:len(b)-len(rest)]
			if again := mold(e.sequence, takeAll(t, e)...); again[moldHeader:] != string(
				b[moldHeader:]) {
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
