package frame

import (
	"bytes"
	"fmt"
	"testing"

	"crier/nack"
)

// packer packs messages into frames as a publisher does, but drops none.
type packer struct {
	size   int
	build  Builder
	sealed [][]byte
	// seq and offset are the next frame's and the next message's.
	seq    uint64
	offset uint64
}

func (p *packer) open(offset uint64) {
	p.build.Open(make([]byte, 0, p.size), 1, 0, p.seq, offset, 0)
	p.seq++
}

func (p *packer) seal(full bool) {
	p.sealed = append(p.sealed, p.build.Seal(full))
}

// add packs a message. It returns the number of frames that hold a part of it or were
// sealed to make room for it.
func (p *packer) add(message []byte) int {
	if !p.build.IsOpen() {
		p.open(p.offset)
	}
	frames, rest := 1, message
	for !p.build.Fits(len(rest)) {
		n := p.build.Start(rest)
		p.seal(true)
		frames++
		if rest = rest[n:]; n == 0 {
			p.open(p.offset)
			continue
		}
		p.open(p.offset)
		for n = p.build.Continue(rest); n < len(rest); n = p.build.Continue(rest) {
			rest = rest[n:]
			p.seal(true)
			frames++
			p.open(p.offset)
		}
		p.offset++
		return frames
	}
	p.build.Add(rest)
	p.offset++
	return frames
}

// unpack reassembles the messages of frames, and checks sequence numbers, offsets, flags
// and lengths.
func unpack(t *testing.T, frames [][]byte) (messages [][]byte) {
	t.Helper()
	var d Decoder
	var f Frame
	var part []byte
	var total uint32
	started := false
	for i, packet := range frames {
		if err := d.Decode(packet, &f); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if f.Seq != uint64(i) || f.Offset != uint64(len(messages)) ||
			f.Flags&Continues != 0 != started {
			t.Fatalf("frame %d: %v, after %d messages", i, &f, len(messages))
		}
		for j, c := range f.Chunks {
			if !started {
				total, part = c.Total, nil
			}
			part = append(part, c.Data...)
			if started = j == len(f.Chunks)-1 && f.Flags&Unfinished != 0; started {
				continue
			}
			if total != 0 && int(total) != len(part) {
				t.Fatalf("message %d has %d bytes, and its length mark says %d",
					len(messages), len(part), total)
			}
			messages, total = append(messages, part), 0
		}
	}
	if started {
		t.Fatal("the last message is unfinished")
	}
	return messages
}

// pads counts the nil chunks at the end of a frame.
func pads(packet []byte) int {
	n := 0
	for packet[len(packet)-tagSize-1-n] == 0xc0 {
		n++
	}
	return n
}

func TestMessagesOfAllSizes(t *testing.T) {
	sizes := []int{
		0, 1, 2, 127, 128, 253, 254, 255, 256, 257, 258, 1334, 1335, 1336, 1337, 1338, 1339,
		1340, 1341, 1342, 1343, 1344, 1345, 1346, 1347, 2600, 2700, 1 << 16, 1<<16 + 1, 1 << 20,
		MaxMessage - 1, MaxMessage,
	}
	noise := make([]byte, 64<<10)
	for i, rand := 0, nack.NewRand(1, 1); i < len(noise); i++ {
		if noise[i] = byte(rand.Below(256)); noise[i] == 0xc0 { // pads would count it
			noise[i] = 0
		}
	}
	for _, datagram := range []int{MinDatagram, 576, 1452, 1472, 8972, MaxDatagram} {
		for _, before := range []int{0, 1, 500} {
			p := packer{size: DataSize(datagram)}
			var want [][]byte
			for _, n := range sizes {
				if n > 1<<16+1 && (datagram != 1472 || before != 1) {
					continue // once is enough
				}
				for range 1 + before/len(sizes) {
					message := make([]byte, n)
					for i, at := 0, len(want); i < n; at = 0 {
						i += copy(message[i:], noise[at%len(noise):])
					}
					want = append(want, message)
					frames := p.add(message)
					if most := Frames(n, DataRoom(datagram)); frames > most {
						t.Fatalf("datagrams of %d: %d bytes took %d frames, more than Frames' %d",
							datagram, n, frames, most)
					}
				}
			}
			p.seal(false)
			for i, packet := range p.sealed[:len(p.sealed)-1] {
				if len(packet) != DataSize(datagram) || pads(packet) > PartHead {
					t.Fatalf("datagrams of %d: frame %d has %d bytes, %d of them padding",
						datagram, i, len(packet), pads(packet))
				}
			}
			for i, packet := range p.sealed { // the middle of a message needs no padding
				f := decode(t, packet)
				if f.Flags == Continues|Unfinished && len(f.Chunks) == 1 {
					if n := pads(packet); n > 1 || n == 1 && len(f.Chunks[0].Data) > 255 {
						t.Fatalf("datagrams of %d: frame %d is padded by %d", datagram, i, n)
					}
				}
			}
			got := unpack(t, p.sealed)
			if len(got) != len(want) {
				t.Fatalf("datagrams of %d: %d messages became %d", datagram, len(want), len(got))
			}
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Fatalf("datagrams of %d: message %d, of %d bytes, changed",
						datagram, i, len(want[i]))
				}
			}
		}
	}
}

// No message takes more than Frames, however full the open frame is, and the bound is
// close.
func TestFramesIsABound(t *testing.T) {
	rand := nack.NewRand(1, 2)
	for _, datagram := range []int{MinDatagram, 300, 1452, 1472} {
		room := DataRoom(datagram)
		for n := range 4 * room {
			most := 0
			for range 3 {
				p := packer{size: DataSize(datagram)}
				if fill := int(rand.Below(uint64(room))); fill > binHead {
					p.add(make([]byte, fill-binHead))
				}
				most = max(most, p.add(make([]byte, n)))
			}
			if bound := Frames(n, room); most > bound || bound > most+2 {
				t.Fatalf("datagrams of %d: %d bytes took up to %d frames, Frames says %d",
					datagram, n, most, bound)
			}
		}
		for left := range 40 { // little room in the open frame
			p := packer{size: DataSize(datagram)}
			p.add(make([]byte, room-left-binHead))
			for _, n := range []int{0, 1, 2, 3, room - 3, room - 2, room - 1, room, 2 * room} {
				q := packer{size: p.size}
				q.add(make([]byte, room-left-binHead))
				if got, bound := q.add(make([]byte, n)), Frames(n, room); got > bound {
					t.Fatalf("datagrams of %d, %d bytes left: %d bytes took %d frames, bound %d",
						datagram, left, n, got, bound)
				}
			}
		}
	}
}

func TestStartTakesLeft(t *testing.T) {
	size := DataSize(1472)
	for fill := range DataRoom(1472) - binHead {
		var b Builder
		b.Open(make([]byte, 0, size), 1, 0, 0, 0, 0)
		b.Add(make([]byte, fill))
		left := b.Left()
		if got := b.Start(make([]byte, 5000)); got != left {
			t.Fatalf("after %d bytes Left is %d, and Start took %d", fill, left, got)
		}
		if packet := b.Seal(true); len(packet) != size {
			t.Fatalf("after %d bytes the frame has %d", fill, len(packet))
		}
	}
}

func TestFitsExactly(t *testing.T) {
	room := DataRoom(1472)
	for _, n := range []int{0, 1, 127, 128, 254, 255, 256, 257, 700} {
		head := 2
		if n > 255 {
			head = 3
		}
		for _, spare := range []int{0, -1} {
			var b Builder
			b.Open(make([]byte, 0, DataSize(1472)), 1, 0, 0, 0, 0)
			b.Add(make([]byte, room-head-n-spare-3))
			if fits := b.Fits(n); fits != (spare == 0) {
				t.Fatalf("%d bytes, %d to spare: Fits is %v", n, spare, fits)
			}
			if spare == 0 {
				b.Add(make([]byte, n))
				if got := len(b.Seal(true)); got != DataSize(1472) {
					t.Fatalf("%d bytes: the frame has %d", n, got)
				}
			}
		}
	}
}

// In frames of 1,401 bytes, a message of 1 KiB takes three quarters of a frame, and not a
// whole one.
func TestFramesFillExactly(t *testing.T) {
	p := packer{size: DataSize(1472)}
	for range 1000 {
		p.add(make([]byte, 1024))
	}
	p.seal(false)
	if n := len(p.sealed); n > 1000*1031/1345+2 {
		t.Errorf("1,000 messages of 1 KiB took %d frames", n)
	}
}

func TestSkip(t *testing.T) {
	var b Builder
	b.Open(make([]byte, 0, DataSize(MinDatagram)), 1, 0, 5, 100, 0)
	b.Add([]byte("a"))
	if !b.Skip(0) || !b.Skip(7) {
		t.Fatal("no room for a skip")
	}
	b.Add([]byte("b"))
	for b.Skip(MaxSkip) {
	}
	f := decode(t, b.Seal(false))
	if len(f.Raw) > DataSize(MinDatagram) || len(f.Raw) <= DataSize(MinDatagram)-SkipSize {
		t.Errorf("%d bytes of %d", len(f.Raw), DataSize(MinDatagram))
	}
	n := uint64(len(f.Chunks) - 3)
	if f.Chunks[1].Skip != 7 || n == 0 || f.EndOffset() != 100+1+7+1+n*MaxSkip {
		t.Errorf("%v", f)
	}
}

func TestEmptyFrame(t *testing.T) {
	var b Builder
	if b.IsOpen() {
		t.Error("the zero value is open")
	}
	b.Open(make([]byte, 0, 200), 1, 2, 3, 4, 5)
	if !b.IsOpen() || !b.Empty() {
		t.Error("not open, or not empty")
	}
	f := decode(t, b.Seal(true))
	if b.IsOpen() || len(f.Raw) != 200 || f.Channel != 2 || f.Seq != 3 || f.Offset != 4 ||
		f.Time != 5 || len(f.Chunks) != 0 {
		t.Errorf("%+v", f)
	}
}

// A Builder and the tests' own writer write the same bytes.
func TestBuilderAgreesWithWire(t *testing.T) {
	p := packer{size: DataSize(576)}
	rand := nack.NewRand(3, 4)
	for range 500 {
		p.add(make([]byte, rand.Below(1200)))
	}
	p.seal(false)
	for i, packet := range p.sealed {
		f := decode(t, packet)
		if again := write(f, len(packet)); !bytes.Equal(again, packet) {
			t.Fatalf("frame %d:\n got %x\nwant %x", i, packet, again)
		}
	}
}

func ExampleBuilder() {
	var b Builder
	b.Open(make([]byte, 0, DataSize(1472)), 0x4d2, 0, 7, 12, 1500000)
	b.Add([]byte("hello"))
	b.Add([]byte("world"))
	packet := b.Seal(false)

	var d Decoder
	var f Frame
	if err := d.Decode(packet, &f); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(&f)
	for i, c := range f.Chunks {
		fmt.Printf("%d %s\n", f.Offset+uint64(i), c.Data)
	}
	// Output:
	// DATA s=00000000000004d2 seq=7 off=12 t=1.5ms chunks=2
	// 12 hello
	// 13 world
}
