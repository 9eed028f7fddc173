package frame

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"crier/nack"
)

func TestRoundTrip(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			packet := write(&s.frame, s.size)
			got := decode(t, packet)
			same(t, got, &s.frame)
			if again := encode(got); !bytes.Equal(again, packet) {
				t.Errorf("encoded anew:\n got %x\nwant %x", again, packet)
			}
			if &got.Raw[0] != &packet[0] || len(got.Raw) != len(packet) {
				t.Error("Raw isn't the datagram")
			}
		})
	}
}

// A receiver uses one Decoder and one Frame for all kinds. A frame must leave nothing for
// the next one.
func TestReuse(t *testing.T) {
	var d Decoder
	var f Frame
	for range 3 {
		for _, s := range samples() {
			if err := d.Decode(write(&s.frame, s.size), &f); err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			if got, want := f.String(), s.frame.String(); got != want {
				t.Fatalf("%s:\n got %s\nwant %s", s.name, got, want)
			}
		}
	}
}

// DecodeAgain returns the same frame as Decode, and ignores the checksum.
func TestDecodeAgain(t *testing.T) {
	var d Decoder
	for _, s := range samples() {
		packet := write(&s.frame, s.size)
		want := decode(t, packet).String()
		packet[len(packet)-1]++ // damage the checksum
		var f Frame
		if err := d.DecodeAgain(packet, &f); err != nil || f.String() != want {
			t.Errorf("%s: %v\n got %v\nwant %s", s.name, err, &f, want)
		}
	}
}

func TestDecodeClearsFieldsOfDrivers(t *testing.T) {
	var d Decoder
	f := Frame{Immutable: true, Data: new(Frame)}
	err := d.Decode(write(&samples()[0].frame, 0), &f)
	if err != nil || f.Immutable || f.Data != nil {
		t.Errorf("%v, Immutable %v, Data %v", err, f.Immutable, f.Data)
	}
}

// An append to a view must not overwrite the rest of the datagram.
func TestViewsHaveNoSpareCapacity(t *testing.T) {
	f := decode(t, write(&samples()[0].frame, 0))
	for _, c := range f.Chunks {
		if cap(c.Data) != len(c.Data) {
			t.Errorf("a chunk of %d bytes has a capacity of %d", len(c.Data), cap(c.Data))
		}
	}
}

func TestOffsets(t *testing.T) {
	want := map[string][2]uint64{ // StartOffset and EndOffset
		"data":                 {12, 15},
		"data empty":           {12, 12},
		"data skip":            {12, 5014},
		"data starts":          {12, 14},
		"data goes on":         {13, 13},
		"data ends":            {13, 14},
		"data ends and starts": {13, 14},
	}
	for _, s := range samples() {
		w, ok := want[s.name]
		f := decode(t, write(&s.frame, s.size))
		if ok && (f.StartOffset() != w[0] || f.EndOffset() != w[1]) {
			t.Errorf("%s: %d, %d; want %v", s.name, f.StartOffset(), f.EndOffset(), w)
		}
	}
}

func TestEncoderCorrectsInvalidFields(t *testing.T) {
	var e Encoder
	f := decode(t, e.Append(nil, &Frame{Kind: Nack, Session: 1, Held: -5}))
	if f.Held != 0 {
		t.Errorf("a negative time was encoded as %v", f.Held)
	}
	f = decode(t, e.Append(nil, &Frame{Kind: Heartbeat, Interval: math.MinInt64, RTT: -1}))
	if f.Interval != 0 || f.RTT != 0 {
		t.Errorf("negative times were encoded as %v, %v", f.Interval, f.RTT)
	}
	f = decode(t, e.Append(nil, &Frame{Kind: Session, Name: make([]byte, 300), Wall: -1}))
	if len(f.Name) != MaxName || f.Wall != 0 {
		t.Errorf("a name of %d bytes, a wall clock of %d", len(f.Name), f.Wall)
	}
}

func TestAppendKeepsThePrefix(t *testing.T) {
	var e Encoder
	b := e.Append([]byte("before"),
		&Frame{Kind: Confirm, Session: 1, Ranges: []nack.Range{{From: 1, To: 2}}})
	cut := len(b)
	b = e.AppendRepair(b, 1, 0, 2, 3, []byte("x"))
	if string(b[:6]) != "before" || decode(t, b[6:cut]).Kind != Confirm ||
		decode(t, b[cut:]).Kind != Repair {
		t.Errorf("%x", b)
	}
}

// Decode detects any changed byte: CRC32C detects each burst of up to 32 bits.
func TestDamage(t *testing.T) {
	var d Decoder
	var f Frame
	for _, s := range samples() {
		packet := write(&s.frame, s.size)
		for i := range packet {
			for _, flip := range []byte{1, 0x80, 0xff} {
				packet[i] ^= flip
				if err := d.Decode(packet, &f); !errors.Is(err, ErrDamaged) {
					t.Fatalf("%s: byte %d changed by %02x: %v", s.name, i, flip, err)
				}
				packet[i] ^= flip
			}
		}
		for n := range packet {
			if err := d.Decode(packet[:n], &f); !errors.Is(err, ErrDamaged) {
				t.Fatalf("%s cut to %d bytes: %v", s.name, n, err)
			}
		}
	}
	for _, packet := range [][]byte{nil, {}, make([]byte, 26), make([]byte, MaxDatagram)} {
		if err := d.Decode(packet, &f); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d zero bytes: %v", len(packet), err)
		}
	}
}

// A frame that is cut short is never valid, even with the right tag.
func TestTruncated(t *testing.T) {
	var d Decoder
	var f Frame
	for _, s := range samples() {
		packet := write(&s.frame, s.size)
		body := packet[:len(packet)-tagSize]
		for n := range body {
			cut := wire(bytes.Clone(body[:n])).tag()
			if err := d.Decode(cut, &f); err == nil {
				t.Fatalf("%s cut to %d bytes of %d was decoded as %v", s.name, n, len(body), &f)
			}
		}
	}
}

func TestText(t *testing.T) {
	want := map[string]string{
		"data":      "DATA s=1122334455667788 seq=7 off=12 t=1.5ms chunks=3",
		"data skip": "DATA s=1122334455667788 seq=7 off=12 t=1.5ms chunks=3 skip=5000",
		"data goes on": "DATA s=1122334455667788 seq=7 off=12 t=1.5ms chunks=1 " +
			"continues unfinished",
		"data of a replay": "DATA s=1122334455667788 replay seq=7 off=12 t=1.5ms chunks=1 " +
			"unfinished",
		"repair": "REPAIR s=1122334455667788 ch=3 by=1122334455667788 req=63 data=60B",
		"heartbeat": "HEARTBEAT s=1122334455667788 next=900/4000 oldest=100/420 " +
			"t=2.147483648s interval=40ms group=12 rtt=180µs",
		"bye": "BYE s=1122334455667788 next=900/4000 oldest=100/420 " +
			"t=2.147483648s interval=40ms group=12 rtt=180µs",
		"session": `SESSION s=1122334455667788 name="trades" first=1/0 t=1ns ` +
			"wall=2023-11-14T22:13:20.123456789Z control=10.1.2.3:7701",
		"nack": "NACK s=1122334455667788 sub=0000000000abcdef req=100000005 " +
			"missing=7,10-299,300,1099511627776-1099511697775 echo=1.5µs+1ms",
		"status": `STATUS s=1122334455667788 sub=0000000000abcdef name="desk-4" pos=17 ` +
			"room=33554432 echo=1.5µs+3ns want-session",
		"confirm": "CONFIRM s=1122334455667788 by=1122334455667788 " +
			"coming=7,10-299,300,1099511627776-1099511697775 t=61ms",
		"gone": "GONE s=1122334455667788 by=1122334455667788 req=5 " +
			"gone=7,10-299,300,1099511627776-1099511697775 oldest=400/1700 t=61ms",
		"data starts": "DATA s=1122334455667788 seq=7 off=12 t=1.5ms chunks=2 unfinished",
	}
	for _, s := range samples() {
		if w, ok := want[s.name]; ok {
			if got := s.frame.String(); got != w {
				t.Errorf("%s:\n got %s\nwant %s", s.name, got, w)
			}
		}
	}
	many := Frame{Kind: Confirm}
	for i := range uint64(20) {
		many.Ranges = append(many.Ranges, nack.Range{From: 3 * i, To: 3*i + 1})
	}
	w := "CONFIRM s=0000000000000000 by=0000000000000000 " +
		"coming=0,3,6,9,12,15,18,21,+12 more t=0s"
	if got := many.String(); got != w {
		t.Errorf("\n got %s\nwant %s", got, w)
	}
	unknown := Frame{Kind: 77, Time: uint64(time.Second)}
	if got, w := unknown.String(), "KIND(77) s=0000000000000000"; got != w {
		t.Errorf("\n got %s\nwant %s", got, w)
	}
}
