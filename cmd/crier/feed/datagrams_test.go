package feed

import (
	"encoding/binary"
	"io"
	"testing"

	"crier/cmd/crier/feed/feedtest"
)

// Datagrams are returned with both ends; those that are cut short, with their size; others are
// counted.
func TestDatagrams(t *testing.T) {
	order := binary.LittleEndian
	whole, fragment := datagram(t, "a payload"), datagram(t, "part")
	fragment[14+6] = 0x20 // more fragments
	content := pcapHead(order, 0xa1b2c3d4, 4)
	for _, p := range []struct {
		data []byte
		have int
	}{{whole, len(whole)}, {whole, len(whole) - 5}, {whole, 30}, {fragment, len(fragment)}} {
		content += pcapRecord(order, 7, 5, uint32(p.have), uint32(len(p.data)), p.data[:p.have])
	}
	d, err := OpenDatagrams(feedtest.File(t, "x.pcap", content), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for i, have := range []string{"a payload", "a pa"} {
		g, err := d.Next()
		if err != nil || string(g.Payload) != have || g.Size != 9 || g.Packet != uint64(i+1) ||
			g.From.String() != "10.0.0.1:5000" || g.To.String() != "239.77.0.1:7700" ||
			g.At.Unix() != 7 {
			t.Errorf("%+v, %v", g, err)
		}
	}
	if g, err := d.Next(); err != io.EOF {
		t.Errorf("%+v, %v", g, err)
	}
	if left := d.LeftOut(); d.Packets() != 4 || len(left) != 2 || left[0].N != 2 ||
		left[1] != (Count{Fragments, 1}) {
		t.Errorf("%d packets, %v", d.Packets(), left)
	}
}
