package send

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/rig"
)

// A batch is the same stream as its messages one by one, whatever their sizes,
// and what was reckoned for it is enough.
func TestBatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, datagram := range []int{256, 1472, 9000} {
		for range 50 {
			p := newPair(t, Config{Datagram: datagram, Retention: Retention{ResendBuffer: 1 << 20}},
				receive.Config{})
			for range 5 {
				batch := make([][]byte, rng.IntN(60))
				for i := range batch {
					batch[i] = rig.Payload(len(p.sent)+i, rng.IntN(1+rng.IntN(3*datagram)))
				}
				first, err := p.st.PublishBatch(p.now, batch)
				if err != nil || first != uint64(len(p.sent)) {
					t.Fatalf("PublishBatch returned %d, %v, want %d", first, err, len(p.sent))
				}
				p.sent = append(p.sent, batch...)
				p.settle()
			}
			p.s.Close(p.now)
			p.run(p.now.Add(3 * time.Second))
			if st := p.check(); st.Delivered != uint64(len(p.sent)) || st.Lost != 0 {
				t.Fatalf("%d messages were published: %+v", len(p.sent), st)
			}
		}
	}
}

// In the ring a batch is the same bytes as its messages one by one, and it counts the
// same.
func TestBatchBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		var senders [2]*Sender
		datagram := 256 + rng.IntN(1300)
		for i := range senders {
			var err error
			if senders[i], err = New(Config{Session: 1, Datagram: datagram,
				Retention: Retention{ResendBuffer: 1 << 20}}); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			batch := make([][]byte, rng.IntN(80))
			for i := range batch {
				batch[i] = rig.Payload(i, rng.IntN(1+rng.IntN(600)))
				if _, err := senders[0].Stream(0).Publish(0, batch[i]); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := senders[1].Stream(0).PublishBatch(0, batch); err != nil {
				t.Fatal(err)
			}
		}
		one, many := senders[0], senders[1]
		one.Stream(0).Flush()
		many.Stream(0).Flush()
		for {
			a, ok := one.Next(0)
			b, also := many.Next(0)
			if ok != also || !bytes.Equal(a.Data, b.Data) || a.Segment != b.Segment {
				t.Fatalf("datagrams of %d bytes: one by one %d bytes (%v), as batches %d (%v)",
					datagram, len(a.Data), ok, len(b.Data), also)
			}
			if !ok {
				break
			}
			one.Sent(a)
			many.Sent(b)
		}
		if a, b := one.Stats(), many.Stats(); a.Accepted != b.Accepted ||
			a.AcceptedBytes != b.AcceptedBytes || a.NextOffset != b.NextOffset {
			t.Fatalf("one by one %+v, as batches %+v", a, b)
		}
	}
}

// No batch that is taken has more frames than were reckoned for it: filled to the
// last frame that the reckoning allows, the ring keeps what was not sent.
func TestBatchReckoning(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		s, err := New(Config{Session: 1, Datagram: 256 + rng.IntN(400),
			Retention: Retention{ResendBuffer: 20 << 10}})
		if err != nil {
			t.Fatal(err)
		}
		st := s.Stream(0)
		most := 1 + rng.IntN(800)
		for {
			batch := make([][]byte, rng.IntN(40))
			for i := range batch {
				batch[i] = make([]byte, rng.IntN(most))
			}
			if _, err := st.PublishBatch(0, batch); err != nil {
				break
			}
			if st.store.InMemory() > st.store.Sent() {
				t.Fatalf("frames from %d on are not sent yet, and those below %d are overwritten",
					st.store.Sent(), st.store.InMemory())
			}
		}
	}
}

func TestBatchErrors(t *testing.T) {
	s, err := New(Config{Session: 1, Retention: Retention{ResendBuffer: 20 << 10}})
	if err != nil {
		t.Fatal(err)
	}
	st := s.Stream(0)
	var large *reliable.BatchTooLargeError
	if _, err := st.PublishBatch(0, [][]byte{make([]byte, 15<<10),
		make([]byte, 15<<10)}); !errors.As(err, &large) {
		t.Errorf("30 KiB in a ring of 20: %v", err)
	}
	var one *reliable.TooLargeError
	if _, err := st.PublishBatch(0, [][]byte{nil, make([]byte, 17<<20)}); !errors.As(err, &one) {
		t.Errorf("a message of 17 MiB: %v", err)
	}
	if first, err := st.PublishBatch(0, [][]byte{make([]byte, 10<<10), {}}); first != 0 ||
		err != nil {
		t.Errorf("PublishBatch returned %d, %v", first, err)
	}
	if _, err := st.PublishBatch(0, [][]byte{make([]byte, 5<<10),
		make([]byte, 3<<10)}); err != reliable.ErrFull {
		t.Errorf("a batch that doesn't fit what is left: %v, want ErrFull", err)
	}
	if st.packer.nextOffset != 2 {
		t.Errorf("%d messages were accepted, want 2: refused batches leave nothing behind",
			st.packer.nextOffset)
	}
	if _, err := st.PublishBatch(0, nil); err != nil {
		t.Errorf("no messages at all: %v", err)
	}
	s.Close(0)
	if _, err := st.PublishBatch(0, nil); err != reliable.ErrClosed {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}
