package wireshark

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/vmihailenco/msgpack/v5"

	"crier/cmd/crier/decode/decodetest"
	"crier/cmd/crier/feed"
)

// noise makes datagrams of other programs.
type noise struct{ *rand.Rand }

func (n noise) bytes(least, most int) []byte {
	b := make([]byte, least+n.IntN(most-least+1))
	for i := range b {
		b[i] = byte(n.Uint32())
	}
	return b
}

// dns is a query or an answer.
func (n noise) dns(t *testing.T) []byte {
	name := []byte([]string{"example.org", "a.very.long.name.example.com",
		"_http._tcp.local"}[n.IntN(3)])
	d := layers.DNS{ID: uint16(n.Uint32()), RD: true, QR: n.IntN(2) == 1,
		Questions: []layers.DNSQuestion{{Name: name, Type: layers.DNSTypeA,
			Class: layers.DNSClassIN}}}
	if d.QR {
		d.Answers = []layers.DNSResourceRecord{
			{Name: name, Type: layers.DNSTypeA, Class: layers.DNSClassIN, TTL: n.Uint32(),
				IP: n.bytes(4, 4)},
			{Name: name, Type: layers.DNSTypeTXT, Class: layers.DNSClassIN,
				TXTs: [][]byte{n.bytes(1, 200)}}}
	}
	b := gopacket.NewSerializeBuffer()
	if err := d.SerializeTo(b, gopacket.SerializeOptions{FixLengths: true}); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(b.Bytes())
}

// quic is a packet of QUIC version 1: an Initial with a long header, or one with a short header
// (RFC 9000, section 17). What follows is encrypted, and so random.
func (n noise) quic() []byte {
	if n.IntN(4) == 0 {
		b := append([]byte{0xc0 | byte(n.IntN(4)), 0, 0, 0, 1, 8}, n.bytes(8, 8)...)
		b = append(append(b, 8), n.bytes(8, 8)...)
		return append(append(b, 0, 0x44, 0x96), n.bytes(1174, 1174)...)
	}
	return append([]byte{0x40 | byte(n.IntN(64))}, n.bytes(30, 1400)...)
}

// rtp is a packet of RTP (RFC 3550, section 5.1), or a report of RTCP.
func (n noise) rtp() []byte {
	b := []byte{0x80, byte(96 + n.IntN(32)), byte(n.Uint32()), byte(n.Uint32())}
	if n.IntN(50) == 0 {
		b[1] = 200
	}
	return append(b, n.bytes(168, 1200)...)
}

// msgpack is an array of another program, which begins as crier's frames do: each time a few
// fields more.
func (n noise) msgpack(t *testing.T) []byte {
	values := []any{int8(1), int8(1 + n.IntN(9)), uint16(n.Uint32() & 3), n.Uint64(), n.Uint32()}
	for range n.IntN(5) {
		values = append(values, n.Uint64())
	}
	for range 1 + n.IntN(6) {
		values = append(values, []any{"a text", n.Float64(), nil, true, map[string]int{"x": 1},
			-1, []string{"a"}}[n.IntN(7)])
	}
	values = append(values, n.bytes(4, 4))
	b, err := msgpack.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// headed is a crier frame's header of 20 bytes, and what isn't its rest.
func (n noise) headed(frame []byte) []byte {
	if n.IntN(2) == 0 {
		return append(slices.Clone(frame[:20]), n.bytes(30, 1000)...)
	}
	return frame[:20+n.IntN(len(frame)-26)]
}

// Neither tshark nor crier decode claims what isn't crier's, whatever port it goes to.
func TestForeignDatagrams(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "foreign.pcapng")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := feed.NewCaptureWriter(file, "a test", "eth0", "")
	if err != nil {
		t.Fatal(err)
	}
	at, n := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), noise{rand.New(rand.NewPCG(1, 2))}
	write := func(port uint16, payload []byte) {
		at = at.Add(time.Millisecond)
		to := decodetest.Group
		if n.IntN(4) > 0 { // the rest is to crier's own port
			to = netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), port)
		}
		if err := w.Write(at, decodetest.Source, to, payload); err != nil {
			t.Fatal(err)
		}
	}
	examples := decodetest.Examples(t)
	write(9999, examples[0].Packet)
	count := 1000
	for range count {
		write(53, n.dns(t))
		write(443, n.quic())
		write(5004, n.rtp())
		write(9999, n.bytes(0, 1472))
		write(9999, binary.BigEndian.AppendUint32(append([]byte{0x9a, 1, 1}, n.bytes(30, 1000)...),
			0xc404))
		write(9999, n.msgpack(t))
		write(9999, n.headed(examples[n.IntN(len(examples))].Packet))
		write(8125, []byte("requests:1|c|#host:a"))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(decoded(t, "--json", path)), "\n")
	if len(lines) != 1 || !strings.HasPrefix(lines[0], `{"packet":1,`) {
		t.Errorf("crier decode claims %d of %d datagrams: %.2000s", len(lines)-1, 8*count,
			strings.Join(lines[1:], "\n"))
	}
	claimed := []string{}
	newTshark(t).fields(path, "crier", []string{"frame.number", "_ws.col.Info"},
		func(row []string) { claimed = append(claimed, strings.Join(row, " ")) })
	if len(claimed) != 1 || !strings.HasPrefix(claimed[0], "1 DATA") {
		t.Errorf("tshark claims %d of %d datagrams: %.2000s", len(claimed)-1, 8*count,
			strings.Join(claimed, "\n"))
	}
}
