package publisher

import (
	"testing"

	"crier/reliable/send"
)

// Memory is populated ahead of its use, each part once. A request that run was too busy to
// take is repeated.
func TestMemoryIsPopulatedAhead(t *testing.T) {
	const size = 11 << 20
	a := newAhead(make([]byte, size), 1)
	asked := func(used, want int) {
		t.Helper()
		a.reach(0, used)
		select {
		case s := <-a.more:
			if s.to != want {
				t.Errorf("with %d bytes used, %d were asked for, want %d", used, s.to, want)
			}
		default:
			if want != 0 {
				t.Errorf("with %d bytes used nothing was asked for, want %d", used, want)
			}
		}
	}
	asked(0, 4<<20)
	asked(2<<20, 0)
	asked(2<<20+1, 6<<20+1)
	a.reach(0, 5<<20)
	a.reach(0, 8<<20) // must not block while run is busy
	if s := <-a.more; s != (span{4<<20 + 1, 9 << 20}) {
		t.Errorf("%v was asked for", s)
	}
	asked(8<<20, size) // the request is repeated
	asked(size, 0)
}

// Each partition's part is populated from its start, as it is used.
func TestPartsArePopulatedAhead(t *testing.T) {
	a := newAhead(make([]byte, 24<<20), 4) // 6 MiB each
	for _, c := range []struct {
		part, used int
		want       span
	}{
		{2, 0, span{12 << 20, 16 << 20}}, {0, 0, span{0, 4 << 20}},
		{2, 3 << 20, span{14 << 20, 18 << 20}}, {3, 6 << 20, span{18 << 20, 24 << 20}},
	} {
		a.reach(c.part, c.used)
		if got := <-a.more; got != c.want {
			t.Errorf("part %d, %d bytes used: %v, want %v", c.part, c.used, got, c.want)
		}
	}
	a.reach(2, 6<<20)
	if len(a.more) > 0 {
		t.Errorf("%v is asked for twice", <-a.more)
	}
}

// The goroutine ends when all memory is populated, or the Publisher stops.
func TestAheadEnds(t *testing.T) {
	a := newAhead(make([]byte, 5<<20), 1)
	a.reach(0, 3<<20)
	a.run(nil)
	a = newAhead(make([]byte, 5<<20), 1)
	stop := make(chan struct{})
	close(stop)
	a.run(stop)
}

// Used follows the writes of a Sender, up to all of its memory.
func TestUsedMemory(t *testing.T) {
	s, err := send.New(send.Config{Session: 1, Retention: send.Retention{ResendBuffer: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	st := s.Stream(0)
	message := make([]byte, 1300)
	for st.Used() < len(st.Memory()) {
		before := st.Used()
		if _, err := st.Publish(0, message); err != nil {
			t.Fatal(err)
		}
		for b, ok := s.Next(0); ok; b, ok = s.Next(0) {
			s.Sent(b)
		}
		if used := st.Used(); used < before || used > before+2*1472 {
			t.Fatalf("%d bytes used after %d", used, before)
		}
	}
	if b := st.Used(); b != len(st.Memory()) {
		t.Errorf("%d of %d bytes used", b, len(st.Memory()))
	}
}
