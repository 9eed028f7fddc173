package frame

import (
	"bytes"
	"testing"
)

// A probe comes back, whatever its length, in a frame of the size foretold.
func TestProbe(t *testing.T) {
	var e Encoder
	for _, n := range []int{0, 1, 100, 255, 256, 1300} {
		probe := bytes.Repeat([]byte{0xc4}, n)
		packet := e.AppendProbe([]byte("before"), 7, probe)[len("before"):]
		if len(packet) != ProbeSize(n) {
			t.Errorf("%d bytes: a frame of %d bytes, not %d", n, len(packet), ProbeSize(n))
		}
		f := decode(t, packet)
		got, ok := f.Probe()
		if f.Kind != Status || f.Session != 7 || !ok || !bytes.Equal(got, probe) {
			t.Errorf("%d bytes: %v has probe %x, %v", n, f, got, ok)
		}
	}
}

// Other properties, and those of other frames, are no probes.
func TestNoProbe(t *testing.T) {
	for _, properties := range []wire{
		{0x80}, {0x81, 0x64, 0x01}, {0x81, 0x65, 0xc4, 0x00}, {0x81, 0x64, 0xa1, 'a'},
		{0x82, 0x64, 0xc4, 0x00, 0x65, 0xc0}, {0x81, 0xcc, 0x64, 0xc4, 0x00},
	} {
		f := &Frame{Kind: Status, Session: 7, Properties: properties}
		if got, ok := decode(t, encode(f)).Probe(); ok {
			t.Errorf("%x: probe %x", properties, got)
		}
	}
	f := &Frame{Kind: Session, Session: 7, Channels: 1,
		Properties: []byte{0x81, 0x64, 0xc4, 0x00}}
	if _, ok := decode(t, encode(f)).Probe(); ok {
		t.Error("a SESSION has a probe")
	}
}
