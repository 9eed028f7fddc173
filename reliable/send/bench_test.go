package send

import (
	"strconv"
	"testing"
)

// BenchmarkSend is the whole way of a message at a publisher but for sockets and
// locks, and of its frames as batches.
func BenchmarkSend(b *testing.B) {
	for _, size := range []int{64, 1024} {
		for _, ring := range []int{1 << 20, 64 << 20, 1 << 30} {
			b.Run(sizeName(size)+"/ring"+sizeName(ring), func(b *testing.B) {
				s, err := New(Config{Session: 1, Retention: Retention{ResendBuffer: ring}})
				if err != nil {
					b.Fatal(err)
				}
				st := s.Stream(0)
				message := make([]byte, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if _, ok := st.Append(message); ok {
						continue
					}
					if _, err := st.Publish(0, message); err != nil {
						b.Fatal(err)
					}
					for s.FullBatch() {
						batch, ok := s.Next(0)
						if !ok {
							b.Fatal("a full batch isn't sent")
						}
						s.Sent(batch)
					}
				}
			})
		}
	}
}

func sizeName(n int) string {
	for _, u := range []struct {
		unit string
		size int
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.size {
			return strconv.Itoa(n/u.size) + u.unit
		}
	}
	return strconv.Itoa(n) + "B"
}

// Sending allocates nothing.
func TestSendingAllocatesNothing(t *testing.T) {
	s, err := New(Config{Session: 1})
	if err != nil {
		t.Fatal(err)
	}
	st := s.Stream(0)
	message := make([]byte, 64)
	if n := testing.AllocsPerRun(1000, func() {
		if _, ok := st.Append(message); !ok {
			if _, err := st.Publish(0, message); err != nil {
				t.Fatal(err)
			}
		}
		for s.FullBatch() {
			b, _ := s.Next(0)
			s.Sent(b)
		}
	}); n != 0 {
		t.Errorf("%v allocations to send a message", n)
	}
}
