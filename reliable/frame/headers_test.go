package frame

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What AppendProperties writes is read again, in order, by a Decoder too.
func TestProperties(t *testing.T) {
	for _, key := range []string{"", "k", "AAPL", strings.Repeat("k", 255)} {
		for _, headers := range [][]MessageHeader{nil, {{"trace", []byte("0af7")}},
			{{"a", nil}, {"b", []byte{}}, {"ü", make([]byte, 300)}},
			{{strings.Repeat("n", 31), []byte{1}}, {strings.Repeat("n", 255), []byte{2}}}} {
			before := []byte("before")
			whole, err := AppendProperties(before, []byte(key), headers)
			if err != nil {
				t.Fatal(err)
			}
			p := whole[len(before):]
			if (len(p) == 0) != (key == "" && headers == nil) {
				t.Fatalf("%q and %v take %d bytes", key, headers, len(p))
			}
			if got := p.Key(); string(got) != key || (got == nil) != (key == "") {
				t.Errorf("the key %q is read as %q", key, got)
			}
			i := 0
			for name, value := range p.Headers() {
				h := headers[i]
				if string(name) != h.Name || !bytes.Equal(value, h.Value) {
					t.Errorf("header %d is %q: %q, want %v", i, name, value, h)
				}
				if v, ok := p.Header(h.Name); !ok || !bytes.Equal(v, h.Value) {
					t.Errorf("header %q is %q, %v", h.Name, v, ok)
				}
				i++
			}
			if _, ok := p.Header("absent"); ok || i != len(headers) {
				t.Errorf("%d of %d headers, and one that is absent: %v", i, len(headers), ok)
			}
			for range p.Headers() {
				break // must be fine
			}
			if len(p) == 0 {
				continue
			}
			f := decode(t, dataFrame(0, wire{0x91, 0x92}.bin([]byte("m")).raw(p...)...))
			if c := f.Chunks[0]; !bytes.Equal(c.Properties, p) || string(c.Data) != "m" {
				t.Errorf("decoded as %x, want %x", c.Properties, p)
			}
		}
	}
}

func TestPropertiesRefused(t *testing.T) {
	header := func(name string, value int) MessageHeader {
		return MessageHeader{name, make([]byte, value)}
	}
	many := make([]MessageHeader, MaxHeaders+1)
	for i := range many {
		many[i] = header(fmt.Sprint(i), 0)
	}
	for _, c := range []struct {
		key     int
		headers []MessageHeader
		want    string
	}{
		{256, nil, "a key of 256 bytes is longer than 255: use a hash of it"},
		{0, many, "33 headers are more than 32: put the rest into the payload"},
		{0, []MessageHeader{header("", 1)}, "header 1 has no name: give it one of 1 to 255 bytes"},
		{0, []MessageHeader{header(strings.Repeat("n", 256), 1)},
			"the name of header 1 has 256 bytes, and may have 255: shorten it"},
		{0, []MessageHeader{header("\xff", 1)},
			`the name of header 1, "\xff", isn't valid UTF-8: encode it in UTF-8`},
		{0, []MessageHeader{header("a", 1), header("b", 1), header("a", 2)},
			`header "a" is there twice: use another name`},
		{0, []MessageHeader{header("a", 1025)},
			`header "a" has 1025 bytes, where all take at most 1024: put it into the payload`},
		{200, []MessageHeader{header("a", 900)},
			"the key and the headers take 1111 bytes, and may take 1024: put the rest into the " +
				"payload"},
	} {
		before := []byte("x")
		got, err := AppendProperties(before, make([]byte, c.key), c.headers)
		if err == nil || err.Error() != c.want || string(got) != "x" {
			t.Errorf("\n got %v\nwant %s\nwith %q", err, c.want, got)
		}
	}
}

// A Builder writes messages with properties, whole and in parts, and repeats what a frame had.
func TestBuilderWithProperties(t *testing.T) {
	rand := uint64(1)
	next := func(n int) int {
		rand = rand*6364136223846793005 + 1442695040888963407
		return int(rand >> 33 % uint64(n))
	}
	for _, size := range []int{MinDatagram, 1472, 9000} {
		var b Builder
		var want, got []Chunk // whole messages
		var partial []byte
		for range 300 {
			m := Chunk{Data: make([]byte, next(3*size))}
			if next(4) > 0 {
				m.Data = m.Data[:min(next(60), len(m.Data))]
			}
			m.Properties = propertiesOf(next(3)*9, 0)
			if next(2) == 0 {
				m.Properties = nil
			}
			for i := range m.Data {
				m.Data[i] = byte(next(256))
			}
			want = append(want, m)
		}
		count, seq := 0, uint64(0)
		buf := make([]byte, 0, DataSize(size))
		seal := func() {
			sealed := b.Seal(true)
			if len(sealed) != cap(buf) || &sealed[0] != &buf[:1][0] {
				t.Fatalf("a frame of %d bytes left its buffer of %d", len(sealed), cap(buf))
			}
			f := decode(t, bytes.Clone(sealed))
			seq++
			count++
			for i, c := range f.Chunks {
				switch {
				case i == 0 && f.Flags&Continues != 0:
					partial = append(partial, c.Data...)
					got[len(got)-1].Data = partial
				default:
					partial = bytes.Clone(c.Data)
					got = append(got, Chunk{Data: partial, Properties: c.Properties})
				}
			}
		}
		for _, m := range want {
			from := count
			if !b.IsOpen() {
				b.Open(buf, 1, 0, seq, 0, 0)
			}
			p := m.Properties
			if !b.FitsWith(p, len(m.Data)) && !b.Empty() && b.LeftWith(p) < 64 {
				seal()
				b.Open(buf, 1, 0, seq, 0, 0)
			}
			if b.FitsWith(p, len(m.Data)) {
				b.AddWith(p, m.Data)
				continue
			}
			left := b.LeftWith(p)
			rest := m.Data[b.StartWith(p, m.Data):]
			if took := len(m.Data) - len(rest); took == 0 || took != min(left, len(m.Data)-1) {
				t.Fatalf("%d of %d bytes started in room for %d", took, len(m.Data), left)
			}
			for len(rest) > 0 {
				seal()
				b.Open(buf, 1, 0, seq, 0, 0)
				rest = rest[b.Continue(rest):]
			}
			if bound := Frames(len(m.Data)+len(p)+1, DataRoom(size)); 1+count-from > bound {
				t.Fatalf("%d bytes with %d of properties take %d frames, more than %d",
					len(m.Data), len(p), 1+count-from, bound)
			}
		}
		seal()
		if !slices.EqualFunc(got, want, func(a, b Chunk) bool {
			return bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Properties, b.Properties)
		}) {
			t.Fatalf("datagrams of %d: other messages were read than written", size)
		}
	}
}

func TestPropertiesAllocateNothing(t *testing.T) {
	key, headers := []byte("AAPL"), []MessageHeader{{"trace", []byte("0af7651916cd43dd")}}
	buf, message := make([]byte, 0, DataSize(1472)), make([]byte, 64)
	var b Builder
	var scratch Properties
	var d Decoder
	var f Frame
	sum := 0
	if n := testing.AllocsPerRun(100, func() {
		var err error
		if scratch, err = AppendProperties(scratch[:0], key, headers); err != nil {
			t.Fatal(err)
		}
		b.Open(buf, 1, 0, 2, 3, 4)
		for b.FitsWith(scratch, len(message)) {
			b.AddWith(scratch, message)
		}
		if err := d.Decode(b.Seal(true), &f); err != nil {
			t.Fatal(err)
		}
		for i := range f.Chunks {
			p := f.Chunks[i].Properties
			for name, value := range p.Headers() {
				sum += len(name) + len(value)
			}
			_, ok := p.Header("trace")
			if sum += len(p.Key()); !ok {
				t.Fatal("no header")
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if f.Messages < 5 || sum == 0 {
		t.Errorf("%v", &f)
	}
}

// The parts of a STATUS fit in their datagrams and name each channel once.
func TestStatusInParts(t *testing.T) {
	var e Encoder
	for _, size := range []int{MinDatagram, 1472} {
		for _, recorder := range []bool{false, true} {
			for _, n := range []int{0, 1, 15, 16, 255} {
				f := Frame{Kind: Status, Session: 1, Channel: 300, Subscriber: 7, Position: 300,
					Recorder: recorder, Name: []byte("desk-4")}
				want := []Progress{{Channel: 300, Position: 300}}
				for c := range uint32(n) {
					p := Progress{Channel: c, Position: math.MaxUint64 >> (c % 60)}
					if recorder {
						p.Written, p.Synced = p.Position, p.Position/2
					}
					want = append(want, p)
				}
				f.Positions = want[1:]
				var got []Progress
				parts := 0
				for more := true; more; parts++ {
					var packet []byte
					packet, more = e.AppendStatus(nil, &f, size)
					if len(packet)+tagGrowth > size {
						t.Fatalf("a part of %d bytes in %d", len(packet), size)
					}
					part := decode(t, packet)
					at := Progress{part.Channel, part.Position, part.Written, part.Synced}
					got = append(append(got, at), part.Positions...)
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("%d in %d bytes: got %v\nwant %v", n, size, got, want)
				}
				if size == 1472 && n < 17 && parts != 1 {
					t.Errorf("%d channels take %d datagrams", n+1, parts)
				}
			}
		}
	}
}

// An Encoder writes the same properties that a decoded frame had.
func TestPropertiesOfFrames(t *testing.T) {
	for _, s := range samples() {
		f := s.frame
		packet := write(&f, s.size)
		if f.Kind == Data || f.Kind == Repair || len(f.Properties) == 0 ||
			s.name == "session" || s.name == "status" {
			continue
		}
		f.Properties = nil
		if got := encode(&f); !bytes.Equal(got, packet) {
			t.Errorf("%s:\n got %x\nwant %x", s.name, got, packet)
		}
	}
}

// AddMessage adds what AppendProperties and AddWith do, as long as it fits.
func TestAddMessage(t *testing.T) {
	long := strings.Repeat("n", 40)
	for _, headers := range [][]MessageHeader{
		nil, {{"h", nil}}, {{"venue", []byte("XLON")}, {"span", make([]byte, 8)}},
		{{long, []byte("v")}}, {{"v", make([]byte, 300)}}, {{"Übung", []byte("v")}},
		{{"a", nil}, {"a", nil}}, {{"", nil}}, {{"\xff", nil}}, {{"v", make([]byte, 1020)}},
		make([]MessageHeader, 33), {{"a", make([]byte, 255)}, {"b", make([]byte, 255)},
			{"c", make([]byte, 255)}, {"d", make([]byte, 255)}},
	} {
		for _, key := range []int{0, 1, 8, 255, 256} {
			for _, size := range []int{0, 64, 255, 256, 900} {
				key, message := make([]byte, key), make([]byte, size)
				for room := dataHead + tagSize; room <= 1472; room += 97 {
					var one, two Builder
					one.Open(make([]byte, 0, room), 1, 0, 2, 3, 4)
					two.Open(make([]byte, 0, room), 1, 0, 2, 3, 4)
					p, wrong := AppendProperties(nil, key, headers)
					fits := wrong == nil && one.FitsWith(p, size)
					if fits {
						one.AddWith(p, message)
					}
					ok, err := two.AddMessage(key, headers, message)
					if ok != fits || fmt.Sprint(err) != fmt.Sprint(wrong) {
						t.Fatalf("%d, %d: %v, %v, not %v, %v", len(key), size, ok, err, fits, wrong)
					}
					if a, b := one.Seal(false), two.Seal(false); !bytes.Equal(a, b) {
						t.Fatalf("%d, %d: %x, not %x", len(key), size, b, a)
					}
				}
			}
		}
	}
}
