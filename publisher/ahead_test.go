package publisher

import (
	"testing"

	"crier/reliable/send"
)

// Memory is populated ahead of its use, each part once. A request that run was too busy to
// take is repeated.
func TestMemoryIsPopulatedAhead(t *testing.T) {
	const size = 11 << 20
	a := newAhead(make([]byte, size))
	asked := func(used, want int) {
		t.Helper()
		a.reach(used)
		select {
		case to := <-a.more:
			if to != want {
				t.Errorf("with %d bytes used, %d were asked for, want %d", used, to, want)
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
	a.reach(5 << 20)
	a.reach(8 << 20) // must not block while run is busy
	if to := <-a.more; to != 9<<20 {
		t.Errorf("%d bytes were asked for", to)
	}
	asked(8<<20, size) // the request is repeated
	asked(size, 0)
}

// The goroutine ends when all memory is populated, or the Publisher stops.
func TestAheadEnds(t *testing.T) {
	a := newAhead(make([]byte, 5<<20))
	a.reach(3 << 20)
	a.run(nil)
	a = newAhead(make([]byte, 5<<20))
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
