package publisher

import (
	"fmt"
	"strconv"
	"testing"

	"crier/multicast"
)

// BenchmarkPartitions is a producer flat out, whose messages of 64 bytes are spread over
// partitions: without a key, with one, and with a key and a header.
func BenchmarkPartitions(b *testing.B) {
	for _, partitions := range []int{1, 16, 256} {
		keys := make([][]byte, 4096)
		for i := range keys {
			keys[i] = fmt.Appendf(nil, "key%05d", i*7919%len(keys))
		}
		headers := []Header{{Name: "venue", Value: []byte("XLON")}}
		for name, message := range map[string]func(int) Message{
			"plain": func(int) Message { return Message{} },
			"to": func(i int) Message {
				return Message{To: ToPartition(uint32(i % partitions))}
			},
			"key": func(i int) Message { return Message{Key: keys[i%len(keys)]} },
			"header": func(i int) Message {
				return Message{Key: keys[i%len(keys)], Headers: headers}
			},
		} {
			b.Run(name+"/"+strconv.Itoa(partitions), func(b *testing.B) {
				p, err := New(Config{Topic: "bench.partitions", Partitions: partitions,
					NoAnnounce: true, Link: Link{Wait: multicast.WaitBlock}})
				if err != nil {
					b.Fatal(err)
				}
				payload, ctx := make([]byte, 64), b.Context()
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					m := message(i)
					m.Payload = payload
					if _, err := p.Send(ctx, m); err != nil {
						b.Fatal(err)
					}
				}
				if err := p.Flush(ctx); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				st := p.Stats()
				b.ReportMetric(float64(st.Datagrams)/float64(b.N), "datagrams/op")
				b.ReportMetric(float64(st.Datagrams)/float64(st.Socket.Writes), "datagrams/write")
				if err := p.Close(); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}
