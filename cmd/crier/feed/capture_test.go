package feed

import (
	"encoding/binary"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"crier/cmd/crier/feed/feedtest"
)

// appendOrder is what writes either byte order.
type appendOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var orders = map[string]appendOrder{"little-endian": binary.LittleEndian,
	"big-endian": binary.BigEndian}

// u16s and u32s are numbers in an order.
func u16s(order appendOrder, numbers ...uint16) (b []byte) {
	for _, n := range numbers {
		b = order.AppendUint16(b, n)
	}
	return b
}

func u32s(order appendOrder, numbers ...uint32) (b []byte) {
	for _, n := range numbers {
		b = order.AppendUint32(b, n)
	}
	return b
}

// pcapHead is the beginning of a pcap of Ethernet, pcapRecord one of its packets.
func pcapHead(order appendOrder, magic uint32, minor uint16) string {
	b := append(u32s(order, magic), u16s(order, 2, minor)...)
	return string(append(b, u32s(order, 0, 0, 65535, 1)...))
}

func pcapRecord(order appendOrder, seconds, fraction, have, length uint32, data []byte) string {
	return string(u32s(order, seconds, fraction, have, length)) + string(data)
}

// ngBlock is a block of a pcapng, ngHead its section header.
func ngBlock(order appendOrder, kind uint32, body []byte) string {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	length := uint32(len(body) + 12)
	return string(u32s(order, kind, length)) + string(body) + string(u32s(order, length))
}

func ngHead(order appendOrder, minor uint16) string {
	body := append(u32s(order, ngOrderMagic), u16s(order, 1, minor)...)
	return ngBlock(order, ngSection, append(body, "\xff\xff\xff\xff\xff\xff\xff\xff"...))
}

// ngOption is an option with its padding; ngFace an interface with options.
func ngOption(order appendOrder, code uint16, value ...byte) []byte {
	b := append(u16s(order, code, uint16(len(value))), value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func ngFace(order appendOrder, options ...[]byte) string {
	body := append(u16s(order, 1, 0), u32s(order, 65535)...)
	return ngBlock(order, ngInterface, append(body, slices.Concat(options...)...))
}

// ngAt is a packet at a time of its interface.
func ngAt(order appendOrder, face uint32, at uint64, data []byte) string {
	n := uint32(len(data))
	return ngBlock(order, ngPacket,
		append(u32s(order, face, uint32(at>>32), uint32(at), n, n), data...))
}

// Each interface of a pcapng has its own unit of time: a power of ten or two, from whole
// seconds to parts of nanoseconds, and an offset.
func TestPcapngResolutions(t *testing.T) {
	const start = 1700000000 // seconds
	d := datagram(t, "x")
	for name, order := range orders {
		for _, c := range []struct {
			unit byte
			at   func(tenth uint64) uint64
			step time.Duration // between the packets
		}{
			{0, func(i uint64) uint64 { return start + i }, time.Second},
			{1, func(i uint64) uint64 { return start*10 + i }, time.Second / 10},
			{6, func(i uint64) uint64 { return start*1e6 + i*1e5 }, time.Second / 10},
			{9, func(i uint64) uint64 { return start*1e9 + i*1e8 }, time.Second / 10},
			{10, func(i uint64) uint64 { return start*1e10 + i*1e9 }, time.Second / 10},
			{0x80, func(i uint64) uint64 { return start + i }, time.Second},
			{0x80 | 1, func(i uint64) uint64 { return start*2 + i }, time.Second / 2},
			{0x80 | 10, func(i uint64) uint64 { return start<<10 + i<<9 }, time.Second / 2},
			{0x80 | 20, func(i uint64) uint64 { return start<<20 + i<<20/10 }, time.Second / 10},
			{0x80 | 32, func(i uint64) uint64 { return start<<32 + i<<32/10 }, time.Second / 10},
		} {
			content := ngHead(order, 0) + ngFace(order, ngOption(order, 9, c.unit))
			for i := range uint64(21) {
				content += ngAt(order, 0, c.at(i), d)
			}
			got, err := readFeed(t, "pcap", content)
			if err != nil || len(got) != 21 {
				t.Fatalf("%s, unit %#x: %d packets, %v", name, c.unit, len(got), err)
			}
			off := time.Duration(1)
			if c.unit == 0x80|20 { // of which a tenth of a second is no multiple
				off = time.Microsecond
			}
			for i := range got {
				if want := time.Duration(i) * c.step; (got[i].at - want).Abs() > off {
					t.Errorf("%s, unit %#x: packet %d at %v, want %v", name, c.unit, i,
						got[i].at, want)
				}
			}
		}

		// Several at once, and one with an offset of an hour.
		hour := order.AppendUint64(nil, 3600)
		content := ngHead(order, 0) + ngFace(order) + ngFace(order,
			ngOption(order, 9, 0x80|32)) + ngFace(order, ngOption(order, 2, 'l', 'o'),
			ngOption(order, 9, 9), ngOption(order, 14, hour...)) +
			ngAt(order, 0, start*1e6, d) + ngAt(order, 1, start<<32+1<<30, d) + ngAt(order, 2,
			(start-3600)*1e9+5e8, d) + ngAt(order, 0, start*1e6+75e4, d)
		got, err := readFeed(t, "pcap", content)
		if want := []message{{0, "x"}, {25e7, "x"}, {5e8, "x"}, {75e7, "x"}}; err != nil ||
			!slices.Equal(got, want) {
			t.Errorf("%s, several interfaces: %v, %v", name, got, err)
		}
	}
}

// Times that no clock has are the nearest that there are.
func TestTimesOutOfRange(t *testing.T) {
	for _, c := range []struct {
		unit   byte
		offset int64
		t      uint64
		want   int64
	}{
		{0, 0, math.MaxUint64, math.MaxInt64}, {6, 0, math.MaxUint64, math.MaxInt64},
		{9, 0, math.MaxUint64, math.MaxInt64},
		{9, 0, math.MaxInt64, math.MaxInt64}, {10, 0, math.MaxUint64, math.MaxUint64 / 10},
		{18, 0, math.MaxUint64, math.MaxUint64 / 1_000_000_000},
		{28, 0, math.MaxUint64, 1}, {29, 0, math.MaxUint64, 1}, {127, 0, math.MaxUint64 - 1, 0},
		{0x80 | 63, 0, math.MaxUint64, 2e9}, {0x80 | 64, 0, math.MaxUint64, 1e9},
		{0x80 | 64, 0, 1 << 63, 5e8}, {0x80 | 127, 0, math.MaxUint64, 0},
		{9, math.MaxInt64, 5, math.MaxInt64}, {9, math.MinInt64, 5, 0}, {9, -1, 1e9 + 5, 5},
		{6, 1, 5, 1e9 + 5000},
	} {
		of := ngInterfaceInfo{unit: c.unit, offset: c.offset}
		if got := of.nanos(c.t); got != c.want {
			t.Errorf("%d in units of %#x, with an offset of %d: %d, want %d", c.t, c.unit,
				c.offset, got, c.want)
		}
	}
}

// What tools read is read: minor versions, byte orders, units of the fraction.
func TestVersionsOfCaptures(t *testing.T) {
	d := datagram(t, "x")
	n := uint32(len(d))
	for name, order := range orders {
		for minor := range uint16(7) {
			have, length := n, n+7 // the packet is padding at its end, and that is cut
			if minor < 3 {
				have, length = length, have
			}
			for magic, unit := range map[uint32]time.Duration{0xa1b2c3d4: time.Microsecond,
				0xa1b23c4d: 1} {
				got, err := readFeed(t, "pcap",
					pcapHead(order, magic, minor)+pcapRecord(order, 7, 999999, have, length,
						d)+pcapRecord(order, 8, 0, have, length, d))
				if want := []message{{0, "x"}, {time.Second - 999999*unit, "x"}}; err != nil ||
					!slices.Equal(got, want) {
					t.Errorf("pcap 2.%d, %s, %v: %v, %v", minor, name, unit, got, err)
				}
			}
		}
		for _, minor := range []uint16{0, 2} {
			got, err := readFeed(t, "pcap",
				ngHead(order, minor)+ngFace(order)+ngAt(order, 0, 5, d)+ngHead(order,
					0)+ngFace(order)+ngAt(order, 0, 9, d))
			if want := []message{{0, "x"}, {4000, "x"}}; err != nil || !slices.Equal(got, want) {
				t.Errorf("pcapng 1.%d, %s: %v, %v", minor, name, got, err)
			}
		}
		_, err := readFeed(t, "pcap", ngHead(order, 1))
		feedtest.WantSentence(t, err,
			"feed: its header is damaged (it says version 1.1 of pcapng instead of 1.0)")
	}
	_, err := readFeed(t, "pcap", "\xd4\xc3\xb2\xa1\x03\x00"+
		pcapHead(binary.LittleEndian, 0, 4)[6:])
	feedtest.WantSentence(t, err,
		"feed: its header is damaged (it says version 3 of pcap instead of 2)")

	// Old blocks of packets, and a section in the other byte order behind one.
	le, be := binary.LittleEndian, binary.BigEndian
	old := ngBlock(le, ngOldPacket, slices.Concat(u16s(le, 0, 9), u32s(le, 0, 1, n, n), d))
	got, err := readFeed(t, "pcap",
		ngHead(le, 0)+ngFace(le)+old+ngHead(be, 0)+ngFace(be)+ngAt(be, 0, 3, d))
	if want := []message{{0, "x"}, {2000, "x"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

// A record that contradicts itself is left out and counted, and the others go out.
func TestOddRecords(t *testing.T) {
	d := datagram(t, "x")
	n := uint32(len(d))
	for name, order := range orders {
		one := func(have, length uint32) string { return pcapRecord(order, 1, 0, have, length, d) }
		packet := func(face, have, length uint32) string {
			return ngBlock(order, ngPacket, slices.Concat(u32s(order, face, 0, 1, have, length), d))
		}
		for kind, content := range map[string]string{
			"pcap": pcapHead(order, 0xa1b2c3d4, 4) + one(n, n) + one(n, n-4) + one(n,
				0) + one(n, n),
			"pcapng": ngHead(order, 0) + ngBlock(order, ngSimple,
				append(u32s(order, n), d...)) + ngFace(order) + packet(0, n, n) +
				packet(0, n, n-4) + packet(1, n, n) + packet(math.MaxUint32, n, n) + packet(0, n+4,
				n+4) + packet(0, math.MaxUint32, math.MaxUint32) + packet(0, n, n),
		} {
			got, r, err := read(t, Options{Format: "pcap"}, content)
			if want := []message{{0, "x"}, {0, "x"}}; err != nil || !slices.Equal(got, want) {
				t.Errorf("%s, %s: %v, %v", kind, name, got, err)
			}
			odd := map[string]uint64{"pcap": 2, "pcapng": 6}[kind]
			if s := r.Summary(); s == nil ||
				!slices.Equal(s.LeftOut,
					[]Count{{"whose record says that it has more than there was", odd}}) {
				t.Errorf("%s, %s: %+v", kind, name, s)
			}
		}
	}
}

// Lengths of a damaged or hostile file are not believed.
func TestDamagedCaptures(t *testing.T) {
	le, d := binary.LittleEndian, datagram(t, "x")
	head := ngHead(le, 0) + ngFace(le)
	good := head + ngAt(le, 0, 1, d)
	block := func(kind uint32, length uint32, rest string) string {
		return string(u32s(le, kind, length)) + rest
	}
	for _, c := range []struct{ content, want string }{
		{good + block(ngPacket, 31, ""),
			"packet 2 is damaged (a block's length of 31 is not a multiple of 4)"},
		{good + block(ngPacket, 8, ""), "packet 2 is damaged (a block's length of 8 is less than"},
		{good + block(99, 0xfffffffc, ""),
			"packet 2 is damaged (a block says that it has 4294967292 bytes)"},
		{good + block(99, 1<<25, strings.Repeat("x", 1<<25)), "packet 2 takes more than 16 MiB"},
		{good + block(99, 16, "bodylast"),
			"packet 2 is damaged (a block's length is 16 at its beginning and 1953718636 at " +
				"its end)"},
		{good + ngBlock(le, ngPacket, make([]byte, 16)),
			"packet 2 is damaged (its block has no room for its head)"},
		{good + ngBlock(le, ngOldPacket, make([]byte, 16)),
			"packet 2 is damaged (its block has no room for its head)"},
		{good + ngBlock(le, ngSimple, nil),
			"packet 2 is damaged (its block has no room for its head)"},
		{good + ngBlock(le, ngInterface, make([]byte, 4)),
			"packet 2 is damaged (an interface's description has 4 bytes"},
		{good + ngBlock(le, ngSection, u32s(le, ngOrderMagic, 1)),
			"packet 2 is damaged (a section header has 4 bytes"},
		{good + ngBlock(le, ngSection, u32s(le, 5, 1)),
			"packet 2 is damaged (a section header has an unknown byte order)"},
		{good + strings.Repeat(ngFace(le), ngInterfaces),
			"packet 2 is damaged (a section has more than 65536 interfaces)"},
		{head + strings.Repeat(ngBlock(le, 99, make([]byte, 1<<20)), 17),
			"packet 1 takes more than 16 MiB"},
		{pcapHead(le, 0xa1b2c3d4, 4) + pcapRecord(le, 0, 0, pcapLongest+1, pcapLongest+1,
			make([]byte, pcapLongest+1)),
			"packet 1 is damaged (its record says that it has 262145 bytes"},
		{pcapHead(le, 0xa1b2c3d4, 4) + pcapRecord(le, 0, 0, math.MaxUint32, math.MaxUint32, d),
			"packet 1 is damaged (its record says that it has 4294967295 bytes"},
	} {
		got, err := readFeed(t, "pcap", feedtest.Zipped(c.content))
		feedtest.WantSentence(t, err, "feed: "+c.want)
		if want := strings.Count(c.want, "packet 2"); len(got) != want {
			t.Errorf("%s: got %v", c.want, got)
		}
	}

	// An option of absurd size hides those behind it, and no packet.
	absurd := ngHead(le, 0) + ngBlock(le, ngInterface,
		slices.Concat(u16s(le, 1, 0), u32s(le, 0), u16s(le, 2, 0xffff), u16s(le, 9, 1),
			u32s(le, 9)))
	got, err := readFeed(t, "pcap", absurd+ngAt(le, 0, 1, d)+ngAt(le, 0, 3, d))
	if want := []message{{0, "x"}, {2000, "x"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

// Wherever a capture of either order is cut, the packets before it are there, and the
// rest is an error, but between packets.
func TestCapturesCutAnywhere(t *testing.T) {
	d := datagram(t, "x")
	n := uint32(len(d))
	for name, order := range orders {
		for kind, parts := range map[string][]string{
			"pcap": {pcapHead(order, 0xa1b23c4d, 4), pcapRecord(order, 1, 0, n, n, d),
				pcapRecord(order, 1, 0, n, n, d)},
			"pcapng": {ngHead(order, 0) + ngFace(order, ngOption(order, 9, 9)),
				ngAt(order, 0, 1, d), ngAt(order, 0, 1, d)},
		} {
			content := strings.Join(parts, "")
			first := len(parts[0]) + len(parts[1])
			for at := 1; at < len(content); at++ {
				whole := 0
				if at >= first {
					whole = 1
				}
				got, err := readFeed(t, "pcap", content[:at])
				if len(got) != whole || (err == nil) != (at == first) {
					t.Fatalf("%s, %s, cut at %d: %v, %v", kind, name, at, got, err)
				}
			}
		}
	}
}

// A pipe that brings one byte at a time, and a gzip in it, is read as a file is.
func TestCaptureFromAPipe(t *testing.T) {
	_, all := encapsulations(t)
	names := []string{}
	for _, p := range all {
		got, err := readFeed(t, "pcap", pcapng(t, p))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, got[0].payload)
	}
	for _, content := range []string{pcapng(t, all...), feedtest.Zipped(pcapng(t, all...))} {
		f, err := Open(Options{From: "-", Format: "pcap"},
			iotest.OneByteReader(strings.NewReader(content)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := drainFeed(f); err != nil || !slices.Equal(payloadsOf(got), names) {
			t.Errorf("%v, %v", got, err)
		}
	}
}

// A file that is not a capture is an error, and can still be asked for its summary.
func TestPipeOfNoCapture(t *testing.T) {
	f, err := Open(Options{From: "-", Format: "pcap"}, strings.NewReader("no capture"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = drainFeed(f)
	feedtest.WantSentence(t, err, "standard input: this is neither a pcap nor a pcapng")
	if f.Summary() != nil || f.Warnings() != nil || f.Where() != "the beginning" {
		t.Errorf("%+v, %q, %s", f.Summary(), f.Warnings(), f.Where())
	}
}

// A filter leaves strangers out, and says which there were.
func TestOnly(t *testing.T) {
	to := func(addr string, port uint16, payload string) packet {
		ip, udp := ip4Header(layers.IPProtocolUDP), udpHeader()
		ip.DstIP = netip.MustParseAddr(addr).AsSlice()
		udp.DstPort = layers.UDPPort(port)
		return packet{link: layers.LinkTypeRaw,
			data: headers(t, ip, udp, gopacket.Payload(payload))}
	}
	ps := []packet{
		to("224.0.0.251", 5353, "mDNS"), to("239.1.1.1", 5000, mold(1, "a")),
		to("239.1.1.2", 5000, mold(1, "a")),
		to("239.1.1.1", 5001, "another port"), to("224.0.0.251", 5353, "mDNS"),
		to("239.1.1.1", 5000, mold(2, "b")),
	}
	content := pcap(t, layers.LinkTypeRaw, ps...)
	got, r, err := read(t, Options{Format: "pcap", Split: "moldudp64",
		Only: []string{"239.1.1.1:5000"}}, content)
	if err != nil || !slices.Equal(payloadsOf(got), []string{"a", "b"}) {
		t.Errorf("got %v, %v", got, err)
	}
	if s := r.Summary(); !slices.Equal(s.LeftOut,
		[]Count{{"to other addresses than --only names", 4}}) || len(s.Sessions) != 1 {
		t.Errorf("%+v", s)
	}
	if len(r.told) != 3 ||
		r.told[0] != "feed: packet 1 goes to 224.0.0.251:5353, which --only leaves out" {
		t.Errorf("told %q", r.told)
	}
	got, _, err = read(t, Options{Format: "pcap", Split: "moldudp64",
		Only: []string{"239.1.1.1:5000", "239.1.1.2:5000"}}, content)
	if err != nil || len(got) != 3 {
		t.Errorf("two addresses: got %v, %v", got, err)
	}
	_, _, err = read(t, Options{Format: "pcap", Only: []string{"239.1.1.9:5000"}}, content)
	feedtest.WantSentence(t, err,
		"feed: none of its datagrams goes to 239.1.1.9:5000; there are 2 to 224.0.0.251:5353, 2 "+
			"to 239.1.1.1:5000, 1 to 239.1.1.2:5000, 1 to 239.1.1.1:5001: name one of these "+
			"with --only")

	// Without a filter, any other datagram is a stranger, too.
	got, r, err = read(t, Options{Format: "pcap", Split: "moldudp64"},
		pcap(t, layers.LinkTypeRaw, ps[0], ps[1], ps[5]))
	if err != nil || len(got) != 2 ||
		!slices.Equal(r.Summary().LeftOut, []Count{{"not split by moldudp64", 1}}) {
		t.Errorf("got %v, %v, %+v", got, err, r.Summary())
	}

	six, udp := ip6Header(layers.IPProtocolUDP), udpHeader()
	content = pcap(t, layers.LinkTypeRaw,
		packet{data: headers(t, six, udp, gopacket.Payload("six"))})
	if got, _, err := read(t, Options{Format: "pcap", Only: []string{"[ff05::77%eth0]:7700"}},
		content); err != nil || len(got) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}

// Datagrams larger than a network carries were merged; a host's own link is none.
func TestLargeDatagrams(t *testing.T) {
	large := packet{data: datagram(t, strings.Repeat("x", 1473)), link: layers.LinkTypeEthernet}
	fits := packet{data: datagram(t, strings.Repeat("x", 1472)), link: layers.LinkTypeEthernet}
	own := packet{data: slices.Clone(large.data), link: layers.LinkTypeEthernet}
	clear(own.data[:12])
	_, r, err := read(t, Options{Format: "pcap"},
		pcap(t, layers.LinkTypeEthernet, large, fits, own))
	if w := r.Warnings(); err != nil || len(w) != 1 ||
		!strings.HasPrefix(w[0],
			"feed: 1 datagram is larger than an Ethernet packet of 1,500 bytes: ") {
		t.Errorf("%q, %v", w, err)
	}
}

// The small captures that others made for this purpose.
func TestCasesOfCaptures(t *testing.T) {
	every := func(n int, step time.Duration, from int) (due []time.Duration) {
		for i := range n {
			due = append(due, time.Duration(max(0, i-from))*step)
		}
		return due
	}
	for _, c := range []struct {
		file, split string
		maxGap      time.Duration
		due         []time.Duration
		payloads    string // of split ones
		told        int
	}{
		{"tsres-2e32.pcapng", "", 0, every(21, 100*time.Millisecond, 0), "", 0},
		{"ts-back.pcap", "", 0, every(22, 100*time.Millisecond, 1), "", 1},
		{"ts-future.pcap", "", 0, []time.Duration{0, 65536*time.Second + 28000,
			65536*time.Second + 28000, 65536*time.Second + 71000}, "", 1},
		{"ts-future.pcap", "", 5 * time.Second, []time.Duration{0, 5e9, 5e9, 5e9 + 43000}, "", 2},
		{"ngminor2.pcapng", "", 0, []time.Duration{0, 1000, 2000}, "", 0},
		{"caplen-gt-len.pcap", "", 0, []time.Duration{0, 2000, 3000}, "", 0},
		{"mold-and-other.pcap", "moldudp64", 0, nil, "a,b,c", 1},
		{"mold-gap-end.pcap", "moldudp64", 0, nil, "a,b,f,A", 4},
		{"iex-gro.pcap", "iextp", 0, nil, "a,b,c,d,e", 1},
	} {
		path := filepath.Join("..", "..", "..", "..", "shared", "cases", c.file)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Skipf("the cases are not on this machine: %v", err)
		}
		got, r, err := read(t, Options{Format: "pcap", Split: c.split, MaxGap: c.maxGap},
			string(content))
		if err != nil || len(r.told) != c.told {
			t.Errorf("%s: %v, told %q", c.file, err, r.told)
		}
		if c.split != "" && strings.Join(payloadsOf(got), ",") != c.payloads {
			t.Errorf("%s: got %v", c.file, got)
		}
		for i := range c.due {
			if len(got) != len(c.due) || (got[i].at-c.due[i]).Abs() > 1 {
				t.Errorf("%s: got %v, want %v", c.file, got, c.due)
				break
			}
		}
	}
}
