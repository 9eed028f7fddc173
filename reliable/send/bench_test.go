package send

import (
	"strconv"
	"testing"

	"crier/reliable/topic"
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

// BenchmarkSendPartitions is BenchmarkSend with messages that take turns among partitions, and
// lone ones: the cost of a message must not grow with the number of partitions.
func BenchmarkSendPartitions(b *testing.B) {
	for _, partitions := range []int{1, 16, 256} {
		publish := func(b *testing.B, each func(*Sender)) {
			s, err := New(Config{Session: 1, Layout: topic.Layout{Partitions: partitions}})
			if err != nil {
				b.Fatal(err)
			}
			message := make([]byte, 64)
			b.ReportAllocs()
			for i := uint32(0); b.Loop(); i++ {
				st := s.Stream(i * 7 % uint32(partitions))
				if _, ok := st.Append(message); ok {
					continue
				}
				if _, err := st.Publish(0, message); err != nil {
					b.Fatal(err)
				}
				each(s)
			}
		}
		b.Run("flat/"+strconv.Itoa(partitions), func(b *testing.B) {
			publish(b, func(s *Sender) {
				for s.FullBatch() {
					if batch, ok := s.NextFull(0); ok {
						s.Sent(batch)
					}
				}
			})
		})
		b.Run("lone/"+strconv.Itoa(partitions), func(b *testing.B) {
			publish(b, func(s *Sender) {
				for batch, ok := s.Next(0); ok; batch, ok = s.Next(0) {
					s.Sent(batch)
				}
				s.Deadline(0)
			})
		})
	}
}
