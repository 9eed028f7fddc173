package multicast

import (
	"errors"
	"net"
	"sync"
	"testing"
)

// benchFrame is a datagram of the default frame size, and benchBatch as many of
// them as one offloaded write holds.
const (
	benchFrame = 1472
	benchBatch = 44
)

// BenchmarkWrite sends to a group on lo that one socket receives; an operation
// is a datagram.
func BenchmarkWrite(b *testing.B) {
	for _, c := range []struct {
		name    string
		batch   int
		noGSO   bool
		members int
	}{
		{"offload", benchBatch, false, 0},
		{"sendmmsg", benchBatch, true, 0},
		{"single", 1, true, 0},
		{"offload/member", benchBatch, false, 1},
		{"sendmmsg/member", benchBatch, true, 1},
		{"single/member", 1, true, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			group := newGroup(b, 200)
			for range c.members {
				drain(b, openTestGroup(b, GroupConfig{Group: group}))
			}
			w := openTestSocket(b, SocketConfig{Group: group, NoOffload: c.noGSO})
			data := segments(c.batch, benchFrame, benchFrame)
			b.ReportAllocs()
			for n := 0; n < b.N; n += c.batch {
				if _, err := w.Write(group, data, benchFrame); err != nil {
					b.Fatal(err)
				}
			}
			rate(b, b.N)
			if s := w.Stats(); s.SendErrors > 0 {
				b.Fatalf("%d send errors", s.SendErrors)
			}
		})
	}
}

// BenchmarkRead receives what another goroutine sends as fast as it can; an
// operation is a datagram that arrived.
func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name  string
		batch int
		noGSO bool
		frame int
	}{
		{"offload", benchBatch, false, benchFrame},
		{"offload/small", 128, false, 100},
		{"sendmmsg", benchBatch, true, benchFrame},
		{"single", 1, true, benchFrame},
	} {
		b.Run(c.name, func(b *testing.B) {
			group := newGroup(b, 201)
			r := openTestGroup(b, GroupConfig{Group: group})
			w := openTestSocket(b, SocketConfig{Group: group, NoOffload: c.noGSO})
			data := segments(c.batch, c.frame, c.frame)
			var wg sync.WaitGroup
			wg.Go(func() {
				for {
					if _, err := w.Write(group, data, c.frame); errors.Is(err, net.ErrClosed) {
						return
					}
				}
			})
			ps := make([]Packet, 256)
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				k, err := r.Read(ps)
				if err != nil {
					b.Fatal(err)
				}
				n += k
			}
			b.StopTimer()
			rate(b, b.N)
			w.Close()
			wg.Wait()
			s := r.Stats()
			b.ReportMetric(float64(s.Received)/float64(s.Reads), "datagrams/call")
			b.ReportMetric(float64(s.KernelDrops), "drops")
		})
	}
}

func rate(b *testing.B, datagrams int) {
	b.ReportMetric(float64(datagrams)/b.Elapsed().Seconds(), "datagrams/s")
}

// drain reads until the connection is closed.
func drain(b testing.TB, c Conn) {
	go func() {
		ps := make([]Packet, 256)
		for {
			if _, err := c.Read(ps); err != nil {
				return
			}
		}
	}()
}

// BenchmarkReadQueued receives what already waits in the socket, so that only
// the receiver's cost counts; an operation is a datagram.
func BenchmarkReadQueued(b *testing.B) {
	for _, c := range []struct {
		name  string
		noGSO bool
	}{{"offload", false}, {"single", true}} {
		b.Run(c.name, func(b *testing.B) {
			group := newGroup(b, 202)
			r := openTestGroup(b, GroupConfig{Group: group})
			w := openTestSocket(b, SocketConfig{Group: group, NoOffload: c.noGSO})
			data := segments(benchBatch, benchFrame, benchFrame)
			ps := make([]Packet, 256)
			b.ReportAllocs()
			b.StopTimer()
			done := 0
			for done < b.N {
				waiting := 0
				for range 3 {
					if _, err := w.Write(group, data, benchFrame); err != nil {
						b.Fatal(err)
					}
					waiting += benchBatch
				}
				b.StartTimer()
				for waiting > 0 {
					k, err := r.Read(ps)
					if err != nil {
						b.Fatal(err)
					}
					waiting -= k
					done += k
				}
				b.StopTimer()
			}
			rate(b, done)
		})
	}
}
