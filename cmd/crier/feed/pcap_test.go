package feed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"crier/cmd/crier/feed/feedtest"
)

// packet is one packet of a capture that a test writes.
type packet struct {
	at   time.Duration
	data []byte
	cut  int // bytes at its end that the capture doesn't have
	link layers.LinkType
}

var captureStart = time.Unix(1723161255, 30314667)

// pcap writes a pcap with times in nanoseconds.
func pcap(t testing.TB, link layers.LinkType, packets ...packet) string {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	if err := w.WriteFileHeader(65535, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		ci := gopacket.CaptureInfo{Timestamp: captureStart.Add(p.at),
			CaptureLength: len(p.data) - p.cut, Length: len(p.data)}
		if err := w.WritePacket(ci, p.data[:len(p.data)-p.cut]); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// pcapng writes a pcapng with an interface for each link type.
func pcapng(t testing.TB, packets ...packet) string {
	t.Helper()
	var b bytes.Buffer
	interfaces := map[layers.LinkType]int{packets[0].link: 0}
	w, err := pcapgo.NewNgWriter(&b, packets[0].link)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		id, ok := interfaces[p.link]
		if !ok {
			if id, err = w.AddInterface(pcapgo.NgInterface{LinkType: p.link, TimestampResolution: 9,
				SnapLength: 1 << 16}); err != nil {
				t.Fatal(err)
			}
			interfaces[p.link] = id
		}
		ci := gopacket.CaptureInfo{Timestamp: captureStart.Add(p.at),
			CaptureLength: len(p.data) - p.cut, Length: len(p.data), InterfaceIndex: id}
		if err := w.WritePacket(ci, p.data[:len(p.data)-p.cut]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPcapOfEveryLinkType(t *testing.T) {
	names, all := encapsulations(t)
	for i, name := range names {
		p := all[i]
		p.data = append(p.data, "padding of a short frame"...)
		got, err := readFeed(t, "pcap", pcap(t, p.link, p))
		if err != nil || !slices.Equal(got, []message{{0, name}}) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	got, err := readFeed(t, "pcap", feedtest.Zipped(pcapng(t, all...)))
	if err != nil || !slices.Equal(payloadsOf(got), names) {
		t.Errorf("all in one pcapng: got %v, %v", got, err)
	}
}

func TestPcapTimes(t *testing.T) {
	at := []time.Duration{0, 1, 1500 * time.Microsecond, 1500 * time.Microsecond, 898 * time.Second}
	var packets []packet
	for _, a := range at {
		packets = append(packets, packet{at: a, data: datagram(t, "x"),
			link: layers.LinkTypeEthernet})
	}
	// A packet that is not a datagram doesn't begin the feed.
	packets = slices.Insert(packets, 0,
		packet{at: -time.Hour, data: headers(t, ethernetHeader(layers.EthernetTypeARP)),
			link: layers.LinkTypeEthernet})
	for kind, content := range map[string]string{"pcap": pcap(t, layers.LinkTypeEthernet,
		packets...), "pcapng": pcapng(t, packets...)} {
		got, err := readFeed(t, "pcap", content)
		if err != nil || len(got) != len(at) {
			t.Fatalf("%s: got %v, %v", kind, got, err)
		}
		for i := range got {
			if got[i].at != at[i] {
				t.Errorf("%s: datagram %d at %d, want %d", kind, i, got[i].at, at[i])
			}
		}
	}
}

// Simple packet blocks of a pcapng have no times.
func TestPcapngWithoutTimes(t *testing.T) {
	d := rawUDP(t, "four") // 32 bytes: no padding
	content := pcapng(t, packet{data: d, link: layers.LinkTypeRaw}) +
		"\x03\x00\x00\x00\x30\x00\x00\x00\x20\x00\x00\x00" + string(d) + "\x30\x00\x00\x00"
	got, err := readFeed(t, "pcap", content)
	if err != nil || !slices.Equal(got, []message{{0, "four"}, {-1, "four"}}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestPacketsThatAreLeftOutAreCounted(t *testing.T) {
	ps, said := awkward(t)
	whole := packet{data: datagram(t, "whole"), link: layers.LinkTypeEthernet}
	// Padding that is cut off is no loss.
	padded := packet{data: append(datagram(t, "padded"), make([]byte, 20)...), cut: 15,
		link: layers.LinkTypeEthernet}
	ps = append([]packet{whole}, append(ps, padded)...)
	alien := packet{data: datagram(t, "?"), link: layers.LinkTypeIEEE802_11}

	for kind, content := range map[string]string{"pcap": pcap(t, layers.LinkTypeEthernet, ps...),
		"pcapng": pcapng(t, append(ps, alien)...)} {
		path := feedtest.File(t, "capture", content)
		f, err := Open(Options{From: path, Format: "pcap"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := drainFeed(f)
		if err != nil || !slices.Equal(payloadsOf(got), []string{"whole", "padded"}) {
			t.Errorf("%s: got %v, %v", kind, got, err)
		}
		want := slices.Clone(said)
		if kind == "pcapng" {
			want = slices.Insert(want, 3, "1 of link type 105 (802.11), which is not known")
		}
		for i := range want {
			want[i] = path + ": packets left out: " + want[i]
		}
		if w := f.Warnings(); !slices.Equal(w, want) {
			t.Errorf("%s: warnings %q, want %q", kind, w, want)
		}
		f.Close()
	}
}

func TestPcapOfNothingToSend(t *testing.T) {
	ps, said := awkward(t)
	_, err := readFeed(t, "pcap", pcap(t, layers.LinkTypeEthernet, ps...))
	feedtest.WantSentence(t, err,
		"feed: this capture holds no whole UDP datagram in its 13 packets, "+
			strings.Join(said, ", ")+": name one that does")
	_, err = readFeed(t, "pcap", pcap(t, layers.LinkTypeEthernet))
	feedtest.WantSentence(t, err, "feed: this capture holds no packets: name one that does")
	_, err = readFeed(t, "pcap", pcap(t, layers.LinkTypeIEEE802_11))
	feedtest.WantSentence(t, err,
		"feed: its link type is 105 (802.11): capture Ethernet, raw IP, Linux SLL or loopback "+
			"instead")
	_, err = readFeed(t, "pcap", "no capture at all\n")
	feedtest.WantSentence(t, err,
		"feed: this is neither a pcap nor a pcapng: choose another --format")
	_, err = readFeed(t, "pcap", "\xd4")
	feedtest.WantSentence(t, err, "feed: this is neither a pcap nor a pcapng")
}

// Wherever a capture is cut, but between packets, it is an error that says
// which packet is not whole, and all before it were there.
func TestTruncatedPcap(t *testing.T) {
	one := packet{data: datagram(t, "one"), link: layers.LinkTypeEthernet}
	for kind, write := range map[string]func(...packet) string{
		"pcap":   func(ps ...packet) string { return pcap(t, layers.LinkTypeEthernet, ps...) },
		"pcapng": func(ps ...packet) string { return pcapng(t, ps...) },
	} {
		content := write(one, one, one)
		last := len(write(one, one))
		boundary := map[int]int{len(write(one)): 1, last: 2}
		for n := 12; n < len(content); n++ {
			whole, clean := boundary[n]
			if n%5 != 0 && n < last && !clean {
				continue // the last packet is cut everywhere
			}
			got, err := readFeed(t, "pcap", content[:n])
			if clean {
				if err != nil || len(got) != whole {
					t.Errorf("%s cut at %d, between packets: %d packets, %v", kind, n,
						len(got), err)
				}
				continue
			}
			if err == nil {
				t.Fatalf("%s cut at %d: no error and %d packets", kind, n, len(got))
			}
			if n > len(content)-20 {
				feedtest.WantSentence(t, err, "feed: it ends within packet 3", "whole")
				if len(got) != 2 {
					t.Errorf("%s cut at %d: %d packets", kind, n, len(got))
				}
			}
		}
		_, err := readFeed(t, "pcap", content[:16])
		feedtest.WantSentence(t, err, "feed: it ends within its header: copy or capture it again")
		_, err = readFeed(t, "pcap", feedtest.Zipped(content)[:60])
		feedtest.WantSentence(t, err, "feed: the gzip data is cut off")
	}
}

// A packet that claims gigabytes is refused before they are read.
func TestPacketOfGigabytes(t *testing.T) {
	one := packet{data: datagram(t, "one"), link: layers.LinkTypeEthernet}
	huge := "\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\x7f\xff\xff\xff\x7f"
	_, err := readFeed(t, "pcap", pcap(t, layers.LinkTypeEthernet, one)+huge+strings.Repeat("x",
		1000))
	feedtest.WantSentence(t, err, "feed: packet 2 is damaged", "2147483647")

	block := "\x06\x00\x00\x00\xf0\xff\xff\x7f\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\xc0\xff\xff\x7f\xc0\xff\xff\x7f"
	_, err = readFeed(t, "pcap",
		feedtest.Zipped(pcapng(t, one)+block+strings.Repeat("x", captureStep+2*sourceBuffer)))
	feedtest.WantSentence(t, err, "feed: packet 2 takes more than 16 MiB: write the capture again")
}

func TestPcapMakesNoGarbage(t *testing.T) {
	var ps []packet
	for i := range 2000 {
		ps = append(ps, packet{data: datagram(t, fmt.Sprint("message ", i)),
			link: layers.LinkTypeEthernet})
	}
	for _, content := range []string{pcap(t, layers.LinkTypeEthernet, ps...), pcapng(t, ps...)} {
		f, err := Open(Options{From: feedtest.File(t, "feed", content), Format: "pcap"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantNoAllocs(t, f)
		f.Close()
	}
}

// Any bytes are a feed or an error that names the feed.
func FuzzPcap(f *testing.F) {
	_, all := encapsulations(f)
	bad, _ := awkward(f)
	f.Add([]byte(pcapng(f, append(all, bad...)...)))
	f.Add([]byte(pcap(f, layers.LinkTypeEthernet, bad...)))
	f.Add([]byte("no capture"))
	of := func(d string) packet { return packet{data: rawUDP(f, d), link: layers.LinkTypeRaw} }
	f.Add([]byte(pcap(f, layers.LinkTypeRaw, of(mold(1, "a")), of(mold(4, "d")+moldOver(5)))))
	f.Add([]byte(pcapng(f, of(iextp(1, "a")+iextp(2, "b")), of(iextp(9, "i")))))
	f.Add([]byte(ngHead(binary.BigEndian, 2) + ngFace(binary.BigEndian,
		ngOption(binary.BigEndian, 9, 0xa0), ngOption(binary.BigEndian, 14, make([]byte, 8)...)) +
		ngAt(binary.BigEndian, 0, 1<<62, rawUDP(f, "x")) + ngAt(binary.BigEndian, 0, 1,
		rawUDP(f, "x"))))
	for _, p := range all {
		f.Add([]byte(pcap(f, p.link, p)))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, opts := range []Options{{}, {Split: "iextp"},
			{Split: "moldudp64", MaxGap: time.Second}, {Only: []string{"239.77.0.1:7700"}}} {
			told := 0
			opts.From, opts.Format, opts.Tell = "-", "pcap", func(string) { told++ }
			fd, err := Open(opts, bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			got, err := drainFeed(fd)
			if err == nil && len(got) == 0 && opts.Split == "" {
				t.Fatal("nothing was sent, and nothing said")
			}
			var fe *fault
			if err != nil && !errors.As(err, &fe) {
				t.Fatalf("%v doesn't name the feed", err)
			}
			last := time.Duration(0)
			for _, m := range got {
				if m.at < -1 || m.at >= 0 && m.at < last || opts.MaxGap > 0 &&
					m.at > last+opts.MaxGap {
					t.Fatalf("due at %v, behind %v", m.at, last)
				}
				last = max(last, m.at)
			}
			if told > int(tellings)*(tellMost+1) {
				t.Fatalf("%d sentences", told)
			}
			fd.Summary()
			fd.Warnings()
		}
	})
}
