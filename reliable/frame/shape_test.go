package frame

import (
	"bytes"
	"testing"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// Every frame resembles one, with its header, also where the datagram is cut behind the header
// or its tag is wrong; and its elements tell its size, whatever follows.
func TestResembles(t *testing.T) {
	var d Decoder
	for _, s := range samples() {
		packet := write(&s.frame, s.size)
		want, _ := HeaderOf(packet)
		if want.Kind != s.frame.Kind || want.Session != s.frame.Session {
			t.Errorf("%v: its header is %+v", &s.frame, want)
		}
		size := headerSize
		if packet[0] == msgpcode.Array16 {
			size += 2
		}
		for n := range packet {
			h, ok := Resembles(packet[:n])
			if ok != (n >= size) || ok && h != want {
				t.Fatalf("%v: its first %d bytes: %v, %v", &s.frame, n, h, ok)
			}
		}
		two := append(bytes.Clone(packet), packet...)
		if n, ok := d.Size(two); !ok || n != len(packet) {
			t.Errorf("%v: %d of %d bytes, %v", &s.frame, n, len(packet), ok)
		}
		if tag := CheckTag(packet); tag != TagRight {
			t.Errorf("%v: its tag is %v", &s.frame, tag)
		}
		packet[len(packet)-1]++
		if tag := CheckTag(packet); tag != TagWrong {
			t.Errorf("%v: its damaged tag is %v", &s.frame, tag)
		}
		packet[size] = 0xc0 // the first field's code
		if _, ok := Resembles(packet); ok {
			t.Errorf("%v resembles a frame without its first field", &s.frame)
		}
	}
}
