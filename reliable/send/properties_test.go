package send

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// An assembly puts the messages of a stream's frames together again.
type assembly struct {
	properties []byte
	data       []byte
	// each gets all messages in their order.
	each func(offset uint64, properties frame.Properties, message []byte)
}

func (a *assembly) take(f *frame.Frame) {
	offset := f.Offset
	for i, c := range f.Chunks {
		switch goesOn := i == 0 && f.Flags&frame.Continues != 0; {
		case c.Skip > 0:
			offset += c.Skip
			continue
		case goesOn:
			a.data = append(a.data, c.Data...)
		default:
			a.properties = bytes.Clone(c.Properties)
			a.data = append(a.data[:0], c.Data...)
		}
		if i == len(f.Chunks)-1 && f.Flags&frame.Unfinished != 0 {
			return
		}
		a.each(offset, a.properties, a.data)
		offset++
	}
}

// Messages with keys and headers are packed whole or in parts as others are, between others,
// and while the size of datagrams changes.
func TestPropertiesArePacked(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 4))
		datagram := 256 + rng.IntN(1300)
		s, err := New(Config{Session: 1, Datagram: datagram, BatchWait: time.Second,
			Retention: Retention{ResendBuffer: 64 << 10}})
		if err != nil {
			t.Fatal(err)
		}
		st := s.Stream(0)
		type made struct{ properties, message []byte }
		var all []made
		next := uint64(0)
		a := assembly{each: func(offset uint64, properties frame.Properties, message []byte) {
			if want := all[offset]; offset != next || !bytes.Equal(properties, want.properties) ||
				!bytes.Equal(message, want.message) {
				t.Fatalf("seed %d: message %d of %d and %d bytes is %d and %d bytes long", seed,
					offset, len(want.properties), len(want.message), len(properties), len(message))
			}
			next++
		}}
		var d frame.Decoder
		var f frame.Frame
		send := func() {
			for b, ok := s.Next(0); ok; b, ok = s.Next(0) {
				for i := range b.Datagrams() {
					if err := d.Decode(b.Datagram(i), &f); err != nil {
						t.Fatal(err)
					}
					if f.Kind == frame.Data {
						a.take(&f)
					}
				}
				s.Sent(b)
			}
		}
		for range 400 {
			var key []byte
			var headers []reliable.Header
			if rng.IntN(2) == 0 {
				key = bytes.Repeat([]byte{byte(rng.Uint32())}, rng.IntN(20))
			}
			for i := range rng.IntN(3) {
				headers = append(headers, reliable.Header{Name: fmt.Sprint("h", i),
					Value: make([]byte, rng.IntN(4))})
			}
			message := make([]byte, rng.IntN(1+rng.IntN(3*datagram)))
			for i := range message {
				message[i] = byte(rng.Uint32())
			}
			properties, err := s.Properties(key, headers)
			if err != nil {
				t.Fatal(err)
			}
			keep := made{bytes.Clone(properties), message}
			offset, err := st.PublishWith(0, properties, message)
			switch {
			case err == reliable.ErrFull:
				send()
				if offset, err = st.PublishWith(0, keep.properties, message); err != nil {
					t.Fatalf("seed %d: after all was sent: %v", seed, err)
				}
			case err != nil:
				t.Fatal(err)
			}
			if all = append(all, keep); offset != uint64(len(all)-1) {
				t.Fatalf("offset %d, want %d", offset, len(all)-1)
			}
			switch rng.IntN(8) {
			case 0:
				send()
			case 1:
				send() // all but what is in the open frame, which is packed anew
				s.SetDatagram(0, datagram-rng.IntN(datagram-255))
			}
		}
		s.Close(0)
		if send(); next != uint64(len(all)) {
			t.Fatalf("seed %d: %d of %d messages were sent", seed, next, len(all))
		}
	}
}

// A key and headers must leave a datagram room for a message.
func TestPropertiesTooLarge(t *testing.T) {
	s, err := New(Config{Session: 1, Datagram: 256})
	if err != nil {
		t.Fatal(err)
	}
	limit := 0
	for size := range 200 {
		properties, err := s.Properties(nil, []reliable.Header{{Name: "h",
			Value: make([]byte, size)}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Stream(0).PublishWith(0, properties, make([]byte, 300))
		var large *reliable.PropertiesError
		switch {
		case err == nil && limit == 0:
		case errors.As(err, &large) && large.Size == len(properties) &&
			large.Limit < len(properties):
			limit = large.Limit
		default:
			t.Fatalf("%d bytes: %v", len(properties), err)
		}
	}
	if limit < 40 || limit > 128 {
		t.Errorf("%d bytes are the most", limit)
	}
}

// A message with a key and a header costs no allocation, whole or in parts.
func TestPropertiesAllocateNothing(t *testing.T) {
	s, err := New(Config{Session: 1})
	if err != nil {
		t.Fatal(err)
	}
	st := s.Stream(0)
	headers := []reliable.Header{{Name: "venue", Value: []byte("XLON")}}
	key, message := []byte("EURUSD.x"), make([]byte, 2000)
	size := 0
	if n := testing.AllocsPerRun(1000, func() {
		size = (size + 170) % len(message)
		if _, err := st.PublishMessage(0, key, headers, message[:size]); err != nil {
			t.Fatal(err)
		}
		for s.FullBatch() {
			b, _ := s.Next(0)
			s.Sent(b)
		}
	}); n != 0 {
		t.Errorf("%v allocations to send a message", n)
	}
}
